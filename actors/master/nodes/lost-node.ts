// What is written about a node that does not answer, in Kubernetes' words: its conditions become Unknown, its pods not
// ready, and when it is given up it gets the taint that drives its pods away.
import type { Json, KubeObject } from '../../../model/object.ts'
import type { Node, Pod, Taint } from '../../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../../model/time.ts'
import type { ApiRequest } from '../../ports/api.ts'
import { causeOf, reason } from '../controllers/controller.ts'
import { type EventNote, refer } from '../controllers/events.ts'
import { hasEnded, podCondition } from '../controllers/pods.ts'
import { asJson, patch } from '../controllers/requests.ts'

export const UNREACHABLE = 'node.kubernetes.io/unreachable'
export const NOT_READY = 'node.kubernetes.io/not-ready'

const OBSERVED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

export const readyStatus = (node: Node): string =>
  node.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown'

/** One write for the node, unless it is known to be lost already. */
export function nodeUnknown(node: Node, silence: string, nowMs: number): ApiRequest | undefined {
  const before = node.status?.conditions ?? []
  const now = formatTime(nowMs)
  const lost = OBSERVED.map((type) => {
    const condition = before.find((other) => other.type === type)
    if (condition?.status === 'Unknown' && condition.reason?.startsWith('NodeStatus')) return condition
    const known = condition !== undefined
    return {
      ...condition,
      type,
      status: 'Unknown',
      reason: known ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
      message: known ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
      lastHeartbeatTime: condition?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
      lastTransitionTime: now,
    }
  })
  if (lost.every((condition) => before.includes(condition))) return undefined
  const conditions = [...before.filter(({ type }) => !OBSERVED.includes(type)), ...lost]
  const why = reason('Unreachable', `node ${node.metadata.name} ${silence}`, causeOf('nodes', node))
  return patch('nodes', node, { status: { conditions: asJson(conditions) } }, why, 'status')
}

/** Traffic leaves the pods of a lost node by their condition Ready. */
export function podNotReady(pod: Pod, nodeName: string, nowMs: number): ApiRequest | undefined {
  const ready = podCondition(pod, 'Ready')
  if (hasEnded(pod) || ready?.status !== 'True') return undefined
  const condition = { ...ready, status: 'False', reason: 'NodeNotReady', lastTransitionTime: formatTime(nowMs) }
  const conditions = (pod.status?.conditions ?? []).map((other) => (other === ready ? condition : other))
  const why = reason('MarkedNotReady', `its node ${nodeName} is unreachable`, causeOf('pods', pod))
  return patch('pods', pod, { status: { conditions: asJson(conditions) } }, why, 'status')
}

/** The taint that takes effect on running pods. */
export function nodeGivenUp(node: Node, nowMs: number): ApiRequest | undefined {
  const taints = node.spec?.taints ?? []
  if (taints.some(({ key, effect }) => key === UNREACHABLE && effect === 'NoExecute')) return undefined
  const kept = taints.filter(({ key, effect }) => !(key === NOT_READY && effect === 'NoExecute'))
  const taint: Taint = { key: UNREACHABLE, effect: 'NoExecute', timeAdded: formatTime(nowMs) }
  const why = reason('Evicting', `node ${node.metadata.name} has not come back`, causeOf('nodes', node))
  return patch('nodes', node, { spec: { taints: asJson([...kept, taint]) as Json } }, why)
}

export const nodeNotReadyNote = (node: Node): EventNote => ({
  type: 'Normal',
  about: refer(node as unknown as KubeObject),
  reason: 'NodeNotReady',
  message: `Node ${node.metadata.name} status is now: NodeNotReady`,
})

export const podNodeNotReadyNote = (pod: Pod): EventNote => ({
  type: 'Warning',
  about: refer(pod as unknown as KubeObject),
  reason: 'NodeNotReady',
  message: 'Node is not ready',
})
