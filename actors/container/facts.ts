// What is known of one container, and the status that Kubernetes prints from it.

import type { ContainerState, ContainerStatus } from '../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../model/time.ts'
import type { ExitFact } from '../ports/containers.ts'

/** Where a container stands, in the vocabulary of containerStatuses. */
export type Standing =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAtMs: number }
  | Ended

export interface Ended {
  readonly kind: 'terminated'
  readonly exit: ExitFact
  readonly startedAtMs?: number
  readonly containerId?: string
  /** Where the words are not those of the exit code. */
  readonly reason?: string
}

export interface ContainerFacts {
  readonly name: string
  readonly image: string
  readonly standing: Standing
  /** The run before this one. */
  readonly last?: Ended
  readonly restartCount: number
  readonly imageId: string
  readonly containerId?: string
  /** Runs, its startup probe has passed and its postStart hook is done. */
  readonly started: boolean
  readonly ready: boolean
  /** Has ended and will never run again. */
  readonly settled: boolean
}

export function containerStatus(facts: ContainerFacts): ContainerStatus {
  const state = stateOf(facts.standing)
  return {
    ...(facts.containerId ? { containerID: facts.containerId } : {}),
    image: facts.image,
    imageID: facts.imageId,
    lastState: facts.last ? stateOf(facts.last) : {},
    name: facts.name,
    ready: facts.ready,
    restartCount: facts.restartCount,
    started: facts.started,
    state,
  }
}

function stateOf(standing: Standing): ContainerState {
  switch (standing.kind) {
    case 'waiting':
      return { waiting: { reason: standing.reason, ...(standing.message ? { message: standing.message } : {}) } }
    case 'running':
      return { running: { startedAt: formatTime(standing.startedAtMs) } }
    case 'terminated': {
      const { exit, containerId, startedAtMs } = standing
      return {
        terminated: {
          ...(containerId ? { containerID: containerId } : {}),
          exitCode: exit.exitCode,
          finishedAt: formatTime(exit.finishedAtMs),
          ...(exit.message ? { message: exit.message } : {}),
          reason: standing.reason ?? (startedAtMs === undefined ? 'StartError' : exit.exitCode === 0 ? 'Completed' : 'Error'),
          startedAt: formatTime(startedAtMs ?? 0),
        },
      }
    }
  }
}

/** Succeeded containers are ready when their pod does not count them as missing: an init container that is done is ready. */
export const succeeded = (facts: ContainerFacts): boolean =>
  facts.standing.kind === 'terminated' && facts.standing.exit.exitCode === 0
