// Leads the pods of a Deployment from one template to the next, by making and sizing ReplicaSets.
import { controllerOf, type KubeObject } from '../../../../model/object.ts'
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../../../model/schema/kinds/apps-v1.ts'
import type { Pod } from '../../../../model/schema/kinds/core-v1.ts'
import { selectorOf } from '../../../../model/selectors.ts'
import type { Reason } from '../../../ports/api.ts'
import type { Change, View } from '../../../ports/view.ts'
import {
  type Controller,
  causeOf,
  type Decision,
  itself,
  keyOf,
  NOTHING,
  partsOf,
  reason,
  serviceAccountUser,
  type Wish,
} from '../controller.ts'
import { difference } from '../difference.ts'
import { type EventNote, refer } from '../events.ts'
import { Orphans } from '../orphans.ts'
import { adopted, claim, released } from '../ownership.ts'
import { hasEnded } from '../pods.ts'
import { asJson, create, patch, patchOwn, remove } from '../requests.ts'
import { isRolling, newReplicas, replicasOf } from './fence-posts.ts'
import {
  beyondHistory,
  type Generations,
  generations,
  missingAnnotations,
  newReplicaSet,
  nextRevision,
  REVISION,
  replicasAnnotations,
} from './replica-sets.ts'
import { isScalingEvent, type Resize, recreateStep, rollingStep, scaleStep, totalReplicas } from './scaling.ts'
import { countedStatus, failureNoted, isComplete, pauseNoted, progressed, rolloutStatus } from './status.ts'
import { sameTemplate } from './template-hash.ts'

const SETS = 'replicasets.apps'
const DEPLOYMENTS = 'deployments.apps'

export function deploymentController(): Controller {
  const orphans = new Orphans()
  return {
    name: 'deployment-controller',
    user: serviceAccountUser('deployment-controller'),
    observes: [
      itself(DEPLOYMENTS),
      {
        resource: SETS,
        keysOf: (change, view) => {
          orphans.note(change)
          return keysOfSet(change, view)
        },
      },
      { resource: 'pods', keysOf: keysOfGonePod },
    ],
    decide: (key, { view, nowMs }) => {
      const { namespace, name } = partsOf(key)
      const deployment = view.get<Deployment>(DEPLOYMENTS, namespace, name)
      if (deployment === undefined) return NOTHING
      const candidates = [
        ...view.ownedBy<ReplicaSet>(SETS, deployment.metadata.uid ?? ''),
        ...orphans.in<ReplicaSet>(view, SETS, namespace),
      ]
      return decideDeployment(deployment, candidates, view, nowMs)
    },
  }
}

function* keysOfSet({ object, previous }: Change, view: View): Iterable<string> {
  for (const set of previous === undefined ? [object] : [object, previous]) {
    const controller = controllerOf(set)
    if (controller?.kind === 'Deployment') yield `${set.metadata.namespace}/${controller.name}`
  }
  if (controllerOf(object) !== undefined) return
  for (const deployment of view.list<Deployment>(DEPLOYMENTS, object.metadata.namespace))
    if (selectorOf(deployment.spec?.selector).matches(object.metadata.labels)) yield keyOf(deployment)
}

/** Recreate waits for the last old pod to go. */
function* keysOfGonePod({ type, object }: Change, view: View): Iterable<string> {
  if (type !== 'DELETED') return
  const set = controllerOf(object)
  if (set?.kind !== 'ReplicaSet') return
  const controller = controllerOf(view.get<KubeObject>(SETS, object.metadata.namespace ?? '', set.name) ?? { metadata: {} })
  if (controller?.kind === 'Deployment') yield `${object.metadata.namespace}/${controller.name}`
}

/** A step as the rollout sees it: what to do, and what to say of it in the condition Progressing. */
interface Step {
  readonly wishes: readonly Wish[]
  readonly events?: readonly EventNote[]
  readonly progress?: { readonly reason: string; readonly message: string }
  /** The rollout is not what moves it: the condition Progressing stays. */
  readonly scalingOnly?: boolean
}

