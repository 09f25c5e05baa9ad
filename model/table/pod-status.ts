// The one word by which `kubectl get pods` says how a pod is, how many of its containers are ready, and how often they were
// restarted. The order of the questions is that of Kubernetes' printer: deletion over containers over init containers over
// the reason of the pod over its phase.
import type { ContainerState, ContainerStatus, Pod } from '../schema/kinds/core-v1.ts'
import { parseTime } from '../time.ts'
import { isBeingDeleted } from './columns.ts'

export interface PodSummary {
  /** `Running`, `Init:0/2`, `CrashLoopBackOff`, `Terminating`, … */
  readonly status: string
  readonly ready: number
  /** Sidecars count, other init containers do not. */
  readonly total: number
  readonly restarts: number
  readonly lastRestartMs: number | undefined
}

export function summarizePod(pod: Pod): PodSummary {
  const { phase, reason } = pod.status ?? {}
  const conditions = pod.status?.conditions ?? []
  const gated = conditions.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')
  const sidecars = sidecarNames(pod)
  const init = summarizeInit(pod, sidecars)
  const initialized = init.waitsFor === undefined || conditions.some((c) => c.type === 'Initialized' && c.status === 'True')
  const main = initialized ? summarizeContainers(pod) : undefined
  const restarts = main ? plus(init.sidecarRestarts, main.restarts) : init.restarts
  const withoutContainers = gated ? 'SchedulingGated' : reason || (phase ?? '')
  return {
    status: deletionStatus(pod) ?? main?.status ?? init.waitsFor ?? withoutContainers,
    ready: init.ready + (main?.ready ?? 0),
    total: (pod.spec?.containers ?? []).length + sidecars.size,
    restarts: restarts.count,
    lastRestartMs: restarts.lastMs,
  }
}

/** A pod that has ended keeps saying how, also while it is deleted. */
function deletionStatus(pod: Pod): string | undefined {
  if (!isBeingDeleted(pod)) return undefined
  if (pod.status?.reason === 'NodeLost') return 'Unknown'
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' ? undefined : 'Terminating'
}

interface Restarts {
  readonly count: number
  readonly lastMs: number | undefined
}

const noRestarts: Restarts = { count: 0, lastMs: undefined }

const plus = (a: Restarts, b: Restarts): Restarts => ({
  count: a.count + b.count,
  lastMs: a.lastMs === undefined ? b.lastMs : b.lastMs === undefined ? a.lastMs : Math.max(a.lastMs, b.lastMs),
})

function restartsOf(status: ContainerStatus): Restarts {
  const finishedAt = status.lastState?.terminated?.finishedAt
  return { count: status.restartCount ?? 0, lastMs: finishedAt ? parseTime(finishedAt) : undefined }
}

/** Init containers that go on running beside the others. */
const sidecarNames = (pod: Pod): ReadonlySet<string> =>
  new Set((pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name))

interface InitSummary {
  /** What the first init container that is not done says; undefined when all are done. */
  readonly waitsFor: string | undefined
  readonly ready: number
  readonly restarts: Restarts
  readonly sidecarRestarts: Restarts
}

function summarizeInit(pod: Pod, sidecars: ReadonlySet<string>): InitSummary {
  let ready = 0
  let restarts = noRestarts
  let sidecarRestarts = noRestarts
  for (const [i, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(status.name)
    restarts = plus(restarts, restartsOf(status))
    if (sidecar) sidecarRestarts = plus(sidecarRestarts, restartsOf(status))
    if (status.state?.terminated && (status.state.terminated.exitCode ?? 0) === 0) continue
    if (sidecar && status.started === true) {
      if (status.ready) ready += 1
      continue
    }
    const detail = initDetail(status.state, i, pod.spec?.initContainers?.length ?? 0)
    return { waitsFor: `Init:${detail}`, ready, restarts, sidecarRestarts }
  }
  return { waitsFor: undefined, ready, restarts, sidecarRestarts }
}

function initDetail(state: ContainerState | undefined, index: number, total: number): string {
  if (state?.terminated) return terminationText(state.terminated)
  const reason = state?.waiting?.reason
  return reason && reason !== 'PodInitializing' ? reason : `${index}/${total}`
}

const terminationText = ({ reason, signal, exitCode }: NonNullable<ContainerState['terminated']>): string =>
  reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`)

interface MainSummary {
  readonly status: string | undefined
  readonly ready: number
  readonly restarts: Restarts
}

/** The first container that has something to say gives the word. */
function summarizeContainers(pod: Pod): MainSummary {
  const statuses = pod.status?.containerStatuses ?? []
  const running = statuses.filter(({ ready, state }) => ready && state?.running && !state.waiting?.reason && !state.terminated)
  const first = statuses.map((c) => containerText(c.state)).find((text) => text !== undefined)
  const goesOn = first === 'Completed' && running.length > 0
  return {
    status: goesOn ? (isReady(pod) ? 'Running' : 'NotReady') : first,
    ready: running.length,
    restarts: statuses.map(restartsOf).reduce(plus, noRestarts),
  }
}

function containerText(state: ContainerState | undefined): string | undefined {
  if (state?.waiting?.reason) return state.waiting.reason
  return state?.terminated ? terminationText(state.terminated) : undefined
}

const isReady = (pod: Pod): boolean => (pod.status?.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True')
