// PUT and PATCH, of an object or of its status, finalizers or scale: the newest version with what the client wants of it.

import { parseJson } from '../../../../model/codec/json.ts'
import { parseYaml } from '../../../../model/codec/yaml.ts'
import { applyDefaults } from '../../../../model/defaults/defaults.ts'
import type { Draft } from '../../../../model/defaults/draft.ts'
import { semanticallyEqual } from '../../../../model/equality.ts'
import type { Json, JsonObject, KubeObject } from '../../../../model/object.ts'
import { applyPatch, refusePatchType } from '../../../../model/patch/patch.ts'
import { convert } from '../../../../model/schema/conversion.ts'
import {
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  notFound,
  OBJECT_MODIFIED,
  type Status,
} from '../../../../model/status.ts'
import { validateUpdate } from '../../../../model/validation/validate.ts'
import type { RequestBody } from '../../../ports/api.ts'
import type { AllocationChanges } from '../allocations.ts'
import { entryOf, type StoredEntry } from '../state/entry.ts'
import { keyFor } from '../state/state.ts'
import { admitUpdate } from './admission.ts'
import { type Body, decode, decodePatched, placed, storedKind } from './body.ts'
import { evaluateNew } from './create.ts'
import { removal } from './remove.ts'
import { allocateService } from './service-addresses.ts'
import { createdByUpdate, prepareForStatusUpdate, prepareForUpdate } from './strategy.ts'
import { type Asked, type Evaluated, type Facts, gvkOf, refuse, subjectOf, writeTo } from './write.ts'

export function evaluateUpdate(asked: Asked, facts: Facts): Evaluated {
  const { request, resource } = asked
  const { name = '', namespace = '', subresource } = request
  if (!subresource && !resource.verbs.has(request.verb)) return refuse(methodNotAllowed())
  const key = keyFor(resource.storageName, resource.namespaced ? namespace : '', name)
  if (facts.isPending(key)) return { kind: 'wait', key }
  const base = facts.state.collection(resource.storageName).get(resource.namespaced ? namespace : '', name)

  if (request.verb === 'update') {
    const body = decode(request.body, gvkOf(resource), request.options)
    if (!body.ok) return refuse(body.status)
    const place = placed(body.object, resource, namespace, name)
    if (!place.ok) return refuse(place.status, body.warnings)
    if (!base) {
      if (createdByUpdate(resource.storageName) && !subresource) return evaluateNew(place.object, asked, facts, body.warnings)
      return refuse(notFound(subjectOf(resource, name)), body.warnings)
    }
    return evaluateChange(place.object, base, asked, facts, body.warnings)
  }

  const unknownType = request.body && refusePatchType(request.body.contentType, gvkOf(resource))
  if (unknownType) return refuse(unknownType)
  if (!base) return refuse(notFound(subjectOf(resource, name)))
  const patched = patchedBody(asked, base)
  if (!patched.ok) return refuse(patched.status)
  const place = placed(patched.object, resource, namespace, name)
  if (!place.ok) return refuse(place.status, patched.warnings)
  return evaluateChange(place.object, base, asked, facts, patched.warnings)
}

function patchedBody({ request, resource }: Asked, base: StoredEntry): Body<JsonObject> {
  const patch = patchOf(request.body)
  if (!patch.ok) return patch
  const outcome = applyPatch(request.body?.contentType ?? '', base.in(resource.apiVersion).object, patch.object, gvkOf(resource))
  if (!outcome.ok) return outcome
  return decodePatched(outcome.object as unknown as JsonObject, gvkOf(resource), request.options)
}

export function patchOf(body: RequestBody | undefined): Body<Json> {
  if (!body) return { ok: false, status: badRequest('the request needs a body') }
  if ('value' in body) return { ok: true, object: body.value as Json, warnings: [] }
  const text = new TextDecoder().decode(body.bytes)
  try {
    const { value } = body.contentType.endsWith('+yaml') ? parseYaml(text) : parseJson(text)
    return { ok: true, object: value as Json, warnings: [] }
  } catch (error) {
    return { ok: false, status: badRequest(`error decoding patch: ${error instanceof Error ? error.message : String(error)}`) }
  }
}

