// One probe of one running container: when it asks, and when enough answers in a row mean something. What that leads to
// (ready, not ready, restart) is the container's decision.
import { type ActorRef, assign, type Snapshot, sendTo, setup } from 'xstate'
import type { ProbeAction, ProbeAnswer, Prober } from '../ports/containers.ts'
import type { ProbeKind, ProbeReport } from './container.protocol.ts'
import type { ProbeTimes } from './probe-spec.ts'

export interface ProbeInput {
  readonly kind: ProbeKind
  readonly times: ProbeTimes
  /** Absent: what the manifest asks cannot be asked, and every answer is a failure. */
  readonly action: ProbeAction | undefined
  readonly prober: Prober
  readonly eagerMs: readonly number[]
  readonly parent: ActorRef<Snapshot<unknown>, ProbeReport>
}

interface ProbeContext extends ProbeInput {
  readonly eagerLeft: readonly number[]
  /** Answers of one kind in a row: above zero successes, below zero failures. */
  readonly streak: number
  /** Of the newest failure. */
  readonly message: string
}

type ProbeEvent = { readonly type: 'probe.answered' } & ProbeAnswer

export const probeMachine = setup({
  types: {} as { context: ProbeContext; events: ProbeEvent; input: ProbeInput },
  delays: {
    initialDelay: ({ context }) => context.times.initialDelayMs,
    period: ({ context }) => context.times.periodMs,
    eagerPeriod: ({ context }) => context.eagerLeft[0] ?? context.times.periodMs,
  },
  guards: {
    succeeded: ({ event }) => event.result === 'success',
    isEager: ({ context }) => context.eagerLeft.length > 0,
    reachesSuccess: ({ context }) => context.streak === context.times.successThreshold,
    reachesFailure: ({ context }) => context.streak === -context.times.failureThreshold,
  },
  actions: {
    countSuccess: assign({ streak: ({ context }) => Math.max(context.streak, 0) + 1, eagerLeft: [] }),
    countFailure: assign({
      streak: ({ context }) => Math.min(context.streak, 0) - 1,
      message: ({ event }) => event.message,
    }),
    spendEager: assign({ eagerLeft: ({ context }) => context.eagerLeft.slice(1) }),
    reportPassed: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'probe.passed', kind: context.kind }),
    ),
    reportFailed: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'probe.failed', kind: context.kind, message: context.message }),
    ),
    reportUnhealthy: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'probe.unhealthy', kind: context.kind, message: context.message }),
    ),
    ask: ({ context, self }) => {
      const { action, prober, times } = context
      if (!action)
        return self.send({
          type: 'probe.answered',
          result: 'failure',
          message: 'no such port, or no handler that this node knows',
        })
      prober(action, times.timeoutMs, (answer) => {
        // The container may have ended meanwhile, and this probe with it.
        if (self.getSnapshot().status === 'active') self.send({ type: 'probe.answered', ...answer })
      })
    },
  },
}).createMachine({
  id: 'probe',
  context: ({ input }) => ({ ...input, eagerLeft: input.kind === 'liveness' ? [] : input.eagerMs, streak: 0, message: '' }),
  initial: 'delaying',
  states: {
    delaying: { after: { initialDelay: 'asking' } },
    asking: {
      entry: 'ask',
      on: {
        'probe.answered': [
          { guard: 'succeeded', target: 'succeeding' },
          { guard: 'isEager', target: 'restingBriefly' },
          { target: 'failing' },
        ],
      },
    },
    succeeding: {
      entry: 'countSuccess',
      always: [{ guard: 'reachesSuccess', target: 'resting', actions: 'reportPassed' }, { target: 'resting' }],
    },
    failing: {
      entry: ['countFailure', 'reportUnhealthy'],
      always: [{ guard: 'reachesFailure', target: 'resting', actions: 'reportFailed' }, { target: 'resting' }],
    },
    restingBriefly: { after: { eagerPeriod: { target: 'asking', actions: 'spendEager' } } },
    resting: { after: { period: 'asking' } },
  },
})
