// Supervises the Nodes of one zone (of a large zone, of a part of it): watches their heartbeats with one timer, and holds
// the brakes of eviction: none → partial → full disruption.
import {
  type ActorRef,
  type ActorRefFrom,
  type AnyActorRef,
  assign,
  type ErrorActorEvent,
  enqueueActions,
  type Snapshot,
  sendTo,
  setup,
  stopChild,
} from 'xstate'
import type { Node } from '../../../model/schema/kinds/core-v1.ts'
import type { ApiClient } from '../../ports/api.ts'
import type { Host } from '../../ports/host.ts'
import type { View } from '../../ports/view.ts'
import { type Disruption, disruption, evictionsPerSecond, nextEvictionMs } from './brakes.ts'
import type { FailureDetection } from './failure-detection.ts'
import type { Heartbeats } from './heartbeats.ts'
import { readyStatus } from './lost-node.ts'
import { nodeMachine } from './node.machine.ts'
import type { NodePhase, NodePhaseChanged } from './node.protocol.ts'
import type { ZoneEvent } from './zone.protocol.ts'

/** A timer that fires this much too late was not late by itself: this process was stopped or overloaded meanwhile. */
const OVERSLEPT_MS = 1000
/** While a brake holds and nothing changes, looked at again after this. */
const BRAKED_LOOK_MS = 5000

export interface ZoneInput {
  readonly zone: string
  readonly detection: FailureDetection
  /** Renewed by whoever observes the leases. */
  readonly heartbeats: Heartbeats
  readonly view: View
  readonly api: ApiClient
  readonly host: Host
  /** Hears of every phase of every Node. */
  readonly parent: ActorRef<Snapshot<unknown>, NodePhaseChanged>
}

interface Context extends ZoneInput {
  readonly nodes: ReadonlyMap<string, { readonly uid: string; readonly ref: ActorRefFrom<typeof nodeMachine> }>
  readonly phases: ReadonlyMap<string, NodePhase>
  /** Nodes that wait for their eviction to begin, in the order in which they asked. */
  readonly wanting: ReadonlySet<string>
  readonly lastEvictionMs: number | undefined
  /** When the timer of heartbeats was to fire. */
  readonly lookAtMs: number
}

const SILENT: readonly NodePhase[] = ['suspect', 'unreachable', 'evicting']

const disruptionOf = ({ phases }: Context): Disruption => {
  let silent = 0
  for (const phase of phases.values()) if (SILENT.includes(phase)) silent += 1
  return disruption(phases.size, silent)
}

/** How long until the next eviction, by the brake that holds. */
function nextEviction({ phases, detection, lastEvictionMs, host }: Context, brake: Disruption): number {
  return nextEvictionMs(evictionsPerSecond(brake, phases.size, detection.evictionsPerSecond), lastEvictionMs, host.clock.now())
}

const without = <T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> => {
  const copy = new Map(map)
  copy.delete(key)
  return copy
}

const lookAgain = ({ context }: { context: Context }) => ({ lookAtMs: context.heartbeats.nextDueMs(context.host.clock.now()) })