/** The rest is the same for whatever part of the object was written. */
export function evaluateChange(
  wanted: KubeObject,
  base: StoredEntry,
  asked: Asked,
  facts: Facts,
  warnings: readonly string[],
): Evaluated {
  const { request, resource } = asked
  const old = base.object
  const mismatch = mismatchOf(wanted, old, asked)
  if (mismatch) return refuse(mismatch, warnings)

  applyDefaults(wanted as unknown as Draft, storedKind(resource))
  let draft = prepared(wanted, old, asked, facts)
  const isStatus = request.subresource === 'status'
  const errors = validateUpdate(draft, old, resource.storageName, request.subresource)
  if (errors.length > 0) return refuse(invalid(resource, base.name, errors), warnings)

  let allocations: AllocationChanges | undefined
  if (resource.storageName === 'services' && !isStatus) {
    const allocated = allocateService(draft, old, facts.allocations)
    if ('errors' in allocated) return refuse(invalid(resource, base.name, allocated.errors), warnings)
    draft = allocated.object
    allocations = allocated.changes
  }

  if (isFinished(draft, asked) && !request.options?.dryRun)
    return removal(base, asked, { answer: asBefore(draft, old), warnings })
  if (semanticallyEqual(withoutVersion(draft), withoutVersion(old))) {
    return { kind: 'answer', answer: { kind: 'object', code: 200, entry: base.in(resource.apiVersion), warnings } }
  }
  if (request.options?.dryRun) {
    return {
      kind: 'answer',
      answer: { kind: 'object', code: 200, entry: entryOf(convert(asBefore(draft, old), resource.apiVersion)), warnings },
    }
  }
  return {
    kind: 'write',
    write: { ...writeTo(base, resource), object: draft, code: 200, warnings, ...(allocations ? { allocations } : {}) },
  }
}

/** What the request may change of the object, with what is not the client's to say. */
function prepared(wanted: KubeObject, old: KubeObject, { request, resource }: Asked, facts: Facts): KubeObject {
  switch (request.subresource) {
    case 'status':
      return prepareForStatusUpdate(wanted, old, resource)
    case 'finalize':
      return { ...old, spec: wanted.spec }
    default:
      return prepareForUpdate(admitUpdate(wanted, resource, facts), old, resource)
  }
}

/** What is shown of a change that is not stored has the version of what is. */
const asBefore = (draft: KubeObject, old: KubeObject): KubeObject => ({
  ...draft,
  metadata: { ...draft.metadata, resourceVersion: old.metadata.resourceVersion ?? '' },
})

function mismatchOf(wanted: KubeObject, old: KubeObject, { request, resource }: Asked): Status | undefined {
  const { resourceVersion, uid } = wanted.metadata
  const subject = subjectOf(resource, old.metadata.name)
  if (resourceVersion && resourceVersion !== '0' && resourceVersion !== old.metadata.resourceVersion) {
    return conflict(subject, OBJECT_MODIFIED)
  }
  // Of a patch, validation refuses it: the uid is immutable.
  if (uid && uid !== old.metadata.uid && request.verb === 'update') {
    return conflict(subject, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`)
  }
  return undefined
}

/** The last finalizer of an object that was to be deleted is gone. */
function isFinished(draft: KubeObject, { resource }: Asked): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = draft.metadata
  if (!deletionTimestamp || (finalizers?.length ?? 0) > 0) return false
  if (resource.storageName === 'namespaces')
    return ((draft.spec as { finalizers?: string[] } | undefined)?.finalizers?.length ?? 0) === 0
  return (deletionGracePeriodSeconds ?? 0) === 0
}

function withoutVersion(object: KubeObject): unknown {
  const { resourceVersion: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
