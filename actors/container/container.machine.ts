// One container of a pod: pulled, created, started, probed, ended and started again, or stopped for good.
import { type ActorRef, assign, type Snapshot, sendTo, setup } from 'xstate'
import type { Container, LifecycleHandler } from '../../model/schema/kinds/core-v1.ts'
import type { ContainerRuntime, ExitFact, FoundContainer, Prober } from '../ports/containers.ts'
import type { Clock } from '../ports/host.ts'
import type { ConfigAnswer, ContainerEvent, ContainerReport, ProbeKind, Tell } from './container.protocol.ts'
import { probeMachine } from './probe.machine.ts'
import { probeAction, probeTimes } from './probe-spec.ts'
import { aside, crashLoop, ended, factsOf, fullName, nextAttempt, type Progress } from './progress.ts'
import { doubled, type RestartPolicy, restarts } from './restart.ts'
import type { NodeTimings } from './timings.ts'

export interface ContainerInput {
  readonly spec: Container
  readonly pod: { readonly uid: string; readonly namespace: string; readonly name: string; readonly ip: string }
  readonly policy: RestartPolicy
  readonly graceMs: number
  readonly waitingReason: 'ContainerCreating' | 'PodInitializing'
  /** The newest attempt that the runtime knows, when the node's agent was started again. */
  readonly adopted?: FoundContainer
  /** What the status of the pod said then. */
  readonly before?: { readonly restartCount: number; readonly ready: boolean; readonly started: boolean }
  readonly runtime: ContainerRuntime
  readonly prober: Prober
  readonly clock: Clock
  readonly timings: NodeTimings
  /** Environment, mounts and command, read anew for each start. */
  readonly configure: (answered: (answer: ConfigAnswer) => void) => void
  readonly tell: Tell
  readonly parent: ActorRef<Snapshot<unknown>, ContainerReport>
}

interface ContainerContext extends ContainerInput, Progress {}

