// Sets of fields as managed fields keep them (structured-merge-diff's fieldpath.Set): a tree whose edges are path elements in
// their written form, `f:spec`, `k:{"name":"a"}`, `v:"x"`, `i:0`. Sets are never changed once they are made.
import { setOwn } from '../codec/json.ts'
import type { Json, JsonObject } from '../object.ts'
import { isObject } from './members.ts'

export interface FieldSet {
  /** Whether the path that leads here is itself in the set. */
  readonly member: boolean
  readonly children: ReadonlyMap<string, FieldSet>
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map()
export const EMPTY: FieldSet = { member: false, children: noChildren }
export const MEMBER: FieldSet = { member: true, children: noChildren }

export const isEmpty = ({ member, children }: FieldSet): boolean => !member && children.size === 0

/** Collects children and leaves out empty ones. */
export function setOf(member: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  const kept = new Map<string, FieldSet>()
  for (const [element, child] of children) if (!isEmpty(child)) kept.set(element, child)
  if (kept.size === 0) return member ? MEMBER : EMPTY
  return { member, children: kept }
}

/** `a` itself where `b` adds nothing, so that what did not change is not written again. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b) || a === b) return a
  if (isEmpty(a)) return b
  let children: Map<string, FieldSet> | undefined
  for (const [element, child] of b.children) {
    const mine = a.children.get(element)
    const both = mine ? union(mine, child) : child
    if (both === mine) continue
    children ??= new Map(a.children)
    children.set(element, both)
  }
  const member = a.member || b.member
  return children || member !== a.member ? { member, children: children ?? a.children } : a
}

/** Exactly the paths of `b` are taken out, not what is below them; `a` itself where there are none. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a
  let children: Map<string, FieldSet> | undefined
  for (const [element, child] of b.children) {
    const mine = a.children.get(element)
    const rest = mine && difference(mine, child)
    if (rest === undefined || rest === mine) continue
    children ??= new Map(a.children)
    if (isEmpty(rest)) children.delete(element)
    else children.set(element, rest)
  }
  const member = a.member && !b.member
  return children || member !== a.member ? { member, children: children ?? a.children } : a
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return EMPTY
  return setOf(
    a.member && b.member,
    [...a.children].map(([element, child]) => [element, intersection(child, b.children.get(element) ?? EMPTY)] as const),
  )
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  if (a.member !== b.member || a.children.size !== b.children.size) return false
  for (const [element, child] of a.children) if (!equalSets(child, b.children.get(element) ?? EMPTY)) return false
  return true
}

/** The paths in the set, as Kubernetes prints them: `.spec.containers[name="a"].image`. */
export function printedPaths(set: FieldSet, prefix = ''): string[] {
  const children = [...set.children].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const below = children.flatMap(([element, child]) => printedPaths(child, prefix + printedElement(element)))
  return set.member ? [prefix, ...below] : below
}

/** `k:{"name":"a"}` → `[name="a"]`, `v:"x"` → `[="x"]` */
export function printedElement(element: string): string {
  const written = element.slice(2)
  if (element.startsWith('f:')) return `.${written}`
  if (element.startsWith('v:')) return `[=${written}]`
  if (element.startsWith('i:')) return `[${written}]`
  const keys = Object.entries(JSON.parse(written) as JsonObject).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return `[${keys.join(',')}]`
}

const parsed = new WeakMap<object, FieldSet>()

/** Undefined for what is not written as a set. Stored sets are frozen, so that each is read once. */
export function parseFieldSet(fieldsV1: unknown): FieldSet | undefined {
  if (!isObject(fieldsV1)) return undefined
  const known = parsed.get(fieldsV1)
  if (known) return known
  const set = parseNode(fieldsV1, true)
  if (set) {
    parsed.set(fieldsV1, set)
    written.set(set, fieldsV1)
  }
  return set
}

function parseNode(node: Json, root: boolean): FieldSet | undefined {
  if (!isObject(node)) return undefined
  const names = Object.keys(node)
  if (names.length === 0) return root ? EMPTY : MEMBER
  const children: [string, FieldSet][] = []
  for (const name of names) {
    if (name === '.') continue
    const child = /^(?:f:|v:|i:|k:\{)/.test(name) ? parseNode(node[name] ?? null, false) : undefined
    if (!child) return undefined
    children.push([name, child])
  }
  return setOf(!root && names.includes('.'), children)
}

const written = new WeakMap<FieldSet, JsonObject>()

/** The same object for the same set: most owners of an object are not touched by a write. */
export function fieldsV1Of(set: FieldSet): JsonObject {
  const known = written.get(set)
  if (known) return known
  const node = writeNode(set)
  written.set(set, node)
  parsed.set(node, set)
  return node
}

function writeNode(set: FieldSet): JsonObject {
  const node: Record<string, Json> = {}
  if (set.member && set.children.size > 0) node['.'] = {}
  for (const [element, child] of set.children) setOwn(node, element, writeNode(child))
  return node
}
