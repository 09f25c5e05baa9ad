// What a container understands, and what it reports to its pod.
import type { Reason } from '../ports/api.ts'
import type { ContainerSpec, CreateAnswer, ExitFact, ProbeAnswer, PullAnswer, RuntimeFailure } from '../ports/containers.ts'
import type { ContainerFacts } from './facts.ts'

export type ContainerEvent =
  /** For good: hook, SIGTERM, grace, SIGKILL. Told again with a shorter grace it hurries. */
  | { readonly type: 'container.stop'; readonly graceMs: number }
  | { readonly type: 'image.answered'; readonly answer: PullAnswer; readonly tookMs: number }
  | { readonly type: 'config.answered'; readonly answer: ConfigAnswer }
  | { readonly type: 'container.createAnswered'; readonly answer: CreateAnswer }
  | { readonly type: 'container.started'; readonly startedAtMs: number }
  | { readonly type: 'container.exited'; readonly exit: ExitFact }
  | { readonly type: 'hook.answered'; readonly answer: ProbeAnswer }
  | ProbeReport

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export type ProbeReport =
  /** As often in a row as its thresholds ask. */
  | { readonly type: 'probe.passed'; readonly kind: ProbeKind }
  | { readonly type: 'probe.failed'; readonly kind: ProbeKind; readonly message: string }
  /** One failure, whether or not it is enough: told as the event Unhealthy. */
  | { readonly type: 'probe.unhealthy'; readonly kind: ProbeKind; readonly message: string }

export type ContainerReport = { readonly type: 'container.changed'; readonly facts: ContainerFacts; readonly why?: Reason }

export type ConfigAnswer = { readonly ok: true; readonly spec: Omit<ContainerSpec, 'attempt'> } | RuntimeFailure

/** A Kubernetes event about this container. */
export type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void
