// Whether a container that has ended runs again, and after which pause.
import type { NodeTimings } from './timings.ts'

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

/**
 * The policy that holds for one container of a pod. Init containers run until they succeed, or once when the pod never
 * restarts; a container's own `Always` makes an init container a sidecar.
 */
export function effectivePolicy(podPolicy: string | undefined, own: string | undefined, isInit: boolean): RestartPolicy {
  if (own === 'Always' || own === 'OnFailure' || own === 'Never') return own
  if (isInit) return podPolicy === 'Never' ? 'Never' : 'OnFailure'
  return podPolicy === 'OnFailure' || podPolicy === 'Never' ? podPolicy : 'Always'
}

export const restarts = (policy: RestartPolicy, exitCode: number): boolean =>
  policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)

type BackOff = Pick<NodeTimings, 'crashBackOffMs' | 'crashBackOffMaxMs' | 'crashBackOffResetMs'>

/**
 * The pause before the next start. With 10 s, 300 s and a reset after 10 min:
 * first end → 0 s; then 10 s, 20 s, 40 s, … 300 s; an end after a run of 10 min → 0 s again.
 */
export function nextPauseMs(lastPauseMs: number | undefined, ranMs: number, timings: BackOff): number {
  if (lastPauseMs === undefined || ranMs >= timings.crashBackOffResetMs) return 0
  return doubled(lastPauseMs, timings.crashBackOffMs, timings.crashBackOffMaxMs)
}

/** 0 → first, then twice the last, at most max. */
export const doubled = (lastMs: number, firstMs: number, maxMs: number): number =>
  lastMs === 0 ? Math.min(firstMs, maxMs) : Math.min(lastMs * 2, maxMs)
