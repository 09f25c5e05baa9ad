// Rows of pods.
import type { Pod } from '../schema/kinds/core-v1.ts'
import { humanDuration } from '../time.ts'
import { AGE, age, column, NAME, NONE, nameOf, printer, type RowCondition, wide } from './columns.ts'
import { summarizePod } from './pod-status.ts'

export const pods = printer<Pod>(
  [
    NAME,
    column('Ready', 'Containers that are ready, of all.'),
    column('Status', 'How the pod is, as its containers tell.'),
    column('Restarts', 'How often its containers were restarted, and when last.'),
    AGE,
    wide('IP', 'The address of the pod.'),
    wide('Node', 'The node that the pod is bound to.'),
    wide('Nominated Node', 'The node where room is being made for the pod.'),
    wide('Readiness Gates', 'Conditions from outside that are met, of those that the pod waits for.'),
  ],
  (pod, nowMs) => {
    const { status, ready, total, restarts, lastRestartMs } = summarizePod(pod)
    const ago = restarts > 0 && lastRestartMs !== undefined ? ` (${humanDuration(nowMs - lastRestartMs)} ago)` : ''
    return [
      nameOf(pod),
      `${ready}/${total}`,
      status,
      `${restarts}${ago}`,
      age(pod, nowMs),
      pod.status?.podIPs?.[0]?.ip || NONE,
      pod.spec?.nodeName || NONE,
      pod.status?.nominatedNodeName || NONE,
      gatesText(pod),
    ]
  },
  (pod) => ended[pod.status?.phase ?? ''],
)

function gatesText(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? []
  if (gates.length === 0) return NONE
  const met = new Set((pod.status?.conditions ?? []).filter((c) => c.status === 'True').map((c) => c.type))
  return `${gates.filter((gate) => met.has(gate.conditionType)).length}/${gates.length}`
}

const completed = (reason: string, message: string): readonly RowCondition[] => [
  { type: 'Completed', status: 'True', reason, message },
]

/** Words as an API server answers them. */
const ended: Readonly<Record<string, readonly RowCondition[]>> = {
  Succeeded: completed('Succeeded', 'The pod has completed successfully.'),
  Failed: completed('Failed', 'The pod failed.'),
}