function decideDeployment(deployment: Deployment, candidates: readonly ReplicaSet[], view: View, nowMs: number): Decision {
  const { matchLabels = {}, matchExpressions = [] } = deployment.spec?.selector ?? {}
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) return selectsAll(deployment)
  const selector = selectorOf(deployment.spec?.selector)
  const claims = claim(deployment, candidates, (set) => selector.matches(set.metadata.labels))
  const ownership: Wish[] = [
    ...claims.adopt.map((set) => ownerChanged(deployment, set, 'Adopted')),
    ...claims.release.map((set) => ownerChanged(deployment, set, 'Released')),
  ]
  const sets = generations(deployment, [...claims.mine, ...claims.adopt])
  const before = deployment.status?.conditions ?? []
  const noted = failureNoted(pauseNoted(deployment, before, nowMs), sets, nowMs)
  const ending = deployment.metadata.deletionTimestamp !== undefined
  const step = ending ? { wishes: [], scalingOnly: true } : nextStep(deployment, sets, view)
  const conditions =
    step.progress === undefined ? noted : progressed(deployment, noted, step.progress.reason, step.progress.message, nowMs)
  const counted = countedStatus(deployment, sets, conditions, nowMs)
  const { status, againAfterMs } = step.scalingOnly
    ? { status: counted, againAfterMs: undefined }
    : rolloutStatus(deployment, counted, sets.newest, nowMs)
  return {
    wishes: [...ownership, ...step.wishes, ...statusWish(deployment, sets.newest, status)],
    ...(step.events === undefined ? {} : { events: step.events }),
    ...(againAfterMs === undefined ? {} : { againAfterMs }),
  }
}

/** Recording a revision comes before anything else; scaling before rolling; clean-up when all has arrived. */
function nextStep(deployment: Deployment, sets: Generations, view: View): Step {
  const { newest, old } = sets
  const revision = nextRevision(old)
  if (newest !== undefined) {
    const missing = missingAnnotations(deployment, newest, revision)
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0
    if (Object.keys(missing).length > 0 || (newest.spec?.minReadySeconds ?? 0) !== minReadySeconds) {
      const changes = { metadata: { annotations: missing }, spec: { minReadySeconds } }
      const why = because(deployment, 'RevisionRecorded', `it has the newest template of deployment ${keyOf(deployment)}`)
      return { wishes: [{ request: patch(SETS, newest, changes, why) }], ...foundUnlessKnown(deployment, newest) }
    }
  }
  if (deployment.spec?.paused || isScalingEvent(deployment, sets)) {
    const scaled = resizing(deployment, scaleStep(deployment, sets))
    return {
      ...scaled,
      wishes: [...scaled.wishes, ...(deployment.spec?.paused ? cleaning(deployment, old) : [])],
      scalingOnly: true,
    }
  }
  const step = isRolling(deployment) ? rolling(deployment, sets, revision, view) : recreating(deployment, sets, revision, view)
  if (step.wishes.length > 0 || newest === undefined) return step
  const found = foundUnlessKnown(deployment, newest)
  return isComplete(deployment, deployment.status ?? {})
    ? { wishes: cleaning(deployment, old), ...found }
    : { wishes: [], ...found }
}

function rolling(deployment: Deployment, { newest, old }: Generations, revision: number, view: View): Step {
  if (newest === undefined) return making(deployment, revision, newReplicas(deployment, 0, totalReplicas(old)), view)
  return resizing(deployment, rollingStep(deployment, { newest, old }))
}

function recreating(deployment: Deployment, { newest, old }: Generations, revision: number, view: View): Step {
  const down = recreateStep(old)
  if (down.length > 0) return resizing(deployment, down)
  if (haveRunningPods(old, view)) return { wishes: [] }
  if (newest === undefined) return making(deployment, revision, replicasOf(deployment), view)
  const wanted = replicasOf(deployment)
  return resizing(deployment, replicasOf(newest) === wanted ? [] : [{ set: newest, to: wanted }])
}

function haveRunningPods(old: readonly ReplicaSet[], view: View): boolean {
  for (const set of old) for (const pod of view.ownedBy<Pod>('pods', set.metadata.uid ?? '')) if (!hasEnded(pod)) return true
  return false
}

const because = (deployment: Deployment, decision: string, message: string): Reason =>
  reason(decision, message, causeOf(DEPLOYMENTS, deployment))

const about = (deployment: Deployment) => refer(deployment as unknown as KubeObject)

const foundUnlessKnown = (deployment: Deployment, newest: ReplicaSet): Pick<Step, 'progress'> =>
  deployment.status?.conditions?.some((condition) => condition.type === 'Progressing')
    ? {}
    : { progress: { reason: 'FoundNewReplicaSet', message: `Found new replica set "${newest.metadata.name}"` } }

