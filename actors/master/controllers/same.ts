// Equality and difference of objects as JSON sees them: absent and undefined are the same, the order of keys is not.
import type { Json } from '../../../model/object.ts'

type Tree = Readonly<Record<string, unknown>>

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => same(item, b[at]))
  if (!isTree(a) || !isTree(b)) return false
  for (const key in a) if (!same(a[key], b[key])) return false
  for (const key in b) if (b[key] !== undefined && a[key] === undefined) return false
  return true
}

/** The merge patch of the first level that leads from one to the other; undefined when they are the same. */
export function difference(before: object = {}, after: object): { readonly [key: string]: Json } | undefined {
  const from = before as Tree
  const to = after as Tree
  const changes: Record<string, Json> = {}
  for (const key in to) if (to[key] !== undefined && !same(from[key], to[key])) changes[key] = to[key] as Json
  for (const key in from) if (from[key] !== undefined && to[key] === undefined) changes[key] = null
  return Object.keys(changes).length === 0 ? undefined : changes
}
