// The conditions that a node sets on its pods. Those of others (DisruptionTarget, readiness gates) stay;
// PodScheduled holds for whatever has come here, whoever bound it.
import type { Pod, PodCondition } from '../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../model/time.ts'
import { type FactsByName, hasEnded, initDone, type Phase } from './phase.ts'

interface Judgement {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}

export interface PodFacts {
  readonly pod: Pod
  readonly phase: Phase
  readonly containers: FactsByName
  /** Volumes and network are there. */
  readonly isPrepared: boolean
  /** The conditions reported last, which the API may not yet show. */
  readonly told?: readonly PodCondition[]
  readonly nowMs: number
}

export function conditionsOf(facts: PodFacts): PodCondition[] {
  const { pod, nowMs } = facts
  const before = [...(facts.told ?? []), ...(pod.status?.conditions ?? [])]
  const ready = containersReady(facts)
  const own: Judgement[] = [
    { type: 'PodReadyToStartContainers', status: facts.isPrepared && !hasEnded(facts.phase) ? 'True' : 'False' },
    initialized(facts),
    podReady(ready, pod),
    { ...ready, type: 'ContainersReady' },
    { type: 'PodScheduled', status: 'True' },
  ]
  const generation = pod.metadata.generation
  return own.map((judgement) => {
    const last = before.find(({ type }) => type === judgement.type)
    const unchanged = last?.status === judgement.status
    return {
      ...judgement,
      lastTransitionTime: unchanged && last.lastTransitionTime ? last.lastTransitionTime : formatTime(nowMs),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    }
  })
}

function initialized({ pod, phase, containers }: PodFacts): Judgement {
  const type = 'Initialized'
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' }
  const missing = (pod.spec?.initContainers ?? []).filter((container) => !initDone(container, containers))
  if (missing.length === 0) return { type, status: 'True' }
  const names = missing.map(({ name }) => name).join(' ')
  return { type, status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${names}]` }
}

function containersReady({ pod, phase, containers }: PodFacts): Judgement {
  const type = 'Ready'
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' }
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const all = [...sidecars, ...(pod.spec?.containers ?? [])].map(({ name }) => name)
  const unready = all.filter((name) => !containers[name]?.ready)
  if (unready.length === 0) return { type, status: 'True' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

function podReady(ready: Judgement, pod: Pod): Judgement {
  if (ready.status === 'False') return ready
  const missing = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = pod.status?.conditions?.find(({ type }) => type === conditionType)
    if (found?.status === 'True') return []
    return found
      ? `the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`
      : `corresponding condition of pod readiness gate "${conditionType}" does not exist.`
  })
  if (missing.length === 0) return ready
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: missing.join(', ') }
}