const containerSetup = setup({
  types: {} as { context: ContainerContext; events: ContainerEvent; input: ContainerInput },
  actors: { probe: probeMachine },
  delays: {
    pullFailureShown: ({ context }) => context.timings.pullFailureShownMs,
    pullBackOff: ({ context }) => Math.max(0, context.pullPauseMs - context.timings.pullFailureShownMs),
    configRetry: ({ context }) => context.timings.configRetryMs,
    crashBackOff: ({ context }) => context.pauseMs ?? 0,
    grace: ({ context }) => Math.max(0, context.killAtMs - context.clock.now()),
  },
  guards: {
    wasFoundRunning: ({ context: { adopted } }) => adopted?.startedAtMs !== undefined && adopted.exit === undefined,
    wasFoundEnded: ({ context: { adopted } }) => adopted?.startedAtMs !== undefined && adopted.exit !== undefined,
    answeredWell: ({ event }) => 'answer' in event && (!('ok' in event.answer) || event.answer.ok),
    hookSucceeded: ({ event }) => event.type === 'hook.answered' && event.answer.result === 'success',
    hasPostStart: ({ context }) => context.spec.lifecycle?.postStart !== undefined,
    hasPreStop: ({ context }) => context.spec.lifecycle?.preStop !== undefined,
    hasStartupProbe: ({ context }) => context.spec.startupProbe !== undefined && !context.started,
    isToBeWatched: ({ context }) => context.started && context.spec.livenessProbe !== undefined,
    hasReadinessProbe: ({ context }) => context.spec.readinessProbe !== undefined,
    isStarted: ({ context }) => context.started,
    isReady: ({ context }) => context.ready,
    isOf: ({ event }, kind: ProbeKind) => 'kind' in event && event.kind === kind,
    endsForGood: ({ context: { standing, policy } }) =>
      standing.kind !== 'terminated' || !restarts(policy, standing.exit.exitCode),
    pauses: ({ context }) => (context.pauseMs ?? 0) > 0,
    isSooner: ({ context, event }) => event.type === 'container.stop' && context.clock.now() + event.graceMs < context.killAtMs,
  },
  actions: {
    pull: ({ context: { runtime, spec, clock }, self }) => {
      const askedAtMs = clock.now()
      runtime.pull(spec.image ?? '', (answer) =>
        tellActive(self, { type: 'image.answered', answer, tookMs: clock.now() - askedAtMs }),
      )
    },
    recordPull: assign(({ event }) =>
      event.type === 'image.answered' && event.answer.ok ? { imageId: event.answer.imageId, pullPauseMs: 0 } : {},
    ),
    recordPullFailure: assign(({ context, event }) => {
      if (event.type !== 'image.answered' || event.answer.ok) return {}
      const { pullBackOffMs, pullBackOffMaxMs } = context.timings
      return {
        pullFailure: event.answer.message,
        pullPauseMs: doubled(context.pullPauseMs, pullBackOffMs, pullBackOffMaxMs),
      }
    }),
    tellPulled: ({ context: { spec, tell }, event }) => {
      if (event.type !== 'image.answered') return
      if (spec.imagePullPolicy !== 'Always')
        return tell('Normal', 'Pulled', `Container image "${spec.image}" already present on machine`)
      tell('Normal', 'Pulling', `Pulling image "${spec.image}"`)
      const took = `${Math.round(event.tookMs)}ms`
      tell('Normal', 'Pulled', `Successfully pulled image "${spec.image}" in ${took} (${took} including waiting).`)
    },
    tellPullFailed: ({ context: { spec, tell, pullFailure } }) => {
      tell('Normal', 'Pulling', `Pulling image "${spec.image}"`)
      tell('Warning', 'Failed', `Failed to pull image "${spec.image}": ${pullFailure}`)
      tell('Warning', 'Failed', 'Error: ErrImagePull')
    },
    tellPullBackOff: ({ context: { spec, tell } }) => {
      tell('Normal', 'BackOff', `Back-off pulling image "${spec.image}"`)
      tell('Warning', 'Failed', 'Error: ImagePullBackOff')
    },
    configure: ({ context, self }) => context.configure((answer) => tellActive(self, { type: 'config.answered', answer })),
    recordConfig: assign(({ event }) =>
      event.type === 'config.answered' && event.answer.ok ? { configured: event.answer.spec } : {},
    ),
    create: ({ context: { runtime, configured, attempt }, self }) => {
      if (!configured) return
      runtime.create({ ...configured, attempt }, (answer) => tellActive(self, { type: 'container.createAnswered', answer }))
    },
    recordCreated: assign(({ event }) =>
      event.type === 'container.createAnswered' && event.answer.ok ? { containerId: event.answer.id, configured: undefined } : {},
    ),
    tellFailed: ({ context, event }) => {
      if ('answer' in event && 'ok' in event.answer && !event.answer.ok)
        context.tell('Warning', 'Failed', `Error: ${event.answer.message}`)
    },
    awaitRetry: assign(({ context, event }) =>
      'answer' in event && 'ok' in event.answer && !event.answer.ok
        ? aside(context, event.answer.reason, event.answer.message)
        : {},
    ),
    start: ({ context: { runtime, containerId, tell }, self }) => runtime.start(containerId ?? '', observer(self, tell)),
    adopt: ({ context: { runtime, containerId, tell }, self }) => runtime.adopt(containerId ?? '', observer(self, tell)),
    recordRunning: assign(({ context, event }) =>
      event.type === 'container.started'
        ? {
            standing: { kind: 'running' as const, startedAtMs: event.startedAtMs },
            last: context.standing.kind === 'terminated' ? context.standing : context.last,
          }
        : {},
    ),
    markStarted: assign({ started: true }),
    markReady: assign({ ready: true }),
    markUnready: assign({ ready: false }),
    recordExit: assign(({ context, event }) =>
      event.type === 'container.exited' ? ended(context, event.exit, idText(context), context.timings) : {},
    ),
    recordFoundExit: assign(({ context }) => {
      const { adopted, timings } = context
      return adopted?.exit ? ended(context, adopted.exit, idText(context), timings, adopted.startedAtMs) : {}
    }),
    recordBackOff: assign(({ context }) =>
      aside(context, 'CrashLoopBackOff', crashLoop(context.spec, context.pod, context.pauseMs)),
    ),
    tellBackOff: ({ context: { tell, spec, pod } }) =>
      tell('Warning', 'BackOff', `Back-off restarting failed container ${spec.name} in pod ${fullName(pod)}`),
    nextAttempt: assign(({ context }) => {
      if (context.previousId) context.runtime.remove(context.previousId)
      return nextAttempt(context, context.spec.name)
    }),
    standAside: assign(({ context }, { reason, message }: { reason: string; message?: (context: ContainerContext) => string }) =>
      aside(context, reason, message?.(context)),
    ),
    report: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({
        type: 'container.changed',
        facts: factsOf(context, context.spec, idText(context), false),
        ...(context.why ? { why: context.why } : {}),
      }),
    ),
    reportSettled: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'container.changed', facts: factsOf(context, context.spec, idText(context), true) }),
    ),
    forgetWhy: assign({ why: undefined }),
    tellCreated: ({ context }) => context.tell('Normal', 'Created', 'Container created'),
    tellStarted: ({ context }) => context.tell('Normal', 'Started', 'Container started'),
    tellStopping: ({ context: { tell, spec } }) => tell('Normal', 'Killing', `Stopping container ${spec.name}`),
    tellUnhealthy: ({ context, event }) => {
      if (event.type !== 'probe.unhealthy') return
      const kind = `${event.kind.charAt(0).toUpperCase()}${event.kind.slice(1)}`
      context.tell('Warning', 'Unhealthy', `${kind} probe failed: ${event.message}`)
    },
    beginRestart: assign(({ context, event }) => {
      const probe = 'kind' in event && event.kind === 'startup' ? context.spec.startupProbe : context.spec.livenessProbe
      const graceMs =
        probe?.terminationGracePeriodSeconds !== undefined ? probe.terminationGracePeriodSeconds * 1000 : context.graceMs
      return { killAtMs: context.clock.now() + graceMs, ready: false }
    }),
    noteFault: assign({
      fault: ({ event }) => (event.type === 'probe.failed' ? `failed ${event.kind} probe` : 'failed its postStart hook'),
    }),
    tellRestart: ({ context: { spec, tell, fault } }) =>
      tell('Normal', 'Killing', `Container ${spec.name} ${fault}, will be restarted`),
    tellHookFailed: ({ context: { tell, spec }, event }, hook: 'PostStart' | 'PreStop') => {
      if (event.type === 'hook.answered')
        tell('Warning', `Failed${hook}Hook`, `${hook}Hook of container ${spec.name} failed: ${event.answer.message}`)
    },
    noteGrace: assign(({ context, event }) =>
      event.type === 'container.stop' ? { killAtMs: context.clock.now() + event.graceMs, graceMs: event.graceMs } : {},
    ),
    renewGrace: assign(({ context }) => ({ killAtMs: context.clock.now() + context.graceMs, ready: false })),
    runPostStart: ({ context, self }) => runHook(context, context.spec.lifecycle?.postStart, self),
    runPreStop: ({ context, self }) => runHook(context, context.spec.lifecycle?.preStop, self),
    askToEnd: ({ context }) => context.runtime.signal(context.containerId ?? '', 'SIGTERM'),
    kill: ({ context }) => context.runtime.signal(context.containerId ?? '', 'SIGKILL'),
  },
})

