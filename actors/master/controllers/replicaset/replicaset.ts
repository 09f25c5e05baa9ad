// Keeps as many pods as a ReplicaSet or a ReplicationController asks for. The two differ in a table's row.
import { controllerOf, type KubeObject, type ResourceName } from '../../../../model/object.ts'
import type { ReplicaSet, ReplicaSetStatus } from '../../../../model/schema/kinds/apps-v1.ts'
import type { Pod, PodTemplateSpec, ReplicationController } from '../../../../model/schema/kinds/core-v1.ts'
import type { LabelSelector } from '../../../../model/schema/kinds/meta-v1.ts'
import { selectorOf } from '../../../../model/selectors.ts'
import { formatTime } from '../../../../model/time.ts'
import type { Change, View } from '../../../ports/view.ts'
import {
  type Controller,
  causeOf,
  type Decision,
  type Facts,
  itself,
  keyOf,
  NOTHING,
  partsOf,
  reason,
  serviceAccountUser,
  type Wish,
} from '../controller.ts'
import { difference } from '../difference.ts'
import { refer } from '../events.ts'
import { Orphans } from '../orphans.ts'
import { adopted, claim, controllerReference, released } from '../ownership.ts'
import { availableInMs, hasEnded, isActive, isReady, isTerminating } from '../pods.ts'
import { asJson, create, patch, patchOwn, remove } from '../requests.ts'
import { countByNode, podsToDelete } from './ranking.ts'

/** Pods made or deleted in one decision; what is left follows in the next. */
const BURST = 500

type Replicated = ReplicaSet | ReplicationController

interface Kind {
  readonly name: string
  readonly resource: ResourceName
  readonly apiVersion: string
  readonly kind: string
  readonly selector: (object: Replicated) => LabelSelector | undefined
}

const KINDS: Record<'ReplicaSet' | 'ReplicationController', Kind> = {
  ReplicaSet: {
    name: 'replicaset-controller',
    resource: 'replicasets.apps',
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    selector: (object) => object.spec?.selector as LabelSelector | undefined,
  },
  ReplicationController: {
    name: 'replication-controller',
    resource: 'replicationcontrollers',
    apiVersion: 'v1',
    kind: 'ReplicationController',
    selector: (object) => {
      const matchLabels = object.spec?.selector as Readonly<Record<string, string>> | undefined
      return matchLabels && Object.keys(matchLabels).length > 0 ? { matchLabels } : undefined
    },
  },
}

export function replicasController(of: keyof typeof KINDS): Controller {
  const kind = KINDS[of]
  const orphans = new Orphans()
  return {
    name: kind.name,
    user: serviceAccountUser(kind.name),
    observes: [
      itself(kind.resource),
      {
        resource: 'pods',
        keysOf: (change, view) => {
          orphans.note(change)
          return keysOfPod(kind, change, view)
        },
      },
    ],
    decide: (key, facts) => {
      const { view } = facts
      const { namespace, name } = partsOf(key)
      const owner = view.get<Replicated>(kind.resource, namespace, name)
      if (owner === undefined) return NOTHING
      const candidates = [...view.ownedBy<Pod>('pods', owner.metadata.uid ?? ''), ...orphans.in<Pod>(view, 'pods', namespace)]
      return decideReplicas(kind, owner, candidates, facts)
    },
  }
}

/** The owner of a pod, before and after; for a pod without one, whoever would take it. */
function* keysOfPod(kind: Kind, { object, previous }: Change, view: View): Iterable<string> {
  for (const pod of previous === undefined ? [object] : [object, previous]) {
    const controller = controllerOf(pod)
    if (controller?.kind === kind.kind && controller.apiVersion === kind.apiVersion)
      yield `${pod.metadata.namespace}/${controller.name}`
  }
  if (controllerOf(object) !== undefined) return
  for (const owner of view.list<Replicated>(kind.resource, object.metadata.namespace))
    if (selectorOf(kind.selector(owner)).matches(object.metadata.labels)) yield keyOf(owner)
}

function decideReplicas(kind: Kind, owner: Replicated, candidates: readonly Pod[], { view, nowMs, failure }: Facts): Decision {
  const selector = selectorOf(kind.selector(owner))
  const { mine, adopt, release } = claim(owner, candidates, (pod) => selector.matches(pod.metadata.labels))
  const takeable = adopt.filter((pod) => !hasEnded(pod))
  const active = [...mine, ...takeable].filter(isActive)
  const wishes: Wish[] = [
    ...takeable.map((pod) => adopting(kind, owner, pod)),
    ...release.map((pod) => releasing(kind, owner, pod)),
  ]
  const wanted = owner.spec?.replicas ?? 1
  if (owner.metadata.deletionTimestamp === undefined) {
    const missing = Math.min(wanted - active.length, BURST)
    if (missing > 0 && !isNamespaceEnding(view, owner))
      for (let n = 0; n < missing; n += 1) wishes.push(creating(kind, owner, active.length, wanted))
    if (missing < 0) {
      const perNode = countByNode(siblingPods(kind, owner, active, view))
      for (const pod of podsToDelete(active, Math.min(-missing, BURST), perNode, nowMs))
        wishes.push(deleting(kind, owner, pod, active.length, wanted))
    }
  }
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0
  const waits = active.map((pod) => availableInMs(pod, minReadySeconds, nowMs))
  const counted = countedStatus(owner, active, mine.filter((pod) => isTerminating(pod) && !hasEnded(pod)).length, waits)
  const conditions = failureNoted(owner, active.length === wanted ? undefined : failure, active.length < wanted, nowMs)
  const status = { ...counted, ...(conditions === undefined ? {} : { conditions }) }
  const changes = difference(owner.status, status)
  if (changes !== undefined)
    wishes.push({ request: patchOwn(kind.resource, owner, { status: changes }, undefined, 'status'), tolerate: ['NotFound'] })
  const again = Math.min(...waits.filter((wait) => wait > 0), Number.POSITIVE_INFINITY)
  return { wishes, ...(Number.isFinite(again) ? { againAfterMs: again } : {}) }
}

