// Taints that follow from what a Node says of itself: its conditions, and whether it is cordoned. The taint that drives
// pods off an unreachable node is not among them: nodes/node.machine.ts sets it; here it is only taken away again.

import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject } from '../../../../model/object.ts'
import type { Node, Taint } from '../../../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../../../model/time.ts'
import { NOT_READY, readyStatus, UNREACHABLE } from '../../nodes/lost-node.ts'
import { type Controller, causeOf, type Decision, keyOf, NOTHING, reason, serviceAccountUser } from '../controller.ts'
import { asJson, patch } from '../requests.ts'

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'
const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
}
/** What this controller alone decides about; every other taint is left as it is. */
const OURS = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)])

export const nodeTaintsController = (): Controller => ({
  name: 'node-controller',
  user: serviceAccountUser('node-controller'),
  observes: [
    {
      resource: 'nodes',
      keysOf: ({ type, object, previous }) => (type === 'DELETED' || !concerns(previous, object) ? [] : [keyOf(object)]),
    },
  ],
  decide: (nodeName, { view, nowMs }) => {
    const node = view.get<Node>('nodes', '', nodeName)
    return node === undefined ? NOTHING : decideTaints(node, nowMs)
  },
})

const concerns = (before: KubeObject | undefined, now: KubeObject): boolean => {
  if (before === undefined || !semanticallyEqual(before.spec, now.spec)) return true
  const statuses = (object: KubeObject) =>
    (object as unknown as Node).status?.conditions?.map(({ type, status }) => [type, status])
  return !semanticallyEqual(statuses(before), statuses(now))
}

function wantedTaints(node: Node): readonly Pick<Taint, 'key' | 'effect'>[] {
  const wanted: Pick<Taint, 'key' | 'effect'>[] = []
  const ready = readyStatus(node)
  if (ready === 'False') wanted.push({ key: NOT_READY, effect: 'NoSchedule' }, { key: NOT_READY, effect: 'NoExecute' })
  if (ready === 'Unknown') wanted.push({ key: hasReported(node) ? UNREACHABLE : NOT_READY, effect: 'NoSchedule' })
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = PRESSURES[type]
    if (key !== undefined && status === 'True') wanted.push({ key, effect: 'NoSchedule' })
  }
  if (node.spec?.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' })
  return wanted
}

const hasReported = (node: Node): boolean => node.status?.conditions?.some(({ type }) => type === 'Ready') === true

export function decideTaints(node: Node, nowMs: number): Decision {
  const before = node.spec?.taints ?? []
  const wanted = wantedTaints(node)
  const isWanted = (taint: Taint): boolean => wanted.some(({ key, effect }) => key === taint.key && effect === taint.effect)
  const givenUp = (taint: Taint): boolean =>
    taint.key === UNREACHABLE && taint.effect === 'NoExecute' && readyStatus(node) === 'Unknown'
  const kept = before.filter((taint) => !OURS.has(taint.key) || isWanted(taint) || givenUp(taint))
  const added = wanted
    .filter(({ key, effect }) => !before.some((taint) => taint.key === key && taint.effect === effect))
    .map((taint) => ({ ...taint, timeAdded: formatTime(nowMs) }))
  if (added.length === 0 && kept.length === before.length) return NOTHING
  const taints = [...kept, ...added]
  const words = taints.map(({ key, effect }) => `${key}:${effect}`).join(', ') || 'none'
  const why = reason('Tainted', `taints by its conditions: ${words}`, causeOf('nodes', node))
  return { wishes: [{ request: patch('nodes', node, { spec: { taints: taints.length > 0 ? asJson(taints) : null } }, why) }] }
}