type Self = { send(event: ContainerEvent): void; getSnapshot(): { status: string } }

/** An answer may come when the container has ended for good. */
function tellActive(self: Self, event: ContainerEvent): void {
  if (self.getSnapshot().status === 'active') self.send(event)
}

const observer = (self: Self, tell: Tell) => ({
  started: ({ startedAtMs }: { readonly startedAtMs: number }) => tellActive(self, { type: 'container.started', startedAtMs }),
  exited: (exit: ExitFact) => tellActive(self, { type: 'container.exited', exit }),
  warned: ({ reason, message }: { readonly reason: string; readonly message: string }) => tell('Warning', reason, message),
})

const idText = ({ runtime, containerId }: ContainerContext): string | undefined =>
  containerId === undefined ? undefined : `${runtime.name}://${containerId}`

/** A hook may take as long as the grace period, which runs beside it. */
const HOOK_MS = 600_000

function runHook(context: ContainerContext, hook: LifecycleHandler | undefined, self: Self): void {
  const { spec, pod, containerId = '', prober, clock } = context
  const answered = (answer: { result: 'success' | 'failure'; message: string }): void =>
    tellActive(self, { type: 'hook.answered', answer })
  if (hook?.sleep) {
    clock.setTimeout(() => answered({ result: 'success', message: '' }), (hook.sleep.seconds ?? 0) * 1000)
    return
  }
  const action = probeAction(hook ?? {}, { containerId, podIp: pod.ip, ports: spec.ports ?? [] })
  if (action) prober(action, HOOK_MS, answered)
  else answered({ result: 'failure', message: 'no handler that this node knows' })
}

