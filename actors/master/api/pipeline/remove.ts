// DELETE: at once, or marked and left to those who must let go first: a kubelet with its grace, finalizers, a namespace.
import type { KubeObject } from '../../../../model/object.ts'
import type { PodSpec, PodStatus } from '../../../../model/schema/kinds/core-v1.ts'
import { conflict, forbidden, methodNotAllowed, notFound, type Status } from '../../../../model/status.ts'
import { formatTime, parseTime } from '../../../../model/time.ts'
import type { AllocationChanges } from '../allocations.ts'
import { entryOf, type StoredEntry } from '../state/entry.ts'
import { keyFor } from '../state/state.ts'
import { type DeleteOptions, deleteOptions } from './delete-options.ts'
import { holdings } from './service-addresses.ts'
import { toldWhenDeleted } from './strategy.ts'
import { type Asked, type Evaluated, type Facts, refuse, subjectOf, type Write, writeTo } from './write.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

/** Without these nothing works, so nobody may delete them (NamespaceLifecycle). */
const IMMORTAL_NAMESPACES = new Set(['default', 'kube-system', 'kube-public'])

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
  if (resource.storageName === 'namespaces' && IMMORTAL_NAMESPACES.has(name)) {
    return refuse(forbidden(subjectOf(resource, name), 'this namespace may not be deleted'))
  }
  return evaluateRemoval(base, options.options, asked, facts)
}

export function evaluateRemoval(base: StoredEntry, options: DeleteOptions, asked: Asked, facts: Facts): Evaluated {
  const { resource } = asked
  const old = base.object
  const failed = failedPrecondition(old, options, asked)
  if (failed) return refuse(failed)
  const dryRun = (options.dryRun?.length ?? 0) > 0 || asked.request.options?.dryRun === true

  const finalizers = withPolicy(old.metadata.finalizers ?? [], options)
  const isPod = resource.storageName === 'pods'
  const marks = isPod ? podMarks(old, options, facts.nowMs) : plainMarks(old, facts.nowMs)
  const marked = withMarks(old, marks, finalizers, resource.storageName === 'namespaces')
  const held = finalizers.length > 0 || (resource.storageName === 'namespaces' && namespaceHolds(old))
  if (!held && marks.seconds === 0) {
    const told = toldWhenDeleted(resource.storageName)
    const gone = isPod ? marked : old
    if (dryRun) return { kind: 'answer', answer: told ? shown(gone) : { kind: 'status', status: deleted(base, asked) } }
    return removal(base, asked, { ...(told ? {} : { answer: deleted(base, asked) }), ...(isPod ? { last: marked } : {}) })
  }

  if (dryRun) return { kind: 'answer', answer: shown(marked) }
  if (marked === old) return { kind: 'answer', answer: { kind: 'object', code: 200, entry: base.in(resource.apiVersion) } }
  return {
    kind: 'write',
    write: { ...writeTo(base, resource), object: marked, code: 200 },
  }
}

const shown = (object: KubeObject) => ({ kind: 'object' as const, code: 200, entry: entryOf(object) })

/** The key goes, and what was allocated to the object is free again. */
export function removal(base: StoredEntry, asked: Asked, told: Pick<Write, 'answer' | 'last' | 'warnings'>): Evaluated {
  const { resource } = asked
  const allocations = released(base)
  return {
    kind: 'write',
    write: { ...writeTo(base, resource), code: 200, ...told, ...(allocations ? { allocations } : {}) },
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

interface Marks {
  readonly timestamp: string
  readonly seconds: number
  /** Other than what the object says already. */
  readonly isNew: boolean
}

/** Only a pod that runs somewhere has a grace: its kubelet needs the time. A second delete may shorten it, never lengthen it. */
function podMarks(pod: KubeObject, { gracePeriodSeconds }: DeleteOptions, nowMs: number): Marks {
  const { deletionTimestamp, deletionGracePeriodSeconds: before = 0 } = pod.metadata
  const asked = gracePeriodSeconds !== undefined && gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds
  if (deletionTimestamp) {
    if (asked === undefined || asked >= before) return { timestamp: deletionTimestamp, seconds: before, isNew: false }
    const from = (parseTime(deletionTimestamp) ?? nowMs) - before * 1000
    return { timestamp: formatTime(from + asked * 1000), seconds: asked, isNew: true }
  }
  const spec = pod.spec as PodSpec
  const phase = (pod.status as PodStatus | undefined)?.phase
  const runs = Boolean(spec.nodeName) && phase !== 'Succeeded' && phase !== 'Failed'
  const seconds = runs ? (asked ?? spec.terminationGracePeriodSeconds ?? 0) : 0
  return { timestamp: formatTime(nowMs + seconds * 1000), seconds, isNew: true }
}

function plainMarks({ metadata: { deletionTimestamp } }: KubeObject, nowMs: number): Marks {
  return { timestamp: deletionTimestamp ?? formatTime(nowMs), seconds: 0, isNew: deletionTimestamp === undefined }
}

const namespaceHolds = (namespace: KubeObject): boolean =>
  ((namespace.spec as { finalizers?: readonly string[] } | undefined)?.finalizers?.length ?? 0) > 0

/** The object itself when all of it is said already. */
function withMarks(old: KubeObject, marks: Marks, finalizers: readonly string[], isNamespace: boolean): KubeObject {
  const { finalizers: before, ...metadata } = old.metadata
  if (!marks.isNew && finalizers.join(' ') === (before ?? []).join(' ')) return old
  const isFirst = metadata.deletionTimestamp === undefined
  const marked = {
    ...metadata,
    ...(finalizers.length > 0 ? { finalizers } : {}),
    deletionTimestamp: marks.timestamp,
    ...(isNamespace ? {} : { deletionGracePeriodSeconds: marks.seconds }),
    ...(metadata.generation !== undefined && isFirst ? { generation: metadata.generation + 1 } : {}),
  }
  if (!isNamespace) return { ...old, metadata: marked }
  return { ...old, metadata: marked, status: { ...(old.status as object | undefined), phase: 'Terminating' } }
}
