// Label selectors, as text (`app=web,tier in (a,b),!old`) and as objects carry them, compiled to one predicate over labels.
import { invalidValue, Path } from './field.ts'
import { isLabelValue, isQualifiedName } from './names.ts'
import type { LabelSelector } from './schema/kinds/meta-v1.ts'

export type Labels = Readonly<Record<string, string>>

type Operator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!'

interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: readonly string[]
}

export type LabelPredicate = (labels: Labels | undefined) => boolean

/** What is wrong with a selector, in Kubernetes' words: the message of a 400. */
export class SelectorError extends Error {}

export const everything: LabelPredicate = () => true
export const nothing: LabelPredicate = () => false

/** Throws SelectorError. The empty text selects everything. */
export function parseLabelSelector(text: string): LabelPredicate {
  return compile(parseRequirements(text))
}

/** An absent selector selects nothing, an empty one everything. Throws SelectorError for an operator that does not exist. */
export function labelSelectorPredicate(selector: LabelSelector | null | undefined): LabelPredicate {
  return selector ? compile(requirementsOf(selector)) : nothing
}

/** The selectors of Services and replication controllers: every label as given. */
export const labelSetPredicate = (wanted: Labels): LabelPredicate =>
  compile(Object.entries(wanted).map(([key, value]) => ({ key, operator: '=', values: [value] })))

