// How far a container has come, and what the steps of its life make of that. The chart says when each step is taken.
import type { Container } from '../../model/schema/kinds/core-v1.ts'
import type { Reason } from '../ports/api.ts'
import type { ExitFact } from '../ports/containers.ts'
import type { ConfigAnswer } from './container.protocol.ts'
import type { ContainerFacts, Ended, Standing } from './facts.ts'
import { nextPauseMs } from './restart.ts'
import type { NodeTimings } from './timings.ts'

export interface Progress {
  /** The restart count. */
  readonly attempt: number
  readonly standing: Standing
  readonly last?: Ended
  readonly imageId: string
  readonly containerId?: string
  /** The attempt before, whose record and log are kept until there is another before. */
  readonly previousId?: string
  readonly configured?: Extract<ConfigAnswer, { ok: true }>['spec']
  readonly started: boolean
  readonly ready: boolean
  /** Before the next start; absent when nothing has ended yet. */
  readonly pauseMs?: number
  readonly pullPauseMs: number
  readonly pullFailure: string
  readonly killAtMs: number
  /** What made the kubelet end it in order to start it again; absent when it ends by itself. */
  readonly fault?: string
  readonly why?: Reason
}

type Step = Partial<Progress>

/** Not running, and why. */
export const aside = (progress: Progress, reason: string, message?: string): Step => ({
  standing: { kind: 'waiting', reason, ...(message ? { message } : {}) },
  last: progress.standing.kind === 'terminated' ? progress.standing : progress.last,
})

/** `foundStartMs`: when it was started, for an end that was found and not seen. */
export function ended(
  { standing, pauseMs }: Progress,
  exit: ExitFact,
  containerId: string | undefined,
  timings: NodeTimings,
  foundStartMs?: number,
): Step {
  const startedAtMs = standing.kind === 'running' ? standing.startedAtMs : foundStartMs
  const ranMs = startedAtMs === undefined ? 0 : exit.finishedAtMs - startedAtMs
  return {
    standing: { kind: 'terminated', exit, startedAtMs, containerId },
    pauseMs: nextPauseMs(pauseMs, ranMs, timings),
    started: false,
    ready: false,
  }
}

export function nextAttempt({ attempt, pauseMs = 0, containerId, fault, standing, last }: Progress, name: string): Step {
  const exit = standing.kind === 'terminated' ? standing.exit : last?.exit
  const after = pauseMs > 0 ? ` after a back-off of ${pauseText(pauseMs)}` : ''
  const how = `${fault ? `${fault} and ` : ''}ended with exit code ${exit?.exitCode ?? 'unknown'}`
  return {
    attempt: attempt + 1,
    previousId: containerId,
    fault: undefined,
    why: {
      decision: 'Restarted',
      message: `container ${name} ${how}; restart ${attempt + 1}${after}`,
      cause: `container.exited ${name}/${attempt}`,
    },
  }
}

export function factsOf(progress: Progress, spec: Container, containerId: string | undefined, settled: boolean): ContainerFacts {
  const { standing, last, attempt, imageId, started, ready } = progress
  return {
    ...{ name: spec.name, image: spec.image ?? '', standing, imageId, containerId, started, ready, settled },
    ...(last ? { last } : {}),
    restartCount: attempt,
  }
}

interface PodName {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** As the kubelet names a pod in its messages. */
export const fullName = ({ name, namespace, uid }: PodName): string => `${name}_${namespace}(${uid})`

export const crashLoop = ({ name }: Container, pod: PodName, pauseMs = 0): string =>
  `back-off ${pauseText(pauseMs)} restarting failed container=${name} pod=${fullName(pod)}`

/** As Go prints a duration of whole seconds: `10s`, `2m40s`. */
function pauseText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
