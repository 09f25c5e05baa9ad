// What is asked of a part of an object under a kind of its own: scale, binding, eviction, and reviews that are only answered.
import type { JsonObject, KubeObject } from '../../../../model/object.ts'
import { applyPatch } from '../../../../model/patch/patch.ts'
import type { Scale } from '../../../../model/schema/kinds/autoscaling-v1.ts'
import type { Pod } from '../../../../model/schema/kinds/core-v1.ts'
import type { LabelSelector } from '../../../../model/schema/kinds/meta-v1.ts'
import { type Labels, selectorOf, selectorOfMap } from '../../../../model/selectors.ts'
import {
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  notFound,
  OBJECT_MODIFIED,
  type Status,
} from '../../../../model/status.ts'
import { formatTime } from '../../../../model/time.ts'
import { entryOf, type StoredEntry } from '../state/entry.ts'
import { keyFor } from '../state/state.ts'
import { decode, decodePatched } from './body.ts'
import { evaluateRemoval } from './remove.ts'
import { evaluateChange, patchOf } from './update.ts'
import { type Asked, type Evaluated, type Facts, refuse, subjectOf, writeTo } from './write.ts'

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

type Base = { readonly base: StoredEntry } | { readonly evaluated: Evaluated }

function baseOf({ request, resource }: Asked, facts: Facts): Base {
  const { name = '' } = request
  const namespace = resource.namespaced ? (request.namespace ?? '') : ''
  const key = keyFor(resource.storageName, namespace, name)
  if (facts.isPending(key)) return { evaluated: { kind: 'wait', key } }
  const base = facts.state.collection(resource.storageName).get(namespace, name)
  return base ? { base } : { evaluated: refuse(notFound(subjectOf(resource, name))) }
}

interface Scalable {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector | Readonly<Record<string, string>> }
  readonly status?: { readonly replicas?: number }
}

export function scaleOf(object: KubeObject): Scale {
  const { spec, status } = object as unknown as Scalable
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector =
    object.kind === 'ReplicationController'
      ? selectorOfMap(spec?.selector as Labels)
      : selectorOf(spec?.selector as LabelSelector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
      ...(creationTimestamp ? { creationTimestamp } : {}),
    },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, selector: selector.toString() },
  } as unknown as Scale
}

/** PUT and PATCH of `scale`: only `spec.replicas` counts. */
export function evaluateScale(asked: Asked, facts: Facts): Evaluated {
  const { request, resource } = asked
  const found = baseOf(asked, facts)
  if ('evaluated' in found) return found.evaluated
  const { base } = found
  const current = scaleOf(base.object) as unknown as KubeObject
  let wanted: JsonObject
  let warnings: readonly string[]
  if (request.verb === 'patch') {
    if (!request.body) return refuse(badRequest('the request needs a body'))
    const patch = patchOf(request.body)
    if (!patch.ok) return refuse(patch.status)
    const outcome = applyPatch(request.body.contentType, current, patch.object, SCALE)
    if (!outcome.ok) return refuse(outcome.status)
    const body = decodePatched(outcome.object as unknown as JsonObject, SCALE, request.options)
    if (!body.ok) return refuse(body.status)
    ;({ object: wanted, warnings } = body)
  } else {
    const body = decode(request.body, SCALE, request.options)
    if (!body.ok) return refuse(body.status)
    ;({ object: wanted, warnings } = body)
  }
  const scale = wanted as unknown as Scale
  if (scale.metadata?.name !== undefined && scale.metadata.name !== base.name) {
    return refuse(
      badRequest(`the name of the object (${scale.metadata.name}) does not match the name on the URL (${base.name})`),
      warnings,
    )
  }
  const version = scale.metadata?.resourceVersion
  if (version && version !== base.object.metadata.resourceVersion)
    return refuse(conflict(subjectOf(resource, base.name), OBJECT_MODIFIED), warnings)
  const replicas = scale.spec?.replicas ?? 0
  if (replicas < 0) {
    const detail = `Invalid value: ${replicas}: must be greater than or equal to 0`
    return refuse(
      invalid({ group: 'autoscaling', kind: 'Scale' }, base.name, [
        { type: 'FieldValueInvalid', field: 'spec.replicas', detail },
      ]),
      warnings,
    )
  }
  const changed = { ...base.object, spec: { ...(base.object.spec as object), replicas } }
  return asScale(evaluateChange(changed, base, { ...asked, request: { ...request, subresource: '' } }, facts, warnings))
}

