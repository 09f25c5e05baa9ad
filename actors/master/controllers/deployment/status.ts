// What a Deployment says of itself: counts and conditions, with Kubernetes' reasons and messages, which
// `kubectl rollout status` reads.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../../../model/schema/kinds/apps-v1.ts'
import { formatTime, parseTime } from '../../../../model/time.ts'
import { maxUnavailable, replicasOf } from './fence-posts.ts'
import type { Generations } from './replica-sets.ts'
import { totalReplicas } from './scaling.ts'

/** A deadline of this many seconds means: none. */
const NO_DEADLINE = 2_147_483_647

type Conditions = readonly DeploymentCondition[]

const deadlineSeconds = (deployment: Deployment): number | undefined => {
  const seconds = deployment.spec?.progressDeadlineSeconds ?? 600
  return seconds === NO_DEADLINE ? undefined : seconds
}

const find = (conditions: Conditions, type: string): DeploymentCondition | undefined => conditions.find((c) => c.type === type)

/** The same status and reason are the same condition: its times and message stay. */
function withCondition(
  conditions: Conditions,
  type: string,
  status: string,
  reason: string,
  message: string,
  nowMs: number,
): Conditions {
  const before = find(conditions, type)
  if (before?.status === status && before.reason === reason) return conditions
  const now = formatTime(nowMs)
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now
  return [
    ...conditions.filter((c) => c.type !== type),
    { type, status, lastUpdateTime: now, lastTransitionTime, reason, message },
  ]
}

/** The conditions that a step of the rollout sets: which ReplicaSet was made or found, whether it is paused. */
export function progressed(
  deployment: Deployment,
  conditions: Conditions,
  reason: string,
  message: string,
  nowMs: number,
): Conditions {
  if (deadlineSeconds(deployment) === undefined) return conditions
  const status =
    reason === 'DeploymentPaused' || reason === 'DeploymentResumed'
      ? 'Unknown'
      : reason === 'ReplicaSetCreateError'
        ? 'False'
        : 'True'
  return withCondition(conditions, 'Progressing', status, reason, message, nowMs)
}

export function pauseNoted(deployment: Deployment, conditions: Conditions, nowMs: number): Conditions {
  const { reason } = find(conditions, 'Progressing') ?? {}
  if (reason === 'ProgressDeadlineExceeded') return conditions
  const paused = deployment.spec?.paused === true
  if (paused && reason !== 'DeploymentPaused')
    return progressed(deployment, conditions, 'DeploymentPaused', 'Deployment is paused', nowMs)
  if (!paused && reason === 'DeploymentPaused')
    return progressed(deployment, conditions, 'DeploymentResumed', 'Deployment is resumed', nowMs)
  return conditions
}

export function countedStatus(
  deployment: Deployment,
  { newest, old }: Generations,
  conditions: Conditions,
  nowMs: number,
): DeploymentStatus {
  const sets = newest === undefined ? old : [...old, newest]
  const sum = (count: (status: NonNullable<ReplicaSet['status']>) => number | undefined): number =>
    sets.reduce((total, set) => total + (set.status === undefined ? 0 : (count(set.status) ?? 0)), 0)
  const available = sum((status) => status.availableReplicas)
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment)
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sum((status) => status.replicas) || undefined,
    updatedReplicas: newest?.status?.replicas || undefined,
    readyReplicas: sum((status) => status.readyReplicas) || undefined,
    availableReplicas: available || undefined,
    unavailableReplicas: Math.max(0, totalReplicas(sets) - available) || undefined,
    terminatingReplicas: sum((status) => status.terminatingReplicas),
    collisionCount: deployment.status?.collisionCount,
    conditions: enough
      ? withCondition(conditions, 'Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', nowMs)
      : withCondition(
          conditions,
          'Available',
          'False',
          'MinimumReplicasUnavailable',
          'Deployment does not have minimum availability.',
          nowMs,
        ),
  }
}

/** What keeps a ReplicaSet from its pods keeps the Deployment; the new one's trouble counts first. */
export function failureNoted(conditions: Conditions, { newest, old }: Generations, nowMs: number): Conditions {
  const failure = [newest, ...old].flatMap((set) => set?.status?.conditions ?? []).find(({ type }) => type === 'ReplicaFailure')
  if (failure === undefined) return conditions.filter(({ type }) => type !== 'ReplicaFailure')
  return withCondition(conditions, 'ReplicaFailure', failure.status, failure.reason ?? '', failure.message ?? '', nowMs)
}

/** The condition Progressing after a step of the rollout, and when to look again whether it is stuck. */
export function rolloutStatus(
  deployment: Deployment,
  counted: DeploymentStatus,
  newest: ReplicaSet | undefined,
  nowMs: number,
): { readonly status: DeploymentStatus; readonly againAfterMs?: number } {
  const seconds = deadlineSeconds(deployment)
  const before = counted.conditions ?? []
  if (seconds === undefined) return { status: { ...counted, conditions: before.filter((c) => c.type !== 'Progressing') } }
  const current = find(before, 'Progressing')
  const whole = newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`
  const finished = current?.reason === 'NewReplicaSetAvailable' && counted.replicas === counted.updatedReplicas
  let conditions = before
  if (!finished) {
    if (isComplete(deployment, counted))
      conditions = withCondition(
        before,
        'Progressing',
        'True',
        'NewReplicaSetAvailable',
        `${whole} has successfully progressed.`,
        nowMs,
      )
    else if (hasProgressed(deployment.status ?? {}, counted)) {
      // Written anew each time: the deadline counts from the last progress.
      const now = formatTime(nowMs)
      const lastTransitionTime = current?.status === 'True' ? current.lastTransitionTime : now
      const condition = {
        type: 'Progressing',
        status: 'True',
        lastUpdateTime: now,
        lastTransitionTime,
        reason: 'ReplicaSetUpdated',
        message: `${whole} is progressing.`,
      }
      conditions = [...before.filter((c) => c.type !== 'Progressing'), condition]
    } else if (deadlineMs(current, seconds) < nowMs)
      conditions = withCondition(
        before,
        'Progressing',
        'False',
        'ProgressDeadlineExceeded',
        `${whole} has timed out progressing.`,
        nowMs,
      )
  }
  const after = find(conditions, 'Progressing')
  const dueMs = deadlineMs(after, seconds)
  const waits = !isComplete(deployment, counted) && Number.isFinite(dueMs) && after?.reason !== 'ProgressDeadlineExceeded'
  return { status: { ...counted, conditions }, ...(waits ? { againAfterMs: Math.max(0, dueMs - nowMs) + 1000 } : {}) }
}

/** When the rollout counts as stuck; never, when it has arrived or has not begun. */
function deadlineMs(progressing: DeploymentCondition | undefined, seconds: number): number {
  if (progressing === undefined || progressing.reason === 'NewReplicaSetAvailable') return Number.POSITIVE_INFINITY
  return (parseTime(progressing.lastUpdateTime ?? '') ?? Number.POSITIVE_INFINITY) + seconds * 1000
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment)
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0)
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}
