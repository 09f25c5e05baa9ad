// Server-side apply: what a manager wants of an object laid over what is there, refused where others own other values, and
// without what the manager wanted last time and nobody wants any more.
import { equalJson } from '../equality.ts'
import { type Json, type JsonObject, type KubeObject, parseApiVersion } from '../object.ts'
import { badRequest, failure, type Status } from '../status.ts'
import { formatTime } from '../time.ts'
import { overlay, without, withStructs } from './apply-merge.ts'
import { configFaults } from './config-faults.ts'
import { difference, EMPTY, type FieldSet, intersection, isEmpty, MEMBER, printedPaths, setOf, union } from './field-set.ts'
import { KUBECTL, lastAppliedFields, withLastApplied } from './last-applied.ts'
import { isSameManager, type Ownership, readManagedFields, withManagedFields } from './managed-fields.ts'
import { isObject } from './members.ts'
import { ownersAfter } from './ownership.ts'
import type { Structure } from './structure.ts'
import { changed, fieldsOf } from './typed-fields.ts'
import { blankObject, comparing, jsonOf, structureOf } from './versions.ts'

export interface Application {
  /** In the version of the request; undefined if there is no such object yet. */
  readonly live: KubeObject | undefined
  /** As the client sent it, without defaults. */
  readonly config: Json
  readonly manager: string
  readonly force: boolean
  /** Of the request. */
  readonly apiVersion: string
  readonly kind: string
  readonly subresource?: string
  readonly nowMs: number
}

/** The object has yet to be decoded as its kind and to get its defaults; its `managedFields` are done. */
export type Applied = { readonly ok: true; readonly object: KubeObject } | { readonly ok: false; readonly status: Status }

export function serverSideApply(application: Application): Applied {
  const { apiVersion, kind, config, subresource = '' } = application
  const structure = structureOf(apiVersion, kind, subresource)
  if (!isObject(config) || !structure)
    return { ok: false, status: badRequest('error decoding YAML: the patch must be an object') }
  const wrong = faultOf(config, structure, application)
  if (wrong) return { ok: false, status: wrong }
  return applied(config, structure, application)
}

/** Nobody owns it, and it cannot go. */
const METADATA = setOf(false, [['f:metadata', MEMBER]])

function applied(config: JsonObject, structure: Structure, application: Application): Applied {
  const { live, manager, force, apiVersion, kind, subresource = '', nowMs } = application
  const base = live ?? blankObject(apiVersion, kind)
  const self = { manager, operation: 'Apply', apiVersion, subresource } as const
  const owners = live ? ownersBeforeApply(live, application) : []
  const last = owners.find((owner) => isSameManager(owner, self))
  const others = owners.filter((owner) => owner !== last)
  const wanted = fieldsOf(config, structure)

  const laidOver = overlay(jsonOf(base), config, structure) ?? null
  const everybody = others.reduce((all, { fields }) => union(all, fields), union(wanted, METADATA))
  const givenUp = last ? difference(withStructs(last.fields, structure), withStructs(everybody, structure)) : EMPTY
  const result = (isEmpty(givenUp) ? laidOver : without(laidOver, givenUp, structure)) as unknown as KubeObject

  const compareIn = comparing(base, result, subresource)
  const conflicts: Conflict[] = []
  const kept: Ownership[] = []
  for (const owner of others) {
    const found = compareIn(owner.apiVersion)
    if (!found) continue
    const lost = intersection(owner.fields, changed(found))
    if (!isEmpty(lost)) conflicts.push({ owner, fields: lost })
    kept.push({ ...owner, fields: difference(difference(owner.fields, lost), found.removed) })
  }
  if (!force && conflicts.length > 0) {
    const rest = manager === KUBECTL ? unexpected(conflicts, live, structure, apiVersion) : conflicts
    if (rest.length > 0) return { ok: false, status: conflictStatus(rest) }
  }

  // An apply that changes no value leaves no time either, also where it makes its manager an owner.
  const time = live && equalJson(live, result) ? last?.time : formatTime(nowMs)
  const object = withManagedFields(result, [...kept, { ...self, time, fields: wanted }])
  return { ok: true, object: manager === KUBECTL ? withLastApplied(object, config) : object }
}

/** An object that was never applied before belongs to one manager who stands for all before. */
function ownersBeforeApply(live: KubeObject, { apiVersion, nowMs }: Application): readonly Ownership[] {
  const owners = readManagedFields(live) ?? []
  if (owners.length > 0) return owners
  const writer = { manager: 'before-first-apply', apiVersion, subresource: '', nowMs }
  return ownersAfter(blankObject(live.apiVersion, live.kind), live, [], writer)
}

function faultOf(config: JsonObject, structure: Structure, { apiVersion, kind }: Application): Status | undefined {
  if (config.apiVersion !== apiVersion) {
    return badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${String(config.apiVersion ?? '')}, expected: ${apiVersion}`,
    )
  }
  const { metadata } = config
  if (isObject(metadata) && (metadata.managedFields ?? null) !== null) return badRequest('metadata.managedFields must be nil')
  const faults = configFaults(config, structure)
  if (faults.length === 0) return undefined
  const { group, version } = parseApiVersion(apiVersion)
  const { namespace = '', name = '' } = (isObject(metadata) ? metadata : {}) as { namespace?: string; name?: string }
  const words = faults.length === 1 ? faults[0] : `errors:\n${faults.map((fault) => `  ${fault}`).join('\n')}`
  // Kubernetes answers 500 here, although it is the client's mistake, and clients know it so.
  return failure(
    500,
    undefined,
    `failed to create typed patch object (${namespace}/${name}; ${group}/${version}, Kind=${kind}): ${words}`,
  )
}

interface Conflict {
  readonly owner: Ownership
  readonly fields: FieldSet
}

/** What kubectl applied as a client it may take from the manager that then was its own. */
function unexpected(conflicts: readonly Conflict[], live: KubeObject | undefined, structure: Structure, apiVersion: string) {
  const allowed = lastAppliedFields(live, structure, apiVersion)
  return conflicts
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) }))
    .filter(({ fields }) => !isEmpty(fields))
}

function conflictStatus(conflicts: readonly Conflict[]): Status {
  const found = conflicts
    .map(({ owner, fields }) => ({ owner: printedOwner(owner), paths: printedPaths(fields) }))
    .sort((a, b) => (a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : 0))
  const causes = found.flatMap(({ owner, paths }) =>
    paths.map((path) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field: path })),
  )
  const [only] = causes
  const words =
    causes.length === 1 && only
      ? `1 conflict: ${only.message}: ${only.field}`
      : `${causes.length} conflicts: ${found
          .map(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)].join('\n'))
          .join('\n')}`
  return failure(409, 'Conflict', `Apply failed with ${words}`, { causes })
}

function printedOwner({ manager, operation, subresource, apiVersion }: Ownership): string {
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`)
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}
