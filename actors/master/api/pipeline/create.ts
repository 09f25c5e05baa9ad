// POST: a new object, with a name, a uid and whatever is allocated to it.
import { applyDefaults } from '../../../../model/defaults/defaults.ts'
import type { Draft } from '../../../../model/defaults/draft.ts'
import { prepareForCreate } from '../../../../model/defaults/preparation.ts'
import type { KubeObject } from '../../../../model/object.ts'
import { alreadyExists, badRequest, failure, invalid, methodNotAllowed, serviceUnavailable } from '../../../../model/status.ts'
import { formatTime } from '../../../../model/time.ts'
import { validateCreate } from '../../../../model/validation/validate.ts'
import type { AllocationChanges } from '../allocations.ts'
import { entryOf } from '../state/entry.ts'
import { keyFor } from '../state/state.ts'
import { admitCreate } from './admission.ts'
import { decode, placed, storedKind } from './body.ts'
import { allocateService } from './service-addresses.ts'
import { withoutServerFields } from './strategy.ts'
import { type Asked, type Evaluated, type Facts, gvkOf, refuse, subjectOf } from './write.ts'

const SUFFIX_LENGTH = 5
/** The longest base of a generated name: 63 with the suffix. */
const MAX_GENERATED_BASE = 63 - SUFFIX_LENGTH
const NAME_ATTEMPTS = 8

export function evaluateCreate(asked: Asked, facts: Facts): Evaluated {
  const { request, resource } = asked
  if (!resource.verbs.has('create')) return refuse(methodNotAllowed())
  if (resource.namespaced && !request.namespace) return refuse(badRequest('an empty namespace may not be set during creation'))
  const body = decode(request.body, gvkOf(resource), request.options)
  if (!body.ok) return refuse(body.status)
  const place = placed(body.object, resource, request.namespace ?? '', request.name)
  if (!place.ok) return refuse(place.status, body.warnings)
  return evaluateNew(place.object, asked, facts, body.warnings)
}

/** Shared with PUT for the kinds that it creates. */
export function evaluateNew(given: KubeObject, asked: Asked, facts: Facts, warnings: readonly string[]): Evaluated {
  const { request, resource } = asked
  const { state, nowMs, ids } = facts
  const namespace = resource.namespaced ? (request.namespace ?? '') : ''
  if (resource.namespaced) {
    const namespaceKey = keyFor('namespaces', '', namespace)
    if (facts.isPending(namespaceKey)) return { kind: 'wait', key: namespaceKey }
  }
  const name = given.metadata.name || generatedName(given.metadata.generateName, asked, facts, namespace)
  const key = keyFor(resource.storageName, namespace, name ?? '')
  if (facts.isPending(key)) return { kind: 'wait', key }

  const clean = withoutServerFields(given, resource)
  let draft: KubeObject = {
    ...clean,
    metadata: { ...clean.metadata, ...(name ? { name } : {}), uid: ids.uid(), creationTimestamp: formatTime(nowMs) },
  }
  const kind = storedKind(resource)
  applyDefaults(draft as unknown as Draft, kind)
  prepareForCreate(draft as unknown as Draft, kind)
  const admitted = admitCreate(draft, asked, facts)
  if ('status' in admitted) return refuse(admitted.status, warnings)
  draft = admitted.object

  const errors = validateCreate(draft, resource.storageName)
  if (errors.length > 0) return refuse(invalid(resource, given.metadata.name ?? name ?? '', errors), warnings)
  if (given.metadata.resourceVersion) {
    return refuse(failure(500, undefined, 'resourceVersion should not be set on objects to be created'), warnings)
  }
  if (state.collection(resource.storageName).get(namespace, name ?? '')) {
    return refuse(alreadyExists(subjectOf(resource, name)), warnings)
  }

  let allocations: AllocationChanges | undefined
  if (resource.storageName === 'services') {
    const allocated = allocateService(draft, undefined, facts.allocations)
    if ('errors' in allocated) return refuse(invalid(resource, name ?? '', allocated.errors), warnings)
    draft = allocated.object
    allocations = allocated.changes
  }
  if (resource.storageName === 'nodes') {
    const cidr = facts.allocations.freePodCidr()
    const spec = (draft.spec ?? {}) as { podCIDR?: string }
    if (!spec.podCIDR) {
      if (cidr === undefined) return refuse(serviceUnavailable('no addresses are left for the pods of another node'), warnings)
      draft = { ...draft, spec: { ...spec, podCIDR: cidr, podCIDRs: [cidr] } }
      allocations = { take: [{ kind: 'podcidrs', value: cidr, owner: name ?? '' }], release: [] }
    }
  }
  if (request.options?.dryRun) return { kind: 'answer', answer: { kind: 'object', code: 201, entry: entryOf(draft), warnings } }
  return {
    kind: 'write',
    write: {
      key,
      resource: resource.storageName,
      namespace,
      name: name ?? '',
      base: undefined,
      object: draft,
      code: 201,
      apiVersion: resource.apiVersion,
      warnings,
      ...(allocations ? { allocations } : {}),
    },
  }
}

/** A name that is free; undefined when there is nothing to generate from, which validation then words. */
function generatedName(
  base: string | undefined,
  { resource }: Asked,
  { state, ids, isPending }: Facts,
  namespace: string,
): string | undefined {
  if (!base) return undefined
  const collection = state.collection(resource.storageName)
  let name = ''
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    name = base.slice(0, MAX_GENERATED_BASE) + ids.suffix(SUFFIX_LENGTH)
    if (!collection.get(namespace, name) && !isPending(keyFor(resource.storageName, namespace, name))) break
  }
  return name
}
