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
  const [left, right] = [members(before, structure), members(after, structure)]
  const leaf = !(left || right) || (isBare(before) && isBare(after)) || !(left || isBare(before)) || !(right || isBare(after))
  if (leaf) {
    if (before === undefined) return ADDED
    if (after === undefined) return REMOVED
    return MODIFIED
  }
  const below = compareMembers(left ?? noMembers, right ?? noMembers, structure)
  if (before === undefined) return { ...below, added: union(below.added, MEMBER) }
  if (after === undefined) return { ...below, removed: union(below.removed, MEMBER) }
  return below
}

type Members = ReadonlyMap<string, Json>
const noMembers: Members = new Map()

function compareMembers(left: Members, right: Members, structure: Structure): Comparison {
  const added: [string, FieldSet][] = []
  const modified: [string, FieldSet][] = []
  const removed: [string, FieldSet][] = []
  const take = (element: string): void => {
    const [before, after] = [left.get(element), right.get(element)]
    if (before === after) return
    const found = compare(before, after, memberStructure(structure, element))
    if (found === SAME) return
    if (!isEmpty(found.added)) added.push([element, found.added])
    if (!isEmpty(found.modified)) modified.push([element, found.modified])
    if (!isEmpty(found.removed)) removed.push([element, found.removed])
  }
  for (const element of left.keys()) take(element)
  for (const element of right.keys()) if (!left.has(element)) take(element)
  if (added.length + modified.length + removed.length === 0) return SAME
  return { added: setOf(false, added), modified: setOf(false, modified), removed: setOf(false, removed) }
}

/** By path element; undefined for what is no container in this structure. Of elements that share a key the first counts. */
function members(value: Json | undefined, structure: Structure): Members | undefined {
  const found = new Map<string, Json>()
  if (isObject(value) && isGranular(structure)) {
    for (const key of Object.keys(value)) found.set(`f:${key}`, value[key] ?? null)
    return found
  }
  if (!isList(value) || !isAssociative(structure)) return undefined
  for (const [i, element] of value.entries()) {
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

export function memberStructure(structure: Structure, element: string): Structure {
  if (isGranular(structure)) return fieldStructure(structure, element.slice(2))
  return isAssociative(structure) ? elementStructure(structure) : LEAF
}

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
