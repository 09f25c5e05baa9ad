// How well a pod lies on a node, 0 to 100 a criterion; weights as in Kubernetes' default profile.
import type { Pod } from '../../../model/schema/kinds/core-v1.ts'
import { preference } from './node-affinity.ts'
import type { NodeInfo, PodNeeds } from './node-cache.ts'
import { tolerates } from './tolerations.ts'

const WEIGHTS = { taints: 3, affinity: 2, spread: 2, least: 1, balanced: 1 }

/** One score for each node, in their order. */
export function scores(pod: Pod, needs: PodNeeds, nodes: readonly NodeInfo[]): readonly number[] {
  const spread = lessIsBetter(nodes.map((info) => info.workloads.get(needs.workload) ?? 0))
  const taints = lessIsBetter(nodes.map((info) => unwelcome(pod, info)))
  const affinity = moreIsBetter(nodes.map((info) => preference(pod.spec ?? { containers: [] }, info.node)))
  return nodes.map(
    (info, at) =>
      WEIGHTS.taints * (taints[at] ?? 0) +
      WEIGHTS.affinity * (affinity[at] ?? 0) +
      WEIGHTS.spread * (spread[at] ?? 0) +
      WEIGHTS.least * leastAllocated(needs, info) +
      WEIGHTS.balanced * balanced(needs, info),
  )
}

const lessIsBetter = (values: readonly number[]): readonly number[] => {
  const most = Math.max(...values)
  return values.map((value) => (most === 0 ? 100 : Math.floor((100 * (most - value)) / most)))
}

const moreIsBetter = (values: readonly number[]): readonly number[] => {
  const most = Math.max(...values)
  return values.map((value) => (most === 0 ? 0 : Math.floor((100 * value) / most)))
}

const unwelcome = (pod: Pod, { node }: NodeInfo): number =>
  (node.spec?.taints ?? []).filter(
    (taint) =>
      taint.effect === 'PreferNoSchedule' && !(pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  ).length

const fraction = (used: number, of: number): number => (of === 0 ? 1 : Math.min(1, used / of))

function fractions({ scored }: PodNeeds, info: NodeInfo): readonly [number, number] {
  const { cpu = 0, memory = 0 } = info.allocatable
  return [fraction(info.scored.cpu + scored.cpu, cpu), fraction(info.scored.memory + scored.memory, memory)]
}

/** Half of the CPU and a quarter of the memory used: (50 + 75) / 2 → 62. */
function leastAllocated(needs: PodNeeds, info: NodeInfo): number {
  const [cpu, memory] = fractions(needs, info)
  return Math.floor(((1 - cpu) * 100 + (1 - memory) * 100) / 2)
}

/** CPU and memory used in like measure; half and a quarter → 87. */
function balanced(needs: PodNeeds, info: NodeInfo): number {
  const [cpu, memory] = fractions(needs, info)
  return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100)
}
