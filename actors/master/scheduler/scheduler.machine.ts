// Finds a node for each pod that has none: syncing → idle → working → backingOff. Bindings of one turn are handed over
// together; the next pods are placed while earlier bindings are still on their way, as if they had arrived.
import { type ActorRef, assign, fromCallback, type Snapshot, setup } from 'xstate'
import { semanticallyEqual } from '../../../model/equality.ts'
import type { KubeObject } from '../../../model/object.ts'
import type { Node, Pod } from '../../../model/schema/kinds/core-v1.ts'
import type { ApiClient } from '../../ports/api.ts'
import type { Host, Random } from '../../ports/host.ts'
import type { Change, View } from '../../ports/view.ts'
import { keyOf, partsOf } from '../controllers/controller.ts'
import { type EventNote, EventRecorder, refer } from '../controllers/events.ts'
import { NodeCache, needsOf } from './node-cache.ts'
import { place } from './placement.ts'
import { PodQueue } from './pod-queue.ts'
import { bindingRequest, mayHelp, needsNode, occupies, unschedulableRequest } from './pods.ts'

/** Bindings and conditions that may be unanswered at a time. */
const IN_FLIGHT_MAX = 128
const TIMER_MAX_MS = 2_147_483_647

export const SCHEDULER_USER = 'system:kube-scheduler'

export interface SchedulerInput {
  readonly view: View
  /** Asks as SCHEDULER_USER. */
  readonly api: ApiClient
  readonly host: Host
}

export type SchedulerEvent =
  | { type: 'view.synced' }
  /** A pod may be placed, and none could before; or one may be sooner than it seemed. */
  | { type: 'work.arrived' }
  /** The answer about one pod is there. */
  | { type: 'pod.settled'; key: string; failure?: string }
  | { type: 'scheduler.stop' }

interface Context extends SchedulerInput {
  readonly cache: NodeCache
  readonly queue: PodQueue
  readonly recorder: EventRecorder
  readonly lots: Random
  readonly inFlight: Set<string>
  readonly lastFailure: string | undefined
}

type Self = ActorRef<Snapshot<unknown>, SchedulerEvent>

const observing = fromCallback<SchedulerEvent, Context>(({ input: { view, cache, queue, host, inFlight }, sendBack }) => {
  const waking = (apply: () => void): void => {
    const [active, dueMs] = [queue.activeCount, queue.nextDueMs ?? Number.POSITIVE_INFINITY]
    apply()
    // A pod whose back-off ends sooner than anything before wants the timer set anew, too.
    if ((active === 0 && queue.activeCount > 0) || (queue.nextDueMs ?? Number.POSITIVE_INFINITY) < dueMs) {
      sendBack({ type: 'work.arrived' })
    }
  }
  const podChanged = ({ type, object, previous }: Pick<Change, 'type' | 'object' | 'previous'>): void => {
    const pod = object as unknown as Pod
    const key = keyOf(object)
    if (type !== 'DELETED' && occupies(pod)) cache.setPod(key, pod.spec?.nodeName ?? '', needsOf(pod))
    // A pod whose binding is on its way goes on occupying its node, though its object does not say so yet.
    else if (type === 'DELETED' || !inFlight.has(key)) if (cache.removePod(key)) queue.retryUnschedulable(host.clock.now())
    if (type !== 'DELETED' && needsNode(pod)) {
      const changed = !queue.has(key) || (previous !== undefined && !semanticallyEqual(previous.spec, object.spec))
      if (!inFlight.has(key) && changed) queue.add(key, pod.spec?.priority ?? 0)
    } else queue.delete(key)
  }
  const nodeChanged = ({ type, object, previous }: Pick<Change, 'type' | 'object' | 'previous'>): void => {
    if (type === 'DELETED') return cache.removeNode(object.metadata.name ?? '')
    cache.setNode(object as unknown as Node)
    if (mayHelp(previous as unknown as Node | undefined, object as unknown as Node)) queue.retryUnschedulable(host.clock.now())
  }
  const subscriptions = [
    view.observe(['nodes'], (change) => waking(() => nodeChanged(change))),
    view.observe(['pods'], (change) => waking(() => podChanged(change))),
  ]
  for (const object of view.list('nodes')) nodeChanged({ type: 'ADDED', object })
  for (const object of view.list('pods')) podChanged({ type: 'ADDED', object })
  sendBack({ type: 'view.synced' })
  return () => {
    for (const subscription of subscriptions) subscription.stop()
  }
})

