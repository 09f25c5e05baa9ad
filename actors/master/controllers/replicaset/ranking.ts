// Which pods of a replica set go first when it has too many. Composed by name; the order is Kubernetes' (ActivePodsWithRanks).
import type { Pod } from '../../../../model/schema/kinds/core-v1.ts'
import { parseTime } from '../../../../model/time.ts'
import { isReady, readySinceMs } from '../pods.ts'

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const PHASES = ['Pending', 'Unknown', 'Running']

/** Negative when `a` is to go before `b`. */
type Comparison = (a: Pod, b: Pod) => number

const flag = (value: boolean): number => (value ? 1 : 0)
const firstThat =
  (...comparisons: readonly Comparison[]): Comparison =>
  (a, b) => {
    for (const compare of comparisons) {
      const order = compare(a, b)
      if (order !== 0) return order
    }
    return 0
  }

const unassignedFirst: Comparison = (a, b) => flag(Boolean(a.spec?.nodeName)) - flag(Boolean(b.spec?.nodeName))

const pendingFirst: Comparison = (a, b) =>
  PHASES.indexOf(a.status?.phase ?? 'Pending') - PHASES.indexOf(b.status?.phase ?? 'Pending')

const notReadyFirst: Comparison = (a, b) => flag(isReady(a)) - flag(isReady(b))

const deletionCost = (pod: Pod): number => {
  const text = pod.metadata.annotations?.[DELETION_COST] ?? '0'
  return /^-?\d+$/.test(text) ? Number(text) : 0
}
const cheaperFirst: Comparison = (a, b) => deletionCost(a) - deletionCost(b)

/** Ages are compared by their order of magnitude (base 2); within one, by uid, so that no zone's newest pods go together. */
const magnitude = (ageMs: number): number => Math.floor(Math.log2(Math.max(1, ageMs)))
const youngerFirst =
  (sinceMs: (pod: Pod) => number, nowMs: number): Comparison =>
  (a, b) => {
    const from = sinceMs(a)
    const to = sinceMs(b)
    if (from === to) return 0
    const order = magnitude(nowMs - from) - magnitude(nowMs - to)
    return order !== 0 ? order : (a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1
  }

const restarts = (pod: Pod): number => Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount))
const moreRestartsFirst: Comparison = (a, b) => restarts(b) - restarts(a)

/** How many pods of the same workload share each node. */
export function countByNode(pods: Iterable<Pod>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const pod of pods) {
    const node = pod.spec?.nodeName
    if (node) counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  return counts
}

export function podsToDelete(
  pods: readonly Pod[],
  count: number,
  perNode: ReadonlyMap<string, number>,
  nowMs: number,
): readonly Pod[] {
  if (count >= pods.length) return pods
  const neighbours = (pod: Pod): number => perNode.get(pod.spec?.nodeName ?? '') ?? 0
  const doubledUpFirst: Comparison = (a, b) => neighbours(b) - neighbours(a)
  const compare = firstThat(
    unassignedFirst,
    pendingFirst,
    notReadyFirst,
    cheaperFirst,
    doubledUpFirst,
    youngerFirst((pod) => readySinceMs(pod) ?? 0, nowMs),
    moreRestartsFirst,
    youngerFirst((pod) => parseTime(pod.metadata.creationTimestamp ?? '') ?? 0, nowMs),
  )
  return pods.toSorted(compare).slice(0, count)
}