function countedStatus(
  owner: Replicated,
  active: readonly Pod[],
  terminating: number,
  waits: readonly number[],
): ReplicaSetStatus {
  const templateLabels = selectorOf({ matchLabels: owner.spec?.template?.metadata?.labels ?? {} })
  const count = (predicate: (pod: Pod, at: number) => boolean): number | undefined => active.filter(predicate).length || undefined
  return {
    replicas: active.length,
    fullyLabeledReplicas: count((pod) => templateLabels.matches(pod.metadata.labels)),
    readyReplicas: count(isReady),
    availableReplicas: count((_, at) => waits[at] === 0),
    ...(owner.kind === 'ReplicaSet' ? { terminatingReplicas: terminating } : {}),
    observedGeneration: owner.metadata.generation,
  }
}

/** The condition ReplicaFailure, as long as pods are wanted that cannot be made (or made to go). */
function failureNoted(
  owner: Replicated,
  failure: string | undefined,
  creating: boolean,
  nowMs: number,
): ReplicaSetStatus['conditions'] {
  const before = ((owner.status ?? {}) as ReplicaSetStatus).conditions ?? []
  const others = before.filter(({ type }) => type !== 'ReplicaFailure')
  if (failure === undefined) return others.length > 0 ? others : undefined
  // The first failure stays: its words are as good as those of the next, and each would cost a write.
  if (others.length < before.length) return before
  const reason = creating ? 'FailedCreate' : 'FailedDelete'
  return [...others, { type: 'ReplicaFailure', status: 'True', reason, message: failure, lastTransitionTime: formatTime(nowMs) }]
}

/** Pods of all replica sets of one Deployment: a node that has many of them gives one up first. */
function siblingPods(kind: Kind, owner: Replicated, active: readonly Pod[], view: View): readonly Pod[] {
  const parent = controllerOf(owner)
  if (parent === undefined) return active
  const pods: Pod[] = []
  for (const sibling of view.ownedBy<Replicated>(kind.resource, parent.uid))
    for (const pod of view.ownedBy<Pod>('pods', sibling.metadata.uid ?? '')) if (isActive(pod)) pods.push(pod)
  return pods
}

function isNamespaceEnding(view: View, owner: Replicated): boolean {
  return view.get<KubeObject>('namespaces', '', owner.metadata.namespace ?? '')?.metadata.deletionTimestamp !== undefined
}

const about = (owner: Replicated) => refer(owner as unknown as KubeObject)

function creating(kind: Kind, owner: Replicated, has: number, wanted: number): Wish {
  const template: PodTemplateSpec = owner.spec?.template ?? {}
  const { labels, annotations, finalizers } = template.metadata ?? {}
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec,
  }
  return {
    request: create(
      'pods',
      pod,
      reason('Created', `${kind.kind} ${keyOf(owner)} has ${has} of ${wanted} pods`, causeOf(kind.resource, owner)),
    ),
    tells: (answer) =>
      answer.ok
        ? {
            type: 'Normal',
            about: about(owner),
            reason: 'SuccessfulCreate',
            message: `Created pod: ${answer.object.metadata.name}`,
          }
        : { type: 'Warning', about: about(owner), reason: 'FailedCreate', message: `Error creating: ${answer.status.message}` },
  }
}

function deleting(kind: Kind, owner: Replicated, pod: Pod, has: number, wanted: number): Wish {
  return {
    request: remove(
      'pods',
      pod,
      reason('Deleted', `${kind.kind} ${keyOf(owner)} has ${has} pods and wants ${wanted}`, causeOf(kind.resource, owner)),
    ),
    tolerate: ['NotFound'],
    tells: (answer) =>
      answer.ok
        ? { type: 'Normal', about: about(owner), reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` }
        : answer.status.reason === 'NotFound'
          ? undefined
          : { type: 'Warning', about: about(owner), reason: 'FailedDelete', message: `Error deleting: ${answer.status.message}` },
  }
}

const adopting = (kind: Kind, owner: Replicated, pod: Pod): Wish => ({
  request: patch(
    'pods',
    pod,
    { metadata: { ownerReferences: asJson(adopted(pod, owner)) } },
    reason('Adopted', `its labels fit ${kind.kind} ${keyOf(owner)} and nobody controlled it`, causeOf(kind.resource, owner)),
  ),
  tolerate: ['NotFound'],
})

const releasing = (kind: Kind, owner: Replicated, pod: Pod): Wish => ({
  request: patch(
    'pods',
    pod,
    { metadata: { ownerReferences: asJson(released(pod, owner)) } },
    reason('Released', `its labels no longer fit ${kind.kind} ${keyOf(owner)}`, causeOf(kind.resource, owner)),
  ),
  tolerate: ['NotFound', 'Invalid'],
})
