// Who owns which fields of an object, as `metadata.managedFields` tells: one entry for each manager, operation, subresource and,
// for updates, version.
import { semanticallyEqual } from '../equality.ts'
import type { KubeObject } from '../object.ts'
import type { ManagedFieldsEntry } from '../schema/kinds/meta-v1.ts'
import { parseTime } from '../time.ts'
import { equalSets, type FieldSet, fieldsV1Of, isEmpty, parseFieldSet, union } from './field-set.ts'

export interface Ownership {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly fields: FieldSet
}

/** Entries of more updaters are put together, the oldest first, so that one object cannot grow with the number of its writers. */
const MAX_UPDATERS = 10
const OLDEST_CHANGES = 'ancient-changes'

/** Undefined if one entry is not as it should be: then none counts. */
export function readManagedFields(object: KubeObject | undefined): readonly Ownership[] | undefined {
  const found: Ownership[] = []
  for (const entry of object?.metadata.managedFields ?? []) {
    const { manager = '', operation, apiVersion, subresource = '', fieldsType, fieldsV1, time } = entry
    const fields = parseFieldSet(fieldsV1 ?? {})
    if ((operation !== 'Apply' && operation !== 'Update') || !apiVersion || fieldsType !== 'FieldsV1' || !fields) return undefined
    found.push({ manager, operation, apiVersion, subresource, time: time ?? undefined, fields })
  }
  return found
}

export const isSameManager = (a: Omit<Ownership, 'fields' | 'time'>, b: Omit<Ownership, 'fields' | 'time'>): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion)

/** The object with these owners in place of those that it names. */
export function withManagedFields(object: KubeObject, owners: readonly Ownership[]): KubeObject {
  const { managedFields, ...metadata } = object.metadata
  const entries = owners.filter(({ fields }) => !isEmpty(fields))
  if (entries.length === 0) return managedFields === undefined ? object : { ...object, metadata }
  return { ...object, metadata: { ...metadata, managedFields: capped(entries).sort(inOrder).map(entryOf) } }
}

function entryOf({ manager, operation, apiVersion, subresource, time, fields }: Ownership): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1Of(fields),
    ...(subresource === '' ? {} : { subresource }),
  } as ManagedFieldsEntry
}

const secondsOf = ({ time }: Ownership): number => (time === undefined ? 0 : (parseTime(time) ?? 0))
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const inOrder = (a: Ownership, b: Ownership): number =>
  byText(a.operation, b.operation) ||
  secondsOf(a) - secondsOf(b) ||
  byText(a.manager, b.manager) ||
  byText(a.apiVersion, b.apiVersion) ||
  byText(a.subresource, b.subresource)

/** Of each version the oldest updaters become one. */
function capped(owners: readonly Ownership[]): Ownership[] {
  const updaters = owners.filter(({ operation }) => operation === 'Update')
  if (updaters.length <= MAX_UPDATERS) return [...owners]
  const oldest = updaters.toSorted((a, b) => secondsOf(a) - secondsOf(b) || byText(a.manager, b.manager))
  const kept = new Set(owners)
  const buckets = new Map<string, Ownership>()
  let count = updaters.length
  for (const owner of oldest) {
    if (count <= MAX_UPDATERS) break
    const bucket = buckets.get(owner.apiVersion)
    kept.delete(owner)
    if (bucket) {
      kept.delete(bucket)
      count -= 1
    }
    const merged = bucket
      ? { ...owner, manager: OLDEST_CHANGES, subresource: '', fields: union(owner.fields, bucket.fields) }
      : owner
    buckets.set(owner.apiVersion, merged)
    kept.add(merged)
  }
  return [...kept]
}

/**
 * `before` if `after` differs from it in nothing but the times of owners, which would otherwise make a write of every update
 * that changes nothing; `after` as it is if something else differs.
 */
export function withFormerTimes(before: KubeObject, after: KubeObject): KubeObject {
  const [former, latter] = [before.metadata.managedFields ?? [], after.metadata.managedFields ?? []]
  if (former.length !== latter.length) return after
  const [old, now] = [readManagedFields(before), readManagedFields(after)]
  if (!old?.every((owner) => now?.some((other) => isSameManager(owner, other) && isSameSet(owner, other)))) return after
  return semanticallyEqual(before, { ...after, metadata: { ...after.metadata, managedFields: former } }) ? before : after
}

const isSameSet = (a: Ownership, b: Ownership): boolean => a.apiVersion === b.apiVersion && equalSets(a.fields, b.fields)