function probeInput(kind: ProbeKind) {
  return ({ context, self }: { context: ContainerContext; self: ActorRef<Snapshot<unknown>, ContainerEvent> }) => {
    const { spec, pod, containerId = '', prober, timings } = context
    const probe = { startup: spec.startupProbe, liveness: spec.livenessProbe, readiness: spec.readinessProbe }[kind] ?? {}
    return {
      kind,
      times: probeTimes(probe),
      action: probeAction(probe, { containerId, podIp: pod.ip, ports: spec.ports ?? [] }),
      prober,
      eagerMs: timings.eagerProbesMs,
      parent: self,
    }
  }
}

/** Hook, SIGTERM, grace, SIGKILL: the same whether the container ends for good or is to start again. */
const endgame = containerSetup.createStateConfig({
  initial: 'choosing',
  states: {
    choosing: { always: [{ guard: 'hasPreStop', target: 'hooking' }, { target: 'asking' }] },
    hooking: {
      entry: 'runPreStop',
      on: {
        'hook.answered': [
          { guard: 'hookSucceeded', target: 'asking' },
          { target: 'asking', actions: { type: 'tellHookFailed', params: 'PreStop' } },
        ],
      },
      after: { grace: 'killing' },
    },
    asking: { entry: 'askToEnd', after: { grace: 'killing' } },
    killing: { entry: 'kill' },
  },
})

