// Whether a pod may run on a node, and if not why, in Kubernetes' words. In order; the first filter that objects speaks.
import type { Pod } from '../../../model/schema/kinds/core-v1.ts'
import { nodeFits } from './node-affinity.ts'
import type { NodeInfo, PodNeeds } from './node-cache.ts'
import { portsCollide } from './requests.ts'
import { firstUntolerated } from './tolerations.ts'

export interface Objection {
  readonly reasons: readonly string[]
  /** Whether the node could take the pod if other pods left. */
  readonly curable: boolean
}

type Filter = (pod: Pod, needs: PodNeeds, info: NodeInfo) => Objection | undefined

const never = (reason: string): Objection => ({ reasons: [reason], curable: false })

const UNSCHEDULABLE = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

const schedulable: Filter = (pod, _, { node }) =>
  node.spec?.unschedulable && firstUntolerated([UNSCHEDULABLE], pod.spec?.tolerations, ['NoSchedule'])
    ? never('node(s) were unschedulable')
    : undefined

const untainted: Filter = (pod, _, { node }) => {
  const taint = firstUntolerated(node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute'])
  return taint === undefined ? undefined : never(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`)
}

const selected: Filter = (pod, _, { node }) =>
  nodeFits(pod.spec ?? { containers: [] }, node) ? undefined : never("node(s) didn't match Pod's node affinity/selector")

const portsFree: Filter = (_, needs, { ports }) => {
  if (needs.ports.length === 0) return undefined
  for (const taken of ports.values())
    if (needs.ports.some((wanted) => taken.some((port) => portsCollide(wanted, port))))
      return { reasons: ["node(s) didn't have free ports for the requested pod ports"], curable: true }
  return undefined
}

const fits: Filter = (_, { requests }, { allocatable, requested, pods }) => {
  const reasons: string[] = []
  let curable = true
  if (pods.size + 1 > (allocatable.pods ?? 0)) reasons.push('Too many pods')
  for (const name in requests) {
    const wanted = requests[name] ?? 0
    const has = allocatable[name] ?? 0
    if (wanted === 0 || wanted <= has - (requested[name] ?? 0)) continue
    reasons.push(`Insufficient ${name}`)
    if (wanted > has) curable = false
  }
  return reasons.length === 0 ? undefined : { reasons, curable }
}

const FILTERS: readonly Filter[] = [schedulable, untainted, selected, portsFree, fits]

export function objection(pod: Pod, needs: PodNeeds, info: NodeInfo): Objection | undefined {
  for (const filter of FILTERS) {
    const found = filter(pod, needs, info)
    if (found !== undefined) return found
  }
  return undefined
}
