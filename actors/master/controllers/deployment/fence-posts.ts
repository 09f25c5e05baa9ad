// The arithmetic of a rolling update: how many pods more, and how many fewer, than asked for.
import { scaledValue } from '../../../../model/intstr.ts'
import type { Deployment } from '../../../../model/schema/kinds/apps-v1.ts'

export const replicasOf = (object: { readonly spec?: { readonly replicas?: number } }): number => object.spec?.replicas ?? 1

export interface FencePosts {
  readonly surge: number
  readonly unavailable: number
}

/**
 * Surge is rounded up and unavailability down; when both come out as nothing, one pod may be unavailable, or the update
 * would stand still. Of 10: 25 %, 25 % → 3, 2. Of 1: 25 %, 25 % → 1, 0. Of 2: 0, 1 % → 0, 1.
 */
export function fencePosts(deployment: Deployment): FencePosts {
  const replicas = replicasOf(deployment)
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec?.strategy?.rollingUpdate ?? {}
  const surge = scaledValue(maxSurge, replicas, 'up') ?? 0
  const unavailable = scaledValue(maxUnavailable, replicas, 'down') ?? 0
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

export const isRolling = (deployment: Deployment): boolean =>
  (deployment.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'

export const maxSurge = (deployment: Deployment): number => (isRolling(deployment) ? fencePosts(deployment).surge : 0)

export function maxUnavailable(deployment: Deployment): number {
  const replicas = replicasOf(deployment)
  return isRolling(deployment) && replicas > 0 ? Math.min(fencePosts(deployment).unavailable, replicas) : 0
}

/** How large the new ReplicaSet may be now, when `current` pods are asked for by all ReplicaSets together. */
export function newReplicas(deployment: Deployment, newSize: number, current: number): number {
  const wanted = replicasOf(deployment)
  if (!isRolling(deployment)) return wanted
  const room = wanted + maxSurge(deployment) - current
  return room <= 0 ? newSize : newSize + Math.min(room, wanted - newSize)
}
