// DELETE: at once, or marked and left to those who must let go first: a kubelet with its grace, finalizers, a namespace.
import type { KubeObject } from '../../../../model/object.ts'
import type { PodSpec, PodStatus } from '../../../../model/schema/kinds/core-v1.ts'
import { conflict, invalid, methodNotAllowed, notFound, type Status } from '../../../../model/status.ts'
import { formatTime } from '../../../../model/time.ts'
import type { AllocationChanges } from '../allocations.ts'
import { entryOf, type StoredEntry } from '../state/entry.ts'
import { keyFor } from '../state/state.ts'
import { decode } from './body.ts'
import { holdings } from './service-addresses.ts'
import { toldWhenDeleted } from './strategy.ts'
import { type Asked, type Evaluated, type Facts, refuse, subjectOf } from './write.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: string
  readonly orphanDependents?: boolean
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: readonly string[] | null
}

export function evaluateDelete(asked: Asked, facts: Facts): Evaluated {
  const { request, resource } = asked
  if (!resource.verbs.has('delete')) return refuse(methodNotAllowed())
  const { name = '' } = request
  const namespace = resource.namespaced ? (request.namespace ?? '') : ''
  const key = keyFor(resource.storageName, namespace, name)
  if (facts.isPending(key)) return { kind: 'wait', key }
  const options = deleteOptions(asked)
  if ('refused' in options) return refuse(options.refused)
  const base = facts.state.collection(resource.storageName).get(namespace, name)
  if (!base) return refuse(notFound(subjectOf(resource, name)))
  return evaluateRemoval(base, options.options, asked, facts)
}

/** `gracePeriodSeconds` and the policy may stand in the query or in the body; the body counts more. */
export function deleteOptions({ request, resource }: Asked): { options: DeleteOptions } | { refused: Status } {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, dryRun } = request.options ?? {}
  const query: DeleteOptions = {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  }
  if (!request.body || ('bytes' in request.body && request.body.bytes.byteLength === 0)) return { options: query }
  const body = decode(
    bodyVersioned(request.body),
    { group: '', version: 'v1', kind: 'DeleteOptions' },
    { fieldValidation: 'Ignore' },
  )
  if (!body.ok) return { refused: body.status }
  const options: DeleteOptions = { ...query, ...(body.object as unknown as DeleteOptions) }
  const policy = options.propagationPolicy
  if (policy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(policy)) {
    const field = {
      type: 'FieldValueNotSupported',
      field: 'propagationPolicy',
      detail: `Unsupported value: ${JSON.stringify(policy)}: supported values: "Background", "Foreground", "Orphan"`,
    }
    return { refused: invalid({ group: resource.group, kind: 'DeleteOptions' }, '', [field]) }
  }
  return { options }
}

// Bodies of deletes name the group version of the resource or none; DeleteOptions belongs to every one of them.
function bodyVersioned(body: NonNullable<Asked['request']['body']>): typeof body {
  if ('bytes' in body) return body
  return { ...body, value: { kind: 'DeleteOptions', ...(body.value as object), apiVersion: 'v1' } as never }
}

export function evaluateRemoval(base: StoredEntry, options: DeleteOptions, asked: Asked, facts: Facts): Evaluated {
  const { resource } = asked
  const old = base.object
  const failed = failedPrecondition(old, options, asked)
  if (failed) return refuse(failed)
  const dryRun = (options.dryRun?.length ?? 0) > 0 || asked.request.options?.dryRun === true

  const finalizers = withPolicy(old.metadata.finalizers ?? [], options)
  const graceSeconds = graceOf(old, options, asked)
  const held = finalizers.length > 0 || (resource.storageName === 'namespaces' && namespaceHolds(old))
  if (graceSeconds === 0 && !held) {
    if (dryRun) return { kind: 'answer', answer: { kind: 'status', status: deleted(base, asked) } }
    return removal(old, base, asked, [])
  }

  const marked = mark(old, finalizers, graceSeconds, facts.nowMs, resource.storageName === 'namespaces')
  if (marked === old || dryRun) {
    return {
      kind: 'answer',
      answer: { kind: 'object', code: 200, entry: dryRun ? entryOf(marked) : base.in(resource.apiVersion) },
    }
  }
  return {
    kind: 'write',
    write: {
      key: base.key,
      resource: resource.storageName,
      namespace: base.namespace,
      name: base.name,
      base,
      object: marked,
      code: 200,
      apiVersion: resource.apiVersion,
    },
  }
}

