// Which fields a value has and in which two values differ, in the paths that managed fields are written in.
import { equalJson } from '../equality.ts'
import type { Json, JsonObject } from '../object.ts'
import { EMPTY, type FieldSet, isEmpty, MEMBER, setOf, union } from './field-set.ts'
import { isList, isObject, memberOf } from './members.ts'
import type { Structure } from './structure.ts'

/** All that somebody who applies `value` owns. */
export function fieldsOf(value: Json, structure: Structure): FieldSet {
  if (structure.form === 'unowned') return EMPTY
  if (isObject(value) && isGranular(structure)) {
    return setOf(
      false,
      Object.keys(value).map((key) => {
        const member = value[key] ?? null
        const below = fieldStructure(structure, key)
        const inside = fieldsOf(member, below)
        const itself = below.form !== 'unowned' && (structure.form === 'map' || isNothing(member))
        return [`f:${key}`, itself ? union(inside, MEMBER) : inside] as const
      }),
    )
  }
  if (isList(value) && isAssociative(structure)) {
    return setOf(
      false,
      value.map((element, i) => [
        elementOf(element, i, structure),
        union(fieldsOf(element, elementStructure(structure)), MEMBER),
      ]),
    )
  }
  // Of a struct, map or list that is null only the null is owned, and whoever holds it adds that.
  return value === null && structure.form !== 'leaf' ? EMPTY : MEMBER
}

const isNothing = (value: Json): boolean => value === null || (isObject(value) && Object.keys(value).length === 0)

export interface Comparison {
  readonly added: FieldSet
  readonly modified: FieldSet
  readonly removed: FieldSet
}

export const changed = ({ added, modified }: Comparison): FieldSet => union(added, modified)

const SAME: Comparison = { added: EMPTY, modified: EMPTY, removed: EMPTY }
const ADDED: Comparison = { ...SAME, added: MEMBER }
const MODIFIED: Comparison = { ...SAME, modified: MEMBER }
const REMOVED: Comparison = { ...SAME, removed: MEMBER }

export function compare(before: Json | undefined, after: Json | undefined, structure: Structure): Comparison {
  // Most of an object is as it was, and told so without a path.
  if (structure.form === 'unowned' || before === after || equalJson(before, after)) return SAME
  const [left, right] = [contains(before, structure), contains(after, structure)]
  if (!(left || right) || !(left || isBare(before)) || !(right || isBare(after)) || (isBare(before) && isBare(after))) {
    if (before === undefined) return ADDED
    return after === undefined ? REMOVED : MODIFIED
  }
  const below = isGranular(structure)
    ? compareObjects(objectOr(before), objectOr(after), structure)
    : compareLists(before, after, structure)
  if (before === undefined) return { ...below, added: union(below.added, MEMBER) }
  if (after === undefined) return { ...below, removed: union(below.removed, MEMBER) }
  return below
}

const contains = (value: Json | undefined, structure: Structure): boolean =>
  isGranular(structure) ? isObject(value) : isAssociative(structure) && isList(value)

const nothing: JsonObject = {}
const objectOr = (value: Json | undefined): JsonObject => (isObject(value) ? value : nothing)

class Found {
  readonly #added: [string, FieldSet][] = []
  readonly #modified: [string, FieldSet][] = []
  readonly #removed: [string, FieldSet][] = []

  take(element: string, { added, modified, removed }: Comparison): void {
    if (!isEmpty(added)) this.#added.push([element, added])
    if (!isEmpty(modified)) this.#modified.push([element, modified])
    if (!isEmpty(removed)) this.#removed.push([element, removed])
  }

  result(): Comparison {
    return { added: setOf(false, this.#added), modified: setOf(false, this.#modified), removed: setOf(false, this.#removed) }
  }
}

function compareObjects(before: JsonObject, after: JsonObject, structure: Granular): Comparison {
  const found = new Found()
  const take = (key: string): void => {
    const below = compare(memberOf(before, key), memberOf(after, key), fieldStructure(structure, key))
    if (below !== SAME) found.take(`f:${key}`, below)
  }
  for (const key of Object.keys(before)) take(key)
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) take(key)
  return found.result()
}

function compareLists(before: Json | undefined, after: Json | undefined, structure: Structure): Comparison {
  const found = new Found()
  if (!isAssociative(structure)) return found.result()
  const [left, right] = [elementsOf(before, structure), elementsOf(after, structure)]
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    const below = compare(left.get(element), right.get(element), elementStructure(structure))
    if (below !== SAME) found.take(element, below)
  }
  return found.result()
}

/** By path element. Of elements that share a key the first counts. */
function elementsOf(list: Json | undefined, structure: Associative): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>()
  for (const [i, element] of isList(list) ? list.entries() : []) {
    const name = elementOf(element, i, structure)
    if (!found.has(name)) found.set(name, element)
  }
  return found
}

/** Nothing there, or nothing in it: an empty container and null are told apart, as leaves are. */
const isBare = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (isList(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0)

type Granular = Extract<Structure, { form: 'struct' | 'map' | 'any' }>
type Associative = Extract<Structure, { form: 'set' | 'keyed' }>

export const isGranular = (structure: Structure): structure is Granular =>
  structure.form === 'struct' || structure.form === 'map' || structure.form === 'any'

export const isAssociative = (structure: Structure): structure is Associative =>
  structure.form === 'set' || structure.form === 'keyed'

const LEAF: Structure = { form: 'leaf' }

export function fieldStructure(structure: Granular, key: string): Structure {
  if (structure.form === 'map') return structure.of
  return structure.form === 'any' ? structure : (structure.field(key) ?? LEAF)
}

export const elementStructure = (structure: Associative): Structure => (structure.form === 'keyed' ? structure.of : LEAF)

/** `k:{"containerPort":80,"protocol":"TCP"}`; by its place an element that lacks a key. */
export function elementOf(element: Json, i: number, structure: Associative): string {
  if (structure.form === 'set') return `v:${JSON.stringify(element)}`
  const values: Record<string, unknown> = {}
  for (const { name, default: fallback } of structure.keys) {
    const value = (isObject(element) ? memberOf(element as JsonObject, name) : undefined) ?? fallback
    if (value === undefined || value === null) return `i:${i}`
    values[name] = value
  }
  return `k:${JSON.stringify(values)}`
}
