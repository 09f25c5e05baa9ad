// What a controller can tell of a pod from its object: whether it counts, is ready, is available.
import type { Pod, PodCondition } from '../../../model/schema/kinds/core-v1.ts'
import { parseTime } from '../../../model/time.ts'

export const podCondition = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type)

export const hasEnded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined

/** Neither ended nor told to end: what a workload counts. */
export const isActive = (pod: Pod): boolean => !hasEnded(pod) && !isTerminating(pod)

export const isReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True'

/** Since when the pod has been ready; undefined if it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const condition = podCondition(pod, 'Ready')
  return condition?.status === 'True' ? (parseTime(condition.lastTransitionTime ?? '') ?? 0) : undefined
}

/**
 * How long until a pod is available, that is ready for `minReadySeconds`: 0 if it is, Infinity if it is not even ready.
 * Ready since second 10 with 30 to wait, asked at second 25: 15 s.
 */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number {
  const since = readySinceMs(pod)
  if (since === undefined) return Number.POSITIVE_INFINITY
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1000 - nowMs)
}