/** The key goes, and what was allocated to the object is free again. */
export function removal(last: KubeObject, base: StoredEntry, asked: Asked, warnings: readonly string[]): Evaluated {
  const { resource, request } = asked
  const told = request.verb !== 'delete' || toldWhenDeleted(resource.storageName)
  const allocations = released(base)
  return {
    kind: 'write',
    write: {
      key: base.key,
      resource: resource.storageName,
      namespace: base.namespace,
      name: base.name,
      base,
      code: 200,
      apiVersion: resource.apiVersion,
      answer: told ? last : deleted(base, asked),
      warnings,
      ...(allocations ? { allocations } : {}),
    },
  }
}

function released(base: StoredEntry): AllocationChanges | undefined {
  const { kind, spec } = base.object
  if (kind === 'Service') return { take: [], release: holdings(spec) }
  const cidr = kind === 'Node' ? (spec as { podCIDR?: string } | undefined)?.podCIDR : undefined
  return cidr ? { take: [], release: [{ kind: 'podcidrs', value: cidr }] } : undefined
}

function deleted(base: StoredEntry, { resource }: Asked): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: base.name,
      ...(resource.group ? { group: resource.group } : {}),
      kind: resource.plural,
      uid: base.object.metadata.uid ?? '',
    },
    code: 200,
  }
}

function failedPrecondition(old: KubeObject, { preconditions }: DeleteOptions, { resource }: Asked): Status | undefined {
  const { uid, resourceVersion } = preconditions ?? {}
  const subject = subjectOf(resource, old.metadata.name)
  if (uid && uid !== old.metadata.uid) {
    return conflict(subject, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`)
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    return conflict(
      subject,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`,
    )
  }
  return undefined
}

function withPolicy(finalizers: readonly string[], { propagationPolicy, orphanDependents }: DeleteOptions): readonly string[] {
  const policy =
    propagationPolicy ?? (orphanDependents === true ? 'Orphan' : orphanDependents === false ? 'Background' : undefined)
  const others = finalizers.filter((each) => each !== FOREGROUND && each !== ORPHAN)
  if (policy === 'Foreground') return [...others, FOREGROUND]
  if (policy === 'Orphan') return [...others, ORPHAN]
  return policy === 'Background' ? others : finalizers
}

/** Only a pod that runs somewhere has a grace: its kubelet needs the time. */
function graceOf(old: KubeObject, options: DeleteOptions, { resource }: Asked): number {
  if (resource.storageName !== 'pods') return 0
  const spec = old.spec as PodSpec
  const phase = (old.status as PodStatus | undefined)?.phase
  if (!spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0
  const asked = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
  const before = old.metadata.deletionGracePeriodSeconds
  // A second delete may shorten the grace, never lengthen it.
  return Math.max(0, before === undefined ? asked : Math.min(before, options.gracePeriodSeconds ?? before))
}

const namespaceHolds = (namespace: KubeObject): boolean =>
  ((namespace.spec as { finalizers?: readonly string[] } | undefined)?.finalizers?.length ?? 0) > 0

function mark(
  old: KubeObject,
  finalizers: readonly string[],
  graceSeconds: number,
  nowMs: number,
  isNamespace: boolean,
): KubeObject {
  const { deletionTimestamp, deletionGracePeriodSeconds: before } = old.metadata
  const shortened = before !== undefined && graceSeconds < before
  const sameFinalizers = finalizers.join(' ') === (old.metadata.finalizers ?? []).join(' ')
  if (deletionTimestamp && !shortened && sameFinalizers) return old
  const { finalizers: _, ...metadata } = old.metadata
  const marked = {
    ...metadata,
    ...(finalizers.length > 0 ? { finalizers } : {}),
    deletionTimestamp: deletionTimestamp && !shortened ? deletionTimestamp : formatTime(nowMs + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
    ...(metadata.generation === undefined || deletionTimestamp ? {} : { generation: metadata.generation + 1 }),
  }
  if (isNamespace) {
    const { deletionGracePeriodSeconds: _g, ...plain } = marked
    return { ...old, metadata: plain, status: { ...(old.status as object | undefined), phase: 'Terminating' } }
  }
  return { ...old, metadata: marked }
}