function making(deployment: Deployment, revision: number, replicas: number, view: View): Step {
  const set = newReplicaSet(deployment, revision, replicas)
  const name = set.metadata.name ?? ''
  const taken = view.get<ReplicaSet>(SETS, deployment.metadata.namespace ?? '', name)
  if (taken !== undefined) return collision(deployment, taken)
  return {
    wishes: [
      {
        request: create(
          SETS,
          set,
          because(deployment, 'Created', `deployment ${keyOf(deployment)} has a new template, revision ${revision}`),
        ),
        tells: (answer) =>
          !answer.ok
            ? {
                type: 'Warning',
                about: about(deployment),
                reason: 'ReplicaSetCreateError',
                message: `Failed to create new replica set "${name}": ${answer.status.message}`,
              }
            : replicas === 0
              ? undefined
              : scaledNote(deployment, name, 0, replicas),
      },
    ],
    progress: { reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` },
  }
}

/** The name is taken: by one of ours that is about to be seen, or by a stranger, and then the next hash is tried. */
function collision(deployment: Deployment, taken: ReplicaSet): Step {
  const ours =
    controllerOf(taken)?.uid === deployment.metadata.uid && sameTemplate(taken.spec?.template, deployment.spec?.template)
  if (ours) return { wishes: [] }
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1
  return { wishes: [{ request: patchOwn(DEPLOYMENTS, deployment, { status: { collisionCount } }, undefined, 'status') }] }
}

const scaledNote = (deployment: Deployment, name: string, from: number, to: number): EventNote => ({
  type: 'Normal',
  about: about(deployment),
  reason: 'ScalingReplicaSet',
  message: `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`,
})

function resizing(deployment: Deployment, steps: readonly Resize[]): Step {
  const wishes: Wish[] = []
  for (const { set, to } of steps) {
    const from = replicasOf(set)
    const annotations = difference(set.metadata.annotations, { ...set.metadata.annotations, ...replicasAnnotations(deployment) })
    if (to === from && annotations === undefined) continue
    const why = because(
      deployment,
      'Scaled',
      `deployment ${keyOf(deployment)} wants ${replicasOf(deployment)} pods, this step from ${from} to ${to}`,
    )
    wishes.push({
      request: patch(
        SETS,
        set,
        { spec: { replicas: to }, ...(annotations === undefined ? {} : { metadata: { annotations } }) },
        why,
      ),
      tells: (answer) => (answer.ok && to !== from ? scaledNote(deployment, set.metadata.name ?? '', from, to) : undefined),
    })
  }
  return { wishes }
}

const cleaning = (deployment: Deployment, old: readonly ReplicaSet[]): Wish[] =>
  beyondHistory(deployment, old).map((set) => ({
    request: remove(SETS, set, because(deployment, 'Deleted', 'it lies beyond revisionHistoryLimit and has no pods'), {
      propagationPolicy: 'Background',
    }),
    tolerate: ['NotFound'],
  }))

/** The revision is an annotation, and is written together with the status, as writing it alone would count as a change of the spec. */
function statusWish(deployment: Deployment, newest: ReplicaSet | undefined, status: DeploymentStatus): Wish[] {
  const changes = difference(deployment.status, status)
  const revision = newest?.metadata.annotations?.[REVISION]
  const annotations =
    revision !== undefined && deployment.metadata.annotations?.[REVISION] !== revision ? { [REVISION]: revision } : undefined
  if (changes === undefined && annotations === undefined) return []
  const body = {
    ...(changes === undefined ? {} : { status: changes }),
    ...(annotations === undefined ? {} : { metadata: { annotations } }),
  }
  return [{ request: patchOwn(DEPLOYMENTS, deployment, body, undefined, 'status'), tolerate: ['NotFound'] }]
}

function ownerChanged(deployment: Deployment, set: ReplicaSet, decision: 'Adopted' | 'Released'): Wish {
  const ownerReferences = decision === 'Adopted' ? adopted(set, deployment) : released(set, deployment)
  const message = `its labels ${decision === 'Adopted' ? 'fit' : 'no longer fit'} deployment ${keyOf(deployment)}`
  return {
    request: patch(SETS, set, { metadata: { ownerReferences: asJson(ownerReferences) } }, because(deployment, decision, message)),
    tolerate: ['NotFound'],
  }
}

function selectsAll(deployment: Deployment): Decision {
  const message = 'This deployment is selecting all pods. A non-empty selector is required.'
  return { wishes: [], events: [{ type: 'Warning', about: about(deployment), reason: 'SelectingAll', message }] }
}
