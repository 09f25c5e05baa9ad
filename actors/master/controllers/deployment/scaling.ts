// The next step of a rollout as sizes: which ReplicaSet becomes how large now. Nothing here knows of requests.
import type { Deployment, ReplicaSet } from '../../../../model/schema/kinds/apps-v1.ts'
import { isRolling, maxSurge, maxUnavailable, newReplicas, replicasOf } from './fence-posts.ts'
import { DESIRED_REPLICAS, type Generations, isActiveSet, MAX_REPLICAS } from './replica-sets.ts'

export interface Resize {
  readonly set: ReplicaSet
  readonly to: number
}

export const totalReplicas = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0)
const available = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0
const all = ({ newest, old }: Generations): readonly ReplicaSet[] => (newest === undefined ? old : [...old, newest])

/** Somebody changed `replicas` since the ReplicaSets were last sized. */
export const isScalingEvent = (deployment: Deployment, generations: Generations): boolean =>
  all(generations)
    .filter(isActiveSet)
    .some((set) => {
      const desired = set.metadata.annotations?.[DESIRED_REPLICAS]
      return desired !== undefined && Number(desired) !== replicasOf(deployment)
    })

/** First up, as far as the surge allows; then down, as far as enough pods are available. One direction at a time. */
export function rollingStep(deployment: Deployment, { newest, old }: Generations & { newest: ReplicaSet }): readonly Resize[] {
  const wanted = replicasOf(deployment)
  const size = replicasOf(newest)
  const to = size > wanted ? wanted : newReplicas(deployment, size, totalReplicas([...old, newest]))
  if (to !== size) return [{ set: newest, to }]
  return scaleDownOld(deployment, newest, old)
}

function scaleDownOld(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): readonly Resize[] {
  if (totalReplicas(old) === 0) return []
  const sets = [...old, newest]
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment)
  const newUnavailable = replicasOf(newest) - available(newest)
  const mayGo = totalReplicas(sets) - minAvailable - newUnavailable
  if (mayGo <= 0) return []
  const sizes = new Map(old.map((set) => [set, replicasOf(set)]))
  const shrink = (set: ReplicaSet, by: number): void => void sizes.set(set, (sizes.get(set) ?? 0) - by)
  // Pods that are not available cost nothing to give up, and would block the update for ever if they were kept.
  let left = mayGo
  for (const set of old) {
    const by = Math.min(left, Math.max(0, replicasOf(set) - available(set)))
    shrink(set, by)
    left -= by
  }
  let spare = sets.reduce((sum, set) => sum + available(set), 0) - minAvailable
  for (const set of old) {
    if (spare <= 0) break
    const by = Math.min(sizes.get(set) ?? 0, spare)
    shrink(set, by)
    spare -= by
  }
  return resizes(old, (set) => sizes.get(set) ?? 0)
}

/** All old ones to nothing; the new one is made when their pods have gone. */
export const recreateStep = (old: readonly ReplicaSet[]): readonly Resize[] => resizes(old, () => 0)

const resizes = (sets: readonly ReplicaSet[], size: (set: ReplicaSet) => number): readonly Resize[] =>
  sets.map((set) => ({ set, to: size(set) })).filter(({ set, to }) => to !== replicasOf(set))

/**
 * What follows when only `replicas` changed, or while paused. In the middle of a rollout growth and shrinkage are shared
 * out in proportion to the sizes, so that the risk stays spread. Returned also for sets whose size stays: their notes of
 * what was desired become stale.
 */
export function scaleStep(deployment: Deployment, generations: Generations): readonly Resize[] {
  const wanted = replicasOf(deployment)
  const { newest, old } = generations
  const only = activeOrLatest(generations)
  if (only !== undefined) return replicasOf(only) === wanted ? [] : [{ set: only, to: wanted }]
  if (newest !== undefined && isSaturated(deployment, newest)) return recreateStep(old.filter(isActiveSet))
  return isRolling(deployment) ? proportionally(deployment, all(generations).filter(isActiveSet)) : []
}

function activeOrLatest(generations: Generations): ReplicaSet | undefined {
  const active = all(generations).filter(isActiveSet)
  if (active.length > 1) return undefined
  return active[0] ?? generations.newest ?? generations.old.at(-1)
}

const isSaturated = (deployment: Deployment, newest: ReplicaSet): boolean => {
  const wanted = replicasOf(deployment)
  const desired = Number(newest.metadata.annotations?.[DESIRED_REPLICAS] ?? Number.NaN)
  return replicasOf(newest) === wanted && desired === wanted && available(newest) === wanted
}

function proportionally(deployment: Deployment, active: readonly ReplicaSet[]): readonly Resize[] {
  const wanted = replicasOf(deployment)
  const toAdd = (wanted > 0 ? wanted + maxSurge(deployment) : 0) - totalReplicas(active)
  const older = new Map(active.map((set, at) => [set, at]))
  const age = (set: ReplicaSet): number => older.get(set) ?? 0
  // The largest first; among equals the newer grows first and the older shrinks first.
  const sorted = active.toSorted((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? age(b) - age(a) : age(a) - age(b)))
  let added = 0
  const shares = sorted.map((set) => {
    const share = toAdd === added ? 0 : shareOf(deployment, set, toAdd, toAdd - added)
    added += share
    return share
  })
  return sorted.map((set, at) => {
    const leftover = at === 0 ? toAdd - added : 0
    return { set, to: Math.max(0, replicasOf(set) + (shares[at] ?? 0) + leftover) }
  })
}

function shareOf(deployment: Deployment, set: ReplicaSet, toAdd: number, allowed: number): number {
  const size = replicasOf(set)
  const wanted = replicasOf(deployment)
  if (size === 0 || toAdd === 0) return 0
  if (wanted === 0) return Math.max(-size, allowed)
  const noted = Number(set.metadata.annotations?.[MAX_REPLICAS] ?? 0)
  const before = noted > 0 ? noted : (deployment.status?.replicas ?? 0)
  if (before === 0) return 0
  const fraction = Math.round((size * (wanted + maxSurge(deployment))) / before) - size
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed)
}
