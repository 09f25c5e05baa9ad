// Label selectors, as text (`app=web,tier in (a,b),!old`), as objects carry them (metav1.LabelSelector) and as a plain set of
// labels, compiled to one predicate.

import type { LabelSelector } from './schema/kinds/meta-v1.ts'
import { SelectorError } from './selector-error.ts'
import { type LabelOperator, parseRequirements, type Requirement } from './selector-text.ts'

export type Labels = Readonly<Record<string, string>>

export interface Selector {
  matches(labels: Labels | null | undefined): boolean
  /** Selects everything. */
  readonly empty: boolean
  /** As the `scale` subresource and kubectl print it, in the order of the keys: `app=a,!old,tier in (x,y)`. */
  toString(): string
}

export type ParsedSelector = { readonly ok: true; readonly selector: Selector } | { readonly ok: false; readonly message: string }

/** The message is that of the 400. The empty text selects everything. */
export function parseLabelSelector(text: string): ParsedSelector {
  try {
    return { ok: true, selector: new Requirements(parseRequirements(text)) }
  } catch (error) {
    if (error instanceof SelectorError) return { ok: false, message: error.message }
    throw error
  }
}

/** An absent selector selects nothing, an empty one everything; an operator that does not exist nothing. */
export function selectorOf(selector: LabelSelector | null | undefined): Selector {
  if (!selector) return nothing
  const requirements = Object.entries(selector.matchLabels ?? {}).map(equality)
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(objectOperators, operator) ? objectOperators[operator] : undefined
    if (known === undefined) return nothing
    requirements.push({ key, operator: known, values: values ?? [] })
  }
  return new Requirements(requirements)
}

/** The selectors of Services and replication controllers: every label as given. An absent or empty one selects nothing. */
export function selectorOfMap(wanted: Labels | null | undefined): Selector {
  const requirements = Object.entries(wanted ?? {}).map(equality)
  return requirements.length === 0 ? nothing : new Requirements(requirements)
}

const equality = ([key, value]: readonly [string, string]): Requirement => ({ key, operator: '=', values: [value] })

const objectOperators: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

const nothing: Selector = { matches: () => false, empty: false, toString: () => '' }

class Requirements implements Selector {
  readonly empty: boolean
  readonly #requirements: readonly Requirement[]
  readonly #tests: readonly ((labels: Labels | null | undefined) => boolean)[]

  constructor(requirements: readonly Requirement[]) {
    this.#requirements = requirements
    this.#tests = requirements.map(compile)
    this.empty = requirements.length === 0
  }

  matches(labels: Labels | null | undefined): boolean {
    for (const test of this.#tests) if (!test(labels)) return false
    return true
  }

  toString(): string {
    return this.#requirements
      .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(printed)
      .join(',')
  }
}

function printed({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.toSorted().join(',')})`
    default:
      return `${key}${signs[operator] ?? operator}${values[0] ?? ''}`
  }
}

const signs: Readonly<Record<string, string>> = { gt: '>', lt: '<' }

/** A label is a text of its own: what an object inherits (`constructor`) is none. */
function labelOf(labels: Labels | null | undefined, key: string): string | undefined {
  const value = labels?.[key]
  return typeof value === 'string' ? value : undefined
}

function compile({ key, operator, values }: Requirement): (labels: Labels | null | undefined) => boolean {
  const [single = ''] = values
  switch (operator) {
    case '=':
    case '==':
      return (labels) => labelOf(labels, key) === single
    case '!=':
      return (labels) => labelOf(labels, key) !== single
    case 'in': {
      const set = new Set(values)
      return (labels) => {
        const value = labelOf(labels, key)
        return value !== undefined && set.has(value)
      }
    }
    case 'notin': {
      const set = new Set(values)
      return (labels) => {
        const value = labelOf(labels, key)
        return value === undefined || !set.has(value)
      }
    }
    case 'exists':
      return (labels) => labelOf(labels, key) !== undefined
    case '!':
      return (labels) => labelOf(labels, key) === undefined
    case 'gt': {
      const bound = integer(single)
      return (labels) => integer(labelOf(labels, key)) > bound
    }
    case 'lt': {
      const bound = integer(single)
      return (labels) => integer(labelOf(labels, key)) < bound
    }
  }
}

/** Compares false both ways for what is no integer. */
const integer = (text: string | undefined): bigint | number =>
  text !== undefined && /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : Number.NaN
