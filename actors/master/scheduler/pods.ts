// What the scheduler asks of pods and says about them.

import { semanticallyEqual } from '../../../model/equality.ts'
import type { Node, Pod } from '../../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../../model/time.ts'
import type { ApiRequest } from '../../ports/api.ts'
import { causeOf, reason } from '../controllers/controller.ts'
import { hasEnded, isTerminating, podCondition } from '../controllers/pods.ts'
import { asJson, patch, pathOf } from '../controllers/requests.ts'
import type { Placement } from './placement.ts'

const SCHEDULER_NAME = 'default-scheduler'

export const needsNode = (pod: Pod): boolean =>
  !pod.spec?.nodeName &&
  !isTerminating(pod) &&
  !hasEnded(pod) &&
  (pod.spec?.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME &&
  (pod.spec?.schedulingGates ?? []).length === 0

/** A pod takes up its node until it has ended, also while it terminates. */
export const occupies = (pod: Pod): boolean => Boolean(pod.spec?.nodeName) && !hasEnded(pod)

/** A node is new, or has changed in something that filters look at. Heartbeats change none of it. */
export const mayHelp = (before: Node | undefined, now: Node): boolean =>
  before === undefined ||
  !semanticallyEqual(before.spec, now.spec) ||
  !semanticallyEqual(before.metadata.labels, now.metadata.labels) ||
  !semanticallyEqual(before.status?.allocatable, now.status?.allocatable)

export const bindingRequest = (pod: Pod, placement: Placement & { nodeName: string }): ApiRequest => ({
  verb: 'create',
  ...pathOf('pods', pod.metadata.namespace, pod.metadata.name),
  subresource: 'binding',
  body: {
    contentType: 'application/json',
    value: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
      target: { kind: 'Node', name: placement.nodeName },
    },
  },
  why: reason(
    'Scheduled',
    `it lies best on ${placement.nodeName}`,
    causeOf('pods', pod),
    placement.perNode ? { perNode: placement.perNode } : {},
  ),
})

/** The condition that says why; undefined when it says so already. */
export function unschedulableRequest(
  pod: Pod,
  placement: Placement & { message: string },
  nowMs: number,
): ApiRequest | undefined {
  const before = podCondition(pod, 'PodScheduled')
  const { message } = placement
  if (before?.status === 'False' && before.reason === 'Unschedulable' && before.message === message) return undefined
  const now = formatTime(nowMs)
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastProbeTime: null,
    lastTransitionTime: before?.status === 'False' ? (before.lastTransitionTime ?? now) : now,
  }
  const others = (pod.status?.conditions ?? []).filter((other) => other.type !== 'PodScheduled')
  const why = reason('Unschedulable', message, causeOf('pods', pod), placement.perNode ? { perNode: placement.perNode } : {})
  return patch('pods', pod, { status: { conditions: asJson([...others, condition]) } }, why, 'status')
}
