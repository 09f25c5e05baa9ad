// What a writer must change to get from the fields that stand to the fields that it wants.
import { semanticallyEqual } from '../../../model/equality.ts'
import type { Json } from '../../../model/object.ts'

type Fields = Readonly<Record<string, unknown>>

/** The merge patch of the first level that leads from one to the other; undefined when they say the same. */
export function difference(before: object = {}, after: object): { readonly [key: string]: Json } | undefined {
  const from = before as Fields
  const to = after as Fields
  const changes: Record<string, Json> = {}
  for (const key in to) if (to[key] !== undefined && !semanticallyEqual(from[key], to[key])) changes[key] = to[key] as Json
  for (const key in from) if (from[key] !== undefined && to[key] === undefined) changes[key] = null
  return Object.keys(changes).length === 0 ? undefined : changes
}
