// Who owns what after an update: the writer gets what it changed, and whoever owned that has lost it.
import type { KubeObject } from '../object.ts'
import { formatTime } from '../time.ts'
import { difference, isEmpty, union } from './field-set.ts'
import { isSameManager, type Ownership, readManagedFields, withManagedFields } from './managed-fields.ts'
import { changed } from './typed-fields.ts'
import { blankObject, comparing } from './versions.ts'

export interface Update {
  /** Undefined for a new object. */
  readonly before: KubeObject | undefined
  /**
   * With defaults, before admission. Its own `managedFields` count if they can be read, except at a subresource; an empty
   * list, or one empty entry, makes the object one whose fields nobody owns.
   */
  readonly after: KubeObject
  readonly manager: string
  /** The version in which the request names fields. */
  readonly apiVersion: string
  readonly subresource?: string
  readonly nowMs: number
}

/** The object after the update with its `managedFields`. Never fails: what cannot be told is not told. */
export function updateManagedFields({ before, after, manager, apiVersion, subresource = '', nowMs }: Update): KubeObject {
  const owners = ownersBefore(before, after, subresource)
  if (owners.length === 0 && before !== undefined) return withManagedFields(after, [])
  const former = before ?? blankObject(after.apiVersion, after.kind)
  return withManagedFields(after, ownersAfter(former, after, owners, { manager, apiVersion, subresource, nowMs }))
}

function ownersBefore(before: KubeObject | undefined, after: KubeObject, subresource: string): readonly Ownership[] {
  const given = after.metadata.managedFields
  if (subresource === '' && given !== undefined) {
    if (given.length === 0 || (given.length === 1 && Object.keys(given[0] ?? {}).length === 0)) return []
    const owners = readManagedFields(after)
    if (owners && owners.length > 0) return owners
  }
  return readManagedFields(before) ?? []
}

export function ownersAfter(
  before: KubeObject,
  after: KubeObject,
  owners: readonly Ownership[],
  { manager, apiVersion, subresource, nowMs }: Pick<Update, 'manager' | 'apiVersion' | 'nowMs'> & { subresource: string },
): readonly Ownership[] {
  const compareIn = comparing(before, after, subresource)
  const whole = compareIn(apiVersion)
  if (!whole) return owners
  const taken = changed(whole)
  const kept: Ownership[] = []
  const self = { manager: manager || 'unknown', operation: 'Update', apiVersion, subresource } as const
  let own: Ownership = { ...self, time: formatTime(nowMs), fields: taken }
  for (const owner of owners) {
    const found = compareIn(owner.apiVersion)
    if (!found) continue
    const present = difference(owner.fields, found.removed)
    if (isSameManager(owner, self)) {
      own = { ...own, fields: union(present, taken), time: isEmpty(taken) ? owner.time : own.time }
    } else {
      kept.push({ ...owner, fields: difference(present, changed(found)) })
    }
  }
  return isEmpty(own.fields) ? kept : [...kept, own]
}