const shownAsScale = (object: KubeObject): KubeObject => scaleOf(object) as unknown as KubeObject

function asScale(evaluated: Evaluated): Evaluated {
  if (evaluated.kind === 'write') return { kind: 'write', write: { ...evaluated.write, shownAs: shownAsScale } }
  if (evaluated.kind !== 'answer' || evaluated.answer.kind !== 'object') return evaluated
  return {
    kind: 'answer',
    answer: { ...evaluated.answer, entry: entryOf(shownAsScale(evaluated.answer.entry.object)) },
  }
}

/** POST pods/NAME/binding (and the old POST bindings): at most once a pod, and never again [I13]. */
export function evaluateBinding(asked: Asked, facts: Facts): Evaluated {
  const { request } = asked
  if (request.verb !== 'create') return refuse(methodNotAllowed())
  const body = decode(request.body, { group: '', version: 'v1', kind: 'Binding' }, request.options)
  if (!body.ok) return refuse(body.status)
  const binding = body.object as unknown as {
    metadata?: { name?: string; uid?: string; annotations?: Record<string, string> }
    target?: { name?: string; kind?: string }
  }
  const name = request.name ?? binding.metadata?.name ?? ''
  const found = baseOf({ ...asked, request: { ...request, name } }, facts)
  if ('evaluated' in found) return found.evaluated
  const { base } = found
  const pod = base.object as unknown as Pod
  const subject = { group: '', resource: 'pods/binding', name }
  const target = binding.target?.name ?? ''
  if (target === '') {
    return refuse(
      invalid({ group: '', kind: 'Binding' }, name, [
        { type: 'FieldValueRequired', field: 'target.name', detail: 'Required value' },
      ]),
    )
  }
  if (binding.metadata?.uid && binding.metadata.uid !== pod.metadata.uid) {
    return refuse(
      conflict(
        subject,
        `Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
      ),
    )
  }
  if (pod.metadata.deletionTimestamp)
    return refuse(conflict(subject, `pod ${name} is being deleted, cannot be assigned to a host`))
  if ((pod.spec?.schedulingGates?.length ?? 0) > 0) {
    return refuse(conflict(subject, `pod ${name} has non-empty .spec.schedulingGates`))
  }
  if (pod.spec?.nodeName) return refuse(conflict(subject, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`))
  const bound: KubeObject = {
    ...base.object,
    metadata: {
      ...pod.metadata,
      ...(binding.metadata?.annotations ? { annotations: { ...pod.metadata.annotations, ...binding.metadata.annotations } } : {}),
    },
    spec: { ...pod.spec, nodeName: target },
    status: { ...pod.status, conditions: scheduled(pod, facts.nowMs) },
  }
  return {
    kind: 'write',
    write: {
      ...writeTo(base, asked.resource),
      object: bound,
      code: 201,
      apiVersion: 'v1',
      answer: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
    },
  }
}

function scheduled(pod: Pod, nowMs: number) {
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
  return [...others, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: formatTime(nowMs) }]
}

/** POST pods/NAME/eviction: a delete by another name until budgets are asked. */
export function evaluateEviction(asked: Asked, facts: Facts): Evaluated {
  const { request, resource } = asked
  if (request.verb !== 'create') return refuse(methodNotAllowed())
  const body = decode(request.body, { group: 'policy', version: 'v1', kind: 'Eviction' }, request.options)
  if (!body.ok) return refuse(body.status)
  const found = baseOf(asked, facts)
  if ('evaluated' in found) return found.evaluated
  const options = (body.object.deleteOptions ?? {}) as Parameters<typeof evaluateRemoval>[1]
  const success: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
  const evaluated = evaluateRemoval(found.base, options, { ...asked, resource }, facts)
  if (evaluated.kind === 'write') return { kind: 'write', write: { ...evaluated.write, answer: success, code: 201 } }
  return evaluated.kind === 'answer' && evaluated.answer.kind === 'object'
    ? { kind: 'answer', answer: { kind: 'status', status: success } }
    : evaluated
}