export const containerMachine = containerSetup.createMachine({
  id: 'container',
  context: ({ input }) => ({
    ...input,
    attempt: input.adopted?.attempt ?? (input.before ? input.before.restartCount + 1 : 0),
    standing: { kind: 'waiting', reason: input.waitingReason },
    imageId: input.adopted?.imageId ?? '',
    containerId: input.adopted?.id,
    started: input.adopted !== undefined && input.before?.started === true,
    ready: input.adopted !== undefined && input.before?.ready === true,
    pullPauseMs: 0,
    pullFailure: '',
    killAtMs: 0,
  }),
  initial: 'waiting',
  states: {
    waiting: {
      always: [
        { guard: 'wasFoundRunning', target: 'adopting' },
        { guard: 'wasFoundEnded', target: 'exited', actions: 'recordFoundExit' },
        { target: 'pulling' },
      ],
    },
    pulling: {
      entry: 'pull',
      on: {
        'image.answered': [
          { guard: 'answeredWell', target: 'creating', actions: ['recordPull', 'tellPulled'] },
          { target: 'pullFailed', actions: 'recordPullFailure' },
        ],
        'container.stop': 'ended',
      },
    },
    pullFailed: {
      entry: [
        { type: 'standAside', params: { reason: 'ErrImagePull', message: ({ pullFailure }) => pullFailure } },
        'tellPullFailed',
        'report',
      ],
      after: { pullFailureShown: 'pullBackingOff' },
      on: { 'container.stop': 'ended' },
    },
    pullBackingOff: {
      entry: [
        {
          type: 'standAside',
          params: {
            reason: 'ImagePullBackOff',
            message: ({ spec, pullFailure }) => `Back-off pulling image "${spec.image}": ErrImagePull: ${pullFailure}`,
          },
        },
        'tellPullBackOff',
        'report',
      ],
      after: { pullBackOff: 'pulling' },
      on: { 'container.stop': 'ended' },
    },
    creating: {
      initial: 'configuring',
      states: {
        configuring: {
          entry: 'configure',
          on: {
            'config.answered': [
              { guard: 'answeredWell', target: 'making', actions: 'recordConfig' },
              { target: '#container.createFailed', actions: ['awaitRetry', 'tellFailed'] },
            ],
          },
        },
        making: {
          entry: 'create',
          on: {
            'container.createAnswered': [
              {
                guard: 'answeredWell',
                target: '#container.starting',
                actions: ['recordCreated', 'tellCreated'],
              },
              { target: '#container.createFailed', actions: ['awaitRetry', 'tellFailed'] },
            ],
          },
        },
      },
      on: { 'container.stop': 'ended' },
    },
    createFailed: {
      entry: 'report',
      after: { configRetry: 'creating' },
      on: { 'container.stop': 'ended' },
    },
    starting: {
      entry: 'start',
      on: {
        'container.started': [
          { guard: 'hasPostStart', target: 'postStarting', actions: ['recordRunning', 'tellStarted'] },
          { target: 'running', actions: ['recordRunning', 'tellStarted'] },
        ],
        'container.exited': { target: 'exited', actions: 'recordExit' },
        'container.stop': { target: 'abandoned', actions: 'noteGrace' },
      },
    },
    adopting: {
      entry: 'adopt',
      on: {
        'container.started': { target: 'running', actions: 'recordRunning' },
        'container.exited': { target: 'exited', actions: 'recordExit' },
        'container.stop': { target: 'abandoned', actions: 'noteGrace' },
      },
    },
    abandoned: {
      on: {
        'container.started': { target: 'stopping', actions: 'recordRunning' },
        'container.exited': { target: 'ended', actions: 'recordExit' },
      },
    },
    postStarting: {
      entry: 'runPostStart',
      on: {
        'hook.answered': [
          { guard: 'hookSucceeded', target: 'running' },
          {
            target: 'restarting',
            actions: ['renewGrace', { type: 'tellHookFailed', params: 'PostStart' }, 'noteFault', 'tellRestart'],
          },
        ],
        'container.exited': { target: 'exited', actions: 'recordExit' },
        'container.stop': { target: 'stopping', actions: 'noteGrace' },
      },
    },
    running: {
      type: 'parallel',
      states: {
        startup: {
          initial: 'deciding',
          states: {
            deciding: { always: [{ guard: 'hasStartupProbe', target: 'probing' }, { target: 'passed' }] },
            probing: {
              entry: 'report',
              invoke: { src: 'probe', input: probeInput('startup') },
              on: { 'probe.passed': { guard: { type: 'isOf', params: 'startup' }, target: 'passed' } },
            },
            passed: { entry: ['markStarted'] },
          },
        },
        liveness: {
          initial: 'waiting',
          states: {
            waiting: { always: { guard: 'isToBeWatched', target: 'probing' } },
            probing: { invoke: { src: 'probe', input: probeInput('liveness') } },
          },
        },
        readiness: {
          initial: 'waiting',
          states: {
            waiting: { always: { guard: 'isStarted', target: 'deciding' } },
            deciding: { always: [{ guard: 'hasReadinessProbe', target: 'probing' }, { target: 'assumed' }] },
            probing: {
              invoke: { src: 'probe', input: probeInput('readiness') },
              initial: 'deciding',
              states: {
                deciding: { always: [{ guard: 'isReady', target: 'ready' }, { target: 'unready' }] },
                unready: {
                  entry: ['markUnready', 'report', 'forgetWhy'],
                  on: { 'probe.passed': { guard: { type: 'isOf', params: 'readiness' }, target: 'ready' } },
                },
                ready: {
                  entry: ['markReady', 'report', 'forgetWhy'],
                  on: { 'probe.failed': { guard: { type: 'isOf', params: 'readiness' }, target: 'unready' } },
                },
              },
            },
            assumed: { entry: ['markReady', 'report', 'forgetWhy'] },
          },
        },
      },
      on: {
        'probe.unhealthy': { actions: 'tellUnhealthy' },
        'probe.failed': [
          {
            guard: { type: 'isOf', params: 'liveness' },
            target: 'restarting',
            actions: ['beginRestart', 'noteFault', 'tellRestart'],
          },
          {
            guard: { type: 'isOf', params: 'startup' },
            target: 'restarting',
            actions: ['beginRestart', 'noteFault', 'tellRestart'],
          },
        ],
        'container.exited': { target: 'exited', actions: 'recordExit' },
        'container.stop': { target: 'stopping', actions: 'noteGrace' },
      },
    },
    restarting: {
      ...endgame,
      entry: 'report',
      on: {
        'container.exited': { target: 'exited', actions: 'recordExit' },
        'container.stop': { target: 'stopping.asking', actions: 'noteGrace' },
      },
    },
    stopping: {
      ...endgame,
      entry: 'tellStopping',
      on: {
        'container.exited': { target: 'ended', actions: 'recordExit' },
        'container.stop': { guard: 'isSooner', target: '.asking', actions: 'noteGrace' },
      },
    },
    exited: {
      always: [
        { guard: 'endsForGood', target: 'ended' },
        { guard: 'pauses', target: 'backingOff' },
        { target: 'pulling', actions: ['report', 'nextAttempt'] },
      ],
    },
    backingOff: {
      entry: ['recordBackOff', 'tellBackOff', 'report'],
      after: { crashBackOff: { target: 'pulling', actions: 'nextAttempt' } },
      on: { 'container.stop': 'ended' },
    },
    ended: { type: 'final', entry: 'reportSettled' },
  },
})