export const zoneMachine = setup({
  types: {} as { input: ZoneInput; context: Context; events: ZoneEvent | ErrorActorEvent },
  actors: { node: nodeMachine },
  delays: {
    nextHeartbeatDue: ({ context }) => Math.max(1, context.lookAtMs - context.host.clock.now()),
    nextEviction: ({ context }) => Math.min(BRAKED_LOOK_MS, nextEviction(context, 'none')),
    nextSlowEviction: ({ context }) => Math.min(BRAKED_LOOK_MS, nextEviction(context, 'partial')),
  },
  guards: {
    isWhole: ({ context }) => disruptionOf(context) === 'none',
    isPartlyDisrupted: ({ context }) => disruptionOf(context) === 'partial',
    isFullyDisrupted: ({ context }) => disruptionOf(context) === 'full',
    isAnybodyWaiting: ({ context }) => context.wanting.size > 0,
    mayEvict: ({ context }, { brake }: { brake: Disruption }) => context.wanting.size > 0 && nextEviction(context, brake) === 0,
    isFinished: ({ event }) => event.type === 'node.phaseChanged' && event.phase === 'gone',
  },
  actions: {
    lookAgain: assign(lookAgain),
    tellMissed: enqueueActions(({ context, enqueue }) => {
      const nowMs = context.host.clock.now()
      if (nowMs - context.lookAtMs > OVERSLEPT_MS) context.heartbeats.excuseAll(nowMs)
      else
        for (const nodeName of context.heartbeats.takeMissed(nowMs)) {
          const node = context.nodes.get(nodeName)
          if (node !== undefined) enqueue.sendTo(node.ref, { type: 'heartbeat.missed' })
        }
    }),
    addNode: assign(({ context, event, spawn, self }) => {
      if (event.type !== 'node.added' || context.nodes.has(event.nodeName)) return {}
      const { nodeName, uid, ready, connected } = event
      const { detection, view, api, host, heartbeats } = context
      heartbeats.expect(nodeName, host.clock.now(), connected ? detection.graceMs : detection.contactMs)
      const ref = spawn('node', { id: uid, input: { nodeName, ready, detection, view, api, host, zone: self } })
      return { nodes: new Map(context.nodes).set(nodeName, { uid, ref }) }
    }),
    removeNode: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'node.removed') return
      context.heartbeats.forget(event.nodeName)
      const node = context.nodes.get(event.nodeName)
      if (node !== undefined) enqueue.sendTo(node.ref, { type: 'node.deleted' })
    }),
    forwardToNode: enqueueActions(({ context, event, enqueue }) => {
      if (!('nodeName' in event)) return
      const node = context.nodes.get(event.nodeName)
      if (node === undefined) return
      if (event.type === 'node.readyChanged') enqueue.sendTo(node.ref, { type: event.type, ready: event.ready })
      else if (event.type === 'node.connected' || event.type === 'node.disconnected' || event.type === 'heartbeat.seen')
        enqueue.sendTo(node.ref, { type: event.type })
    }),
    expectHeartbeat: ({ context, event }) => {
      if (event.type === 'node.connected' && context.nodes.has(event.nodeName))
        context.heartbeats.expect(event.nodeName, context.host.clock.now())
    },
    tellParent: sendTo(
      ({ context }) => context.parent,
      ({ event }) => event as NodePhaseChanged,
    ),
    notePhase: assign(({ context, event }) => {
      if (event.type !== 'node.phaseChanged' || !context.nodes.has(event.nodeName)) return {}
      const wanting = new Set(context.wanting)
      wanting.delete(event.nodeName)
      return { phases: new Map(context.phases).set(event.nodeName, event.phase), wanting }
    }),
    forgetNode: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'node.phaseChanged') return
      const node = context.nodes.get(event.nodeName)
      if (node !== undefined) enqueue(stopChild(node.ref as AnyActorRef))
      enqueue.assign({ nodes: without(context.nodes, event.nodeName), phases: without(context.phases, event.nodeName) })
    }),
    noteWanting: assign(({ context, event }) =>
      event.type === 'eviction.wanted' ? { wanting: new Set(context.wanting).add(event.nodeName) } : {},
    ),
    allowEviction: enqueueActions(({ context, enqueue }) => {
      const [nodeName] = context.wanting
      const node = context.nodes.get(nodeName ?? '')
      const wanting = new Set(context.wanting)
      wanting.delete(nodeName ?? '')
      enqueue.assign({ wanting, lastEvictionMs: context.host.clock.now() })
      if (node !== undefined) enqueue.sendTo(node.ref, { type: 'eviction.allowed' })
    }),
    /** A Node's chart that failed begins anew from the object; the failed one is dead already. */
    restartNode: assign(({ context, event, spawn, self }) => {
      const failed = [...context.nodes].find(([, { uid }]) => event.type === `xstate.error.actor.${uid}`)
      if (failed === undefined) return {}
      const [nodeName, { uid }] = failed
      const { detection, view, api, host, heartbeats } = context
      const node = view.get<Node>('nodes', '', nodeName)
      heartbeats.expect(nodeName, host.clock.now())
      const ready = node !== undefined && readyStatus(node) === 'True'
      const ref = spawn('node', { id: uid, input: { nodeName, ready, detection, view, api, host, zone: self } })
      return { nodes: new Map(context.nodes).set(nodeName, { uid, ref }) }
    }),
  },
}).createMachine({
  id: 'zone',
  context: ({ input }) => ({
    ...input,
    nodes: new Map(),
    phases: new Map(),
    wanting: new Set(),
    lastEvictionMs: undefined,
    lookAtMs: input.heartbeats.nextDueMs(input.host.clock.now()),
  }),
  type: 'parallel',
  on: {
    'node.removed': { actions: 'removeNode' },
    'node.readyChanged': { actions: 'forwardToNode' },
    'node.connected': { actions: ['expectHeartbeat', 'forwardToNode'] },
    'node.disconnected': { actions: 'forwardToNode' },
    'heartbeat.seen': { actions: 'forwardToNode' },
    'node.phaseChanged': [
      { guard: 'isFinished', actions: ['forgetNode', 'tellParent'] },
      { actions: ['notePhase', 'tellParent'] },
    ],
    'xstate.error.actor.*': { actions: 'restartNode' },
  },
  states: {
    heartbeats: {
      initial: 'listening',
      states: {
        listening: {
          entry: 'lookAgain',
          // A newcomer may be due before everybody else.
          on: { 'node.added': { target: 'listening', reenter: true, actions: 'addNode' } },
          after: { nextHeartbeatDue: { target: 'listening', reenter: true, actions: 'tellMissed' } },
        },
      },
    },
    eviction: {
      initial: 'none',
      on: { 'eviction.wanted': { actions: 'noteWanting' } },
      states: {
        none: {
          initial: 'idle',
          always: [
            { guard: 'isFullyDisrupted', target: 'full' },
            { guard: 'isPartlyDisrupted', target: 'partial' },
          ],
          states: {
            idle: { always: { guard: 'isAnybodyWaiting', target: 'rationing' } },
            rationing: {
              always: { guard: { type: 'mayEvict', params: { brake: 'none' } }, target: 'idle', actions: 'allowEviction' },
              after: { nextEviction: { target: 'rationing', reenter: true } },
            },
          },
        },
        partial: {
          initial: 'idle',
          always: [
            { guard: 'isFullyDisrupted', target: 'full' },
            { guard: 'isWhole', target: 'none' },
          ],
          states: {
            idle: { always: { guard: 'isAnybodyWaiting', target: 'rationing' } },
            rationing: {
              always: { guard: { type: 'mayEvict', params: { brake: 'partial' } }, target: 'idle', actions: 'allowEviction' },
              after: { nextSlowEviction: { target: 'rationing', reenter: true } },
            },
          },
        },
        full: {
          always: [
            { guard: 'isWhole', target: 'none' },
            { guard: 'isPartlyDisrupted', target: 'partial' },
          ],
        },
      },
    },
  },
})
