// One chart for every controller: syncing → idle → working → backingOff. The queue carries the load; the chart says when it
// is worked off. All wishes of one turn are handed over together, so that they make one group of the store.
import { type ActorRef, assign, fromCallback, type Snapshot, setup } from 'xstate'
import type { ApiAnswer, ApiClient } from '../../ports/api.ts'
import type { Host } from '../../ports/host.ts'
import type { Change, View } from '../../ports/view.ts'
import { type Controller, type Decision, NOTHING, type Wish } from './controller.ts'
import { type EventNote, EventRecorder } from './events.ts'
import { KeyedQueue } from './keyed-queue.ts'

/** Keys whose wishes may be unanswered at a time. */
const IN_FLIGHT_MAX = 64
/** The longest that a timer may run (2^31 − 1 ms); a later deadline is looked at again then. */
const TIMER_MAX_MS = 2_147_483_647

export interface ControllerInput {
  readonly controller: Controller
  readonly view: View
  /** Asks as the controller's user. */
  readonly api: ApiClient
  readonly host: Host
}

export type ControllerEvent =
  /** Everything that exists is in the queue, and changes will be. */
  | { type: 'view.synced' }
  /** The queue has something to do and had nothing. */
  | { type: 'work.arrived' }
  /** All wishes of one key are answered; `failure` says what went wrong with the first that failed. */
  | { type: 'key.settled'; key: string; failure?: string }
  | { type: 'controller.stop' }

interface Context extends ControllerInput {
  readonly queue: KeyedQueue
  readonly recorder: EventRecorder
  /** Of keys whose last decision failed. */
  readonly failures: Map<string, string>
  /** The newest failure, for whoever looks at the chart. */
  readonly lastFailure: string | undefined
}

type Self = ActorRef<Snapshot<unknown>, ControllerEvent>

/** Puts the keys of every change into the queue, and wakes the chart only when it may be asleep. */
const observing = fromCallback<ControllerEvent, Context>(({ input: { controller, view, queue }, sendBack }) => {
  const note = (observation: Controller['observes'][number], change: Change): void => {
    const before = queue.readyCount
    for (const key of observation.keysOf(change, view)) queue.add(key)
    if (before === 0 && queue.readyCount > 0) sendBack({ type: 'work.arrived' })
  }
  const subscriptions = controller.observes.map((observation) =>
    view.observe([observation.resource], (change) => note(observation, change)),
  )
  for (const observation of controller.observes) {
    const { resource } = observation
    for (const object of view.list(resource))
      for (const key of observation.keysOf({ type: 'ADDED', resource, revision: view.revision, object }, view)) queue.add(key)
  }
  sendBack({ type: 'view.synced' })
  return () => {
    for (const subscription of subscriptions) subscription.stop()
  }
})

export const controllerMachine = setup({
  types: {} as { input: ControllerInput; context: Context; events: ControllerEvent },
  actors: { observing },
  delays: {
    nextDue: ({ context: { queue, host } }) =>
      Math.min(TIMER_MAX_MS, Math.max(0, (queue.nextDueMs ?? Number.POSITIVE_INFINITY) - host.clock.now())),
  },
  guards: {
    hasWork: ({ context }) => context.queue.readyCount > 0,
    isBusy: ({ context }) => context.queue.inFlightCount > 0,
    hasFailures: ({ context }) => context.queue.hasFailed,
  },
  actions: {
    decideReadyKeys: ({ context, self }) => decideReadyKeys(context, self),
    noteFailure: assign(({ event }) =>
      event.type === 'key.settled' && event.failure !== undefined ? { lastFailure: event.failure } : {},
    ),
  },
}).createMachine({
  id: 'controller',
  context: ({ input }) => ({
    ...input,
    queue: new KeyedQueue(),
    recorder: new EventRecorder(input.controller.name),
    failures: new Map(),
    lastFailure: undefined,
  }),
  invoke: { src: 'observing', id: 'observing', input: ({ context }) => context },
  initial: 'syncing',
  on: { 'controller.stop': '.stopped', 'key.settled': { actions: 'noteFailure' } },
  states: {
    syncing: { on: { 'view.synced': [{ guard: 'hasWork', target: 'working' }, { target: 'idle' }] } },
    idle: {
      on: { 'work.arrived': 'working' },
      after: { nextDue: 'working' },
    },
    working: {
      entry: 'decideReadyKeys',
      always: [
        { guard: 'isBusy', target: 'awaitingAnswers' },
        { guard: 'hasFailures', target: 'backingOff' },
        { target: 'idle' },
      ],
    },
    awaitingAnswers: {
      on: { 'key.settled': { target: 'working', actions: 'noteFailure' }, 'work.arrived': 'working' },
      after: { nextDue: 'working' },
    },
    backingOff: {
      on: { 'work.arrived': 'working' },
      after: { nextDue: 'working' },
    },
    stopped: { type: 'final' },
  },
})

/** Until nothing is ready or enough is in flight; keys that need nothing are done on the spot. */
function decideReadyKeys(context: Context, self: Self): void {
  const nowMs = context.host.clock.now()
  for (;;) {
    const keys = context.queue.take(nowMs, IN_FLIGHT_MAX)
    if (keys.length === 0) return
    for (const key of keys) decideKey(context, self, key, nowMs)
  }
}

function decideKey(context: Context, self: Self, key: string, nowMs: number): void {
  const { controller, view, host, queue, failures } = context
  const failure = failures.get(key)
  let decision: Decision = NOTHING
  let failed: string | undefined
  try {
    decision = controller.decide(key, { view, nowMs, random: host.random, ...(failure === undefined ? {} : { failure }) })
  } catch (error) {
    // One object that a decision cannot stomach must not keep the controller from all others.
    failed = error instanceof Error ? error.message : String(error)
  }
  for (const note of decision.events ?? []) tell(context, note)
  let open = decision.wishes.length
  const settled = (): void => {
    if (failed === undefined) {
      failures.delete(key)
      queue.done(key, host.clock.now(), decision.againAfterMs)
    } else {
      failures.set(key, failed)
      queue.failed(key, host.clock.now())
    }
    if (failed !== undefined || decision.wishes.length > 0)
      self.send({ type: 'key.settled', key, ...(failed === undefined ? {} : { failure: `${key}: ${failed}` }) })
  }
  if (open === 0) return settled()
  for (const wish of decision.wishes)
    context.api.request(wish.request, (answer) => {
      const note = wish.tells?.(answer)
      if (note !== undefined) tell(context, note)
      if (!answer.ok && !isFine(wish, answer)) failed ??= answer.status.message ?? answer.status.reason ?? 'failed'
      open -= 1
      if (open === 0) settled()
    })
}

const isFine = (wish: Wish, answer: ApiAnswer): boolean => answer.ok || (wish.tolerate ?? []).includes(answer.status.reason ?? '')

/** Events are told on the side: nobody waits for them, and one that is lost is only a line less to read. */
function tell(context: Context, note: EventNote): void {
  const request = context.recorder.record(note, context.host.clock.now())
  if (request === undefined) return
  context.api.request(request, (answer) => {
    if (answer.ok || request.verb !== 'patch' || answer.status.reason !== 'NotFound') return
    context.recorder.forget(request.name ?? '')
    tell(context, note)
  })
}
