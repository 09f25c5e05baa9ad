// Requests as controllers make them: created, patched and deleted by resource, namespace and name.
import type { Json, KubeObject, ResourceName } from '../../../model/object.ts'
import type { ApiRequest, Reason, ResourcePath } from '../../ports/api.ts'

/** The versions in which our own participants speak; the core group has v1. */
const VERSIONS: Readonly<Record<string, string>> = {
  '': 'v1',
  apps: 'v1',
  'coordination.k8s.io': 'v1',
  'discovery.k8s.io': 'v1',
  batch: 'v1',
}

const MERGE_PATCH = 'application/merge-patch+json'

type Named = { readonly metadata: KubeObject['metadata'] }

export function pathOf(resource: ResourceName, namespace: string | undefined, name?: string): ResourcePath {
  const dot = resource.indexOf('.')
  const group = dot < 0 ? '' : resource.slice(dot + 1)
  return {
    group,
    version: VERSIONS[group] ?? 'v1',
    resource: dot < 0 ? resource : resource.slice(0, dot),
    ...(namespace ? { namespace } : {}),
    ...(name === undefined ? {} : { name }),
  }
}

export const create = (resource: ResourceName, object: KubeObject, why?: Reason): ApiRequest => ({
  verb: 'create',
  ...pathOf(resource, object.metadata.namespace),
  body: { contentType: 'application/json', value: object },
  ...(why === undefined ? {} : { why }),
})

/** A merge patch that holds only if the object is still the one that was looked at. */
export const patch = (resource: ResourceName, object: Named, changes: Json, why?: Reason, subresource?: string): ApiRequest => ({
  verb: 'patch',
  ...pathOf(resource, object.metadata.namespace, object.metadata.name),
  ...(subresource === undefined ? {} : { subresource }),
  body: { contentType: MERGE_PATCH, value: pinned(object, changes, ['uid', 'resourceVersion']) },
  ...(why === undefined ? {} : { why }),
})

/** A merge patch of fields that only this writer writes: it holds for this object in whatever version. */
export const patchOwn = (
  resource: ResourceName,
  object: Named,
  changes: Json,
  why?: Reason,
  subresource?: string,
): ApiRequest => ({
  verb: 'patch',
  ...pathOf(resource, object.metadata.namespace, object.metadata.name),
  ...(subresource === undefined ? {} : { subresource }),
  body: { contentType: MERGE_PATCH, value: pinned(object, changes, ['uid']) },
  ...(why === undefined ? {} : { why }),
})

export const update = (resource: ResourceName, object: KubeObject, why?: Reason, subresource?: string): ApiRequest => ({
  verb: 'update',
  ...pathOf(resource, object.metadata.namespace, object.metadata.name),
  ...(subresource === undefined ? {} : { subresource }),
  body: { contentType: 'application/json', value: object },
  ...(why === undefined ? {} : { why }),
})

export interface DeleteOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly gracePeriodSeconds?: number
  /** Only if it has not changed since it was looked at, not only if it is the same object. */
  readonly unchanged?: boolean
}

export function remove(resource: ResourceName, object: Named, why?: Reason, options: DeleteOptions = {}): ApiRequest {
  const { uid, resourceVersion } = object.metadata
  const { unchanged, ...rest } = options
  const preconditions = { ...(uid ? { uid } : {}), ...(unchanged && resourceVersion ? { resourceVersion } : {}) }
  return {
    verb: 'delete',
    ...pathOf(resource, object.metadata.namespace, object.metadata.name),
    body: { contentType: 'application/json', value: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions, ...rest } },
    ...(why === undefined ? {} : { why }),
  }
}

/** Objects of ours are plain JSON; the generated interfaces only lack the index signature that says so. */
export const asJson = (value: unknown): Json => value as Json

function pinned(object: Named, changes: Json, fields: readonly ('uid' | 'resourceVersion')[]): Json {
  const body = changes as { readonly metadata?: { readonly [key: string]: Json } }
  const pins: Record<string, Json> = {}
  for (const field of fields) {
    const value = object.metadata[field]
    if (value !== undefined) pins[field] = value
  }
  return { ...body, metadata: { ...body.metadata, ...pins } }
}