export const schedulerMachine = setup({
  types: {} as { input: SchedulerInput; context: Context; events: SchedulerEvent },
  actors: { observing },
  delays: {
    nextDue: ({ context: { queue, host } }) =>
      Math.min(TIMER_MAX_MS, Math.max(0, (queue.nextDueMs ?? Number.POSITIVE_INFINITY) - host.clock.now())),
  },
  guards: {
    hasWork: ({ context }) => context.queue.activeCount > 0,
    isBusy: ({ context }) => context.inFlight.size > 0,
    hasWaiting: ({ context }) => context.queue.waitingCount > 0,
  },
  actions: {
    placePods: ({ context, self }) => placePods(context, self),
    noteFailure: assign(({ event }) =>
      event.type === 'pod.settled' && event.failure !== undefined ? { lastFailure: event.failure } : {},
    ),
  },
}).createMachine({
  id: 'scheduler',
  context: ({ input }) => ({
    ...input,
    cache: new NodeCache(),
    queue: new PodQueue(),
    recorder: new EventRecorder('default-scheduler'),
    lots: input.host.random.stream('scheduler'),
    inFlight: new Set(),
    lastFailure: undefined,
  }),
  invoke: { src: 'observing', id: 'observing', input: ({ context }) => context },
  initial: 'syncing',
  on: { 'scheduler.stop': '.stopped' },
  states: {
    syncing: { on: { 'view.synced': [{ guard: 'hasWork', target: 'working' }, { target: 'idle' }] } },
    idle: {
      on: { 'work.arrived': 'working' },
    },
    working: {
      entry: 'placePods',
      always: [{ guard: 'isBusy', target: 'binding' }, { guard: 'hasWaiting', target: 'backingOff' }, { target: 'idle' }],
    },
    binding: {
      on: { 'pod.settled': { target: 'working', actions: 'noteFailure' }, 'work.arrived': 'working' },
      after: { nextDue: 'working' },
    },
    backingOff: {
      on: { 'work.arrived': 'working' },
      after: { nextDue: 'working' },
    },
    stopped: { type: 'final' },
  },
})

function placePods(context: Context, self: Self): void {
  const nowMs = context.host.clock.now()
  while (context.inFlight.size < IN_FLIGHT_MAX) {
    const key = context.queue.take(nowMs)
    if (key === undefined) return
    const { namespace, name } = partsOf(key)
    const pod = context.view.get<Pod>('pods', namespace, name)
    if (pod === undefined || !needsNode(pod)) context.queue.delete(key)
    else if (context.inFlight.has(key)) context.queue.failed(key, nowMs)
    else placePod(context, self, key, pod, nowMs)
  }
}

function placePod(context: Context, self: Self, key: string, pod: Pod, nowMs: number): void {
  const { cache, queue, inFlight, lots } = context
  const needs = needsOf(pod)
  const placement = place(pod, needs, cache, lots)
  if (placement.nodeName === undefined) {
    queue.unschedulable(key, nowMs)
    tell(context, pod, 'Warning', 'FailedScheduling', placement.message)
    const request = unschedulableRequest(pod, placement, nowMs)
    if (request === undefined) return
    inFlight.add(key)
    context.api.request(request, (answer) => {
      inFlight.delete(key)
      self.send({ type: 'pod.settled', key, ...(answer.ok ? {} : { failure: answer.status.message ?? '' }) })
    })
    return
  }
  const { nodeName } = placement
  inFlight.add(key)
  cache.setPod(key, nodeName, needs)
  context.api.request(bindingRequest(pod, placement), (answer) => {
    inFlight.delete(key)
    if (answer.ok) {
      queue.delete(key)
      tell(context, pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${nodeName}`)
    } else {
      const { namespace, name } = partsOf(key)
      const now = context.view.get<Pod>('pods', namespace, name)
      if (now === undefined || !occupies(now)) cache.removePod(key)
      if (now !== undefined && needsNode(now)) queue.failed(key, context.host.clock.now())
      else queue.delete(key)
    }
    self.send({ type: 'pod.settled', key, ...(answer.ok ? {} : { failure: answer.status.message ?? '' }) })
  })
}

function tell(context: Context, pod: Pod, type: EventNote['type'], reason: string, message: string): void {
  const note = { type, about: refer(pod as unknown as KubeObject), reason, message }
  const request = context.recorder.record(note, context.host.clock.now())
  if (request !== undefined)
    context.api.request(request, (answer) => {
      if (!answer.ok && request.verb === 'patch') context.recorder.forget(request.name ?? '')
    })
}