/** As the `scale` subresource and kubectl print a selector: `app=a,tier in (x,y),!old`. */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  if (!selector) return '<none>'
  return requirementsOf(selector)
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key
      if (operator === '!') return `!${key}`
      if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${values.toSorted().join(',')})`
      return `${key}${operator}${values[0] ?? ''}`
    })
    .join(',')
}

const objectOperators: Readonly<Record<string, Operator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

function requirementsOf({ matchLabels, matchExpressions }: LabelSelector): Requirement[] {
  const requirements: Requirement[] = Object.entries(matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: '=',
    values: [value],
  }))
  for (const { key, operator, values } of matchExpressions ?? []) {
    const known = objectOperators[operator]
    if (known === undefined) throw new SelectorError(`"${operator}" is not a valid label selector operator`)
    requirements.push({ key, operator: known, values: values ?? [] })
  }
  return requirements
}

/** A label is a text of its own: what an object inherits (`constructor`) is none. */
function labelOf(labels: Labels | undefined, key: string): string | undefined {
  const value = labels?.[key]
  return typeof value === 'string' ? value : undefined
}

function compile(requirements: readonly Requirement[]): LabelPredicate {
  const [only, second] = requirements.map(compileOne)
  if (only === undefined) return everything
  if (second === undefined) return only
  const all = requirements.map(compileOne)
  return (labels) => {
    for (const predicate of all) if (!predicate(labels)) return false
    return true
  }
}

function compileOne({ key, operator, values }: Requirement): LabelPredicate {
  const [single = ''] = values
  const set = new Set(values)
  switch (operator) {
    case '=':
    case '==':
      return (labels) => labelOf(labels, key) === single
    case '!=':
      return (labels) => labelOf(labels, key) !== single
    case 'in':
      return (labels) => set.has(labelOf(labels, key) ?? '') && labelOf(labels, key) !== undefined
    case 'notin':
      return (labels) => labelOf(labels, key) === undefined || !set.has(labelOf(labels, key) ?? '')
    case 'exists':
      return (labels) => labelOf(labels, key) !== undefined
    case '!':
      return (labels) => labelOf(labels, key) === undefined
    case 'gt':
      return (labels) => integer(labelOf(labels, key)) > BigInt(single)
    case 'lt':
      return (labels) => integer(labelOf(labels, key)) < BigInt(single)
  }
}

/** Compares false both ways for what is no integer. */
const integer = (text: string | undefined): bigint | number =>
  text !== undefined && /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : Number.NaN

// The grammar and the words of its errors are those of apimachinery's labels.Parse.

type Token = 'identifier' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '>' | '<' | '(' | ')' | ',' | 'end'

interface Lexeme {
  readonly token: Token
  readonly text: string
}

const SYMBOLS: ReadonlySet<string> = new Set(['=', '==', '!=', '!', '>', '<', '(', ')', ','])
const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt'

function tokenize(text: string): Lexeme[] {
  const lexemes: Lexeme[] = []
  for (const [word] of text.matchAll(/==|!=|[=!><(),]|[^=!><(),\s]+/g)) {
    const keyword = word === 'in' || word === 'notin' || SYMBOLS.has(word)
    lexemes.push({ token: keyword ? (word as Token) : 'identifier', text: word })
  }
  return lexemes
}

function parseRequirements(text: string): Requirement[] {
  const lexemes = tokenize(text)
  let position = 0
  const at = (i: number): Lexeme => lexemes[i] ?? { token: 'end', text: '' }
  /** Where a key or value is expected, `in` and `notin` are names like others. */
  const asValue = ({ token, text }: Lexeme): Lexeme => ({
    token: token === 'in' || token === 'notin' ? 'identifier' : token,
    text,
  })
  const look = (): Lexeme => asValue(at(position))
  const take = (): Lexeme => asValue(at(position++))

  function requirement(): Requirement {
    let first = take()
    const negated = first.token === '!'
    if (negated) first = take()
    if (first.token !== 'identifier') throw expected(first, 'identifier')
    const key = first.text
    checkKey(key)
    const next = look().token
    if (negated || next === 'end' || next === ',') return { key, operator: negated ? '!' : 'exists', values: [] }
    const operator = parseOperator()
    const values = operator === 'in' || operator === 'notin' ? set() : [exactValue()]
    checkValues(key, operator, values)
    return { key, operator, values }
  }

  function parseOperator(): Operator {
    const { token, text } = at(position++)
    if (token === '>') return 'gt'
    if (token === '<') return 'lt'
    if (token === 'in' || token === 'notin' || token === '=' || token === '==' || token === '!=') return token
    throw expected({ token, text }, BINARY_OPERATORS)
  }

  function exactValue(): string {
    const next = look()
    if (next.token === 'end' || next.token === ',') return ''
    const value = take()
    if (value.token !== 'identifier') throw expected(value, 'identifier')
    return value.text
  }

  function set(): string[] {
    const open = take()
    if (open.token !== '(') throw new SelectorError(`unable to parse requirement: found '${open.text}' expected: '('`)
    const first = look()
    if (first.token === ')') {
      take()
      return []
    }
    if (first.token !== 'identifier' && first.token !== ',') throw expected(first, "',', ')' or identifier")
    const values = new Set<string>()
    for (;;) {
      const element = look()
      if (element.token === 'identifier') values.add(take().text)
      else if (element.token === ',' || element.token === ')') values.add('')
      else throw expected(element, "',', or identifier")
      const separator = take()
      if (separator.token === ')') return [...values]
      if (separator.token !== ',') throw expected(separator, "',' or ')'")
    }
  }

  const requirements: Requirement[] = []
  for (;;) {
    const first = look()
    if (first.token === 'end') return requirements
    if (first.token !== 'identifier' && first.token !== '!') throw misplaced(first, "!, identifier, or 'end of string'")
    requirements.push(requirement())
    const next = take()
    if (next.token === 'end') return requirements
    if (next.token !== ',') throw misplaced(next, "',' or 'end of string'")
    const after = look()
    if (after.token !== 'identifier' && after.token !== '!') throw misplaced(after, "identifier after ','")
  }
}

const misplaced = ({ text }: Lexeme, what: string): SelectorError => new SelectorError(`found '${text}', expected: ${what}`)
const expected = ({ text }: Lexeme, what: string): SelectorError =>
  new SelectorError(`unable to parse requirement: found '${text}', expected: ${what}`)

function checkKey(key: string): void {
  const wrong = isQualifiedName(key)
  if (wrong.length > 0) throw unusable(Path.of('<nil>'), key, wrong.join('; '))
}

function checkValues(key: string, operator: Operator, values: readonly string[]): void {
  const path = Path.of('values')
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    throw unusable(path, [], "for 'in', 'notin' operators, values set can't be empty")
  }
  for (const [i, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && !/^[+-]?\d+$/.test(value)) {
      throw unusable(path.at(i), value, "for 'Gt', 'Lt' operators, the value must be an integer")
    }
    const wrong = isLabelValue(value)
    if (wrong.length > 0) throw unusable(path.at(i).at(key), value, wrong.join('; '))
  }
}

function unusable(path: Path, value: unknown, words: string): SelectorError {
  const { field, detail } = invalidValue(path, value, words)
  return new SelectorError(`unable to parse requirement: ${field}: ${detail}`)
}
