// The status of a pod as its node reports it, whole, and the patch that brings it to the API.
import type { Json } from '../../model/object.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../model/time.ts'
import { containerStatus } from '../container/facts.ts'
import { conditionsOf } from './conditions.ts'
import { type FactsByName, hasEnded, type Phase, phaseOf } from './phase.ts'

/** Where the pod itself, not a container, is the reason. */
export interface Verdict {
  readonly phase: 'Failed'
  readonly reason: string
  readonly message: string
}

export interface StatusFacts {
  readonly pod: Pod
  readonly containers: FactsByName
  readonly podIp?: string
  readonly hostIp: string
  readonly isPrepared: boolean
  readonly startedAtMs: number
  /** Nothing of it will run again: a phase must say how it ended. */
  readonly isOver: boolean
  readonly verdict?: Verdict
  /** What was reported last. */
  readonly told?: PodStatus
  readonly nowMs: number
}

export function podStatus(facts: StatusFacts): PodStatus {
  const { pod, containers, podIp, hostIp, verdict } = facts
  const phase = verdict?.phase ?? phaseFor(facts)
  const init = pod.spec?.initContainers ?? []
  const waitingReason = init.length > 0 ? 'PodInitializing' : 'ContainerCreating'
  const statusOf = (container: Container): ContainerStatus => {
    const known = containers[container.name]
    return known ? containerStatus(known) : untouched(container, waitingReason, pod)
  }
  return {
    phase,
    conditions: conditionsOf({
      pod,
      phase,
      containers,
      isPrepared: facts.isPrepared,
      told: facts.told?.conditions,
      nowMs: facts.nowMs,
    }),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    ...(podIp ? { podIP: podIp, podIPs: [{ ip: podIp }] } : {}),
    startTime: pod.status?.startTime ?? facts.told?.startTime ?? formatTime(facts.startedAtMs),
    ...(init.length > 0 ? { initContainerStatuses: init.map(statusOf) } : {}),
    containerStatuses: (pod.spec?.containers ?? []).map(statusOf),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    ...(verdict ? { reason: verdict.reason, message: verdict.message } : {}),
  }
}

function phaseFor({ pod, containers, isOver, told }: StatusFacts): Phase {
  for (const before of [told?.phase, pod.status?.phase]) if (before === 'Succeeded' || before === 'Failed') return before
  const phase = phaseOf(pod, containers)
  return isOver && !hasEnded(phase) ? 'Failed' : phase
}

function untouched(container: Container, reason: string, pod: Pod): ContainerStatus {
  const before = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  return {
    image: container.image ?? '',
    imageID: '',
    lastState: {},
    name: container.name,
    ready: false,
    restartCount: before.find(({ name }) => name === container.name)?.restartCount ?? 0,
    started: false,
    state: { waiting: { reason } },
  }
}

/** Strategic, so that conditions of others stay; pinned to the uid, so that a successor of the same name is not meant. */
export const statusPatch = (pod: Pod, status: PodStatus): Json =>
  JSON.parse(JSON.stringify({ metadata: { uid: pod.metadata.uid }, status }))

/** Equal statuses are written once: what differs only by the time of asking is equal. */
export const sameStatus = (a: PodStatus | undefined, b: PodStatus): boolean =>
  a !== undefined && JSON.stringify(a) === JSON.stringify(b)
