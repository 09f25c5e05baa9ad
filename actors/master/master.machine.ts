// The control plane as a whole: recovering → standby → leading → draining → stopped. While it leads, scheduler, controllers,
// Nodes and Services run side by side; one that fails begins anew and takes nobody with it.
import { type AnyActorLogic, assign, type ErrorActorEvent, enqueueActions, fromCallback, raise, sendTo, setup } from 'xstate'
import type { ApiClient } from '../ports/api.ts'
import type { Host } from '../ports/host.ts'
import type { View } from '../ports/view.ts'
import type { ControllerSettings } from './controllers/all.ts'
import { controllersMachine } from './controllers/controllers.machine.ts'
import type { MasterEvent } from './master.protocol.ts'
import type { FailureDetection } from './nodes/failure-detection.ts'
import type { NodePhase, NodePhaseChanged } from './nodes/node.protocol.ts'
import { NODES_USER, nodesMachine } from './nodes/nodes.machine.ts'
import { SCHEDULER_USER, schedulerMachine } from './scheduler/scheduler.machine.ts'
import type { NodeFact } from './services/services.protocol.ts'

/** A part that fails as soon as it begins must not take the processor. */
const RESTART_MS = 1000
/** What is in flight has this long to be finished; then the process ends, and the store is as after a crash. */
const DRAIN_MAX_MS = 10_000

export interface MasterInput {
  /** `sole` leads as soon as the store is open; `contested` waits until it is elected. */
  readonly election: 'sole' | 'contested'
  readonly host: Host
  readonly view: View
  /** A client that asks as this user. */
  readonly apiAs: (user: string) => ApiClient
  readonly detection: FailureDetection
  readonly settings: ControllerSettings
}

/** What the actor provided as `services` gets. */
export type ServicesInput = Pick<MasterInput, 'host' | 'view' | 'apiAs'>

interface Context extends MasterInput {
  /** Nodes whose link stands, with the revision that their proxies have programmed. */
  readonly links: ReadonlyMap<string, number>
  readonly phases: ReadonlyMap<string, NodePhase>
  /** Why the Api ended, if it ended by itself. */
  readonly failure: string | undefined
}

/** Api and Services are handed in by whoever composes the Master: `masterMachine.provide({ actors: { api, services } })`. */
const provided = (name: string): AnyActorLogic =>
  fromCallback(() => {
    throw new Error(`the Master was started without ${name}`)
  })

/** The chart of the Api says by its state what may be asked of it. */
const isServing = (value: unknown): boolean =>
  value === 'serving' || (typeof value === 'object' && value !== null && 'serving' in value)

export const masterMachine = setup({
  types: {} as {
    input: MasterInput
    context: Context
    events: MasterEvent | NodePhaseChanged | { type: 'api.serving' } | ErrorActorEvent
    output: { failure: string | undefined }
  },
  actors: {
    api: provided('api'),
    services: provided('services'),
    scheduler: schedulerMachine,
    controllers: controllersMachine,
    nodes: nodesMachine,
  },
  delays: { restart: RESTART_MS, drainMax: DRAIN_MAX_MS },
  guards: {
    isSole: ({ context }) => context.election === 'sole',
    apiServes: (_, { value }: { value: unknown }) => isServing(value),
  },
  actions: {
    noteLink: assign(({ context, event }) => {
      const links = new Map(context.links)
      if (event.type === 'node.connected') links.set(event.nodeName, 0)
      if (event.type === 'node.disconnected') links.delete(event.nodeName)
      if (event.type === 'proxy.programmed') links.set(event.nodeName, event.revision)
      return { links }
    }),
    notePhase: assign(({ context, event }) => {
      if (event.type !== 'node.phaseChanged') return {}
      const phases = new Map(context.phases)
      if (event.phase === 'gone') phases.delete(event.nodeName)
      else phases.set(event.nodeName, event.phase)
      return { phases }
    }),
    tellNodes: sendTo('nodes', ({ event }) => event),
    tellServices: enqueueActions(({ context, event, enqueue }) => {
      if (event.type === 'proxy.programmed') enqueue.sendTo('services', event)
      else if ('nodeName' in event) enqueue.sendTo('services', nodeFact(context, event.nodeName))
    }),
    tellNodesAll: enqueueActions(({ context, enqueue }) => {
      for (const nodeName of context.links.keys()) enqueue.sendTo('nodes', { type: 'node.connected', nodeName })
    }),
    tellServicesAll: enqueueActions(({ context, enqueue }) => {
      for (const [nodeName, revision] of context.links) {
        enqueue.sendTo('services', nodeFact(context, nodeName))
        if (revision > 0) enqueue.sendTo('services', { type: 'proxy.programmed', nodeName, revision } satisfies NodeFact)
      }
    }),
    announceServing: raise({ type: 'api.serving' }),
    drainApi: sendTo('api', { type: 'api.drain' }),
    forgetPhases: assign({ phases: new Map() }),
    noteFailure: assign((_, { error }: { error: unknown }) => ({
      failure: error instanceof Error ? error.message : error === undefined ? undefined : String(error),
    })),
  },
}).createMachine({
  id: 'master',
  context: ({ input }) => ({ ...input, links: new Map(), phases: new Map(), failure: undefined }),
  output: ({ context }) => ({ failure: context.failure }),
  invoke: {
    src: 'api',
    id: 'api',
    onSnapshot: {
      guard: { type: 'apiServes', params: ({ event }) => ({ value: (event.snapshot as { value?: unknown }).value }) },
      actions: 'announceServing',
    },
    onDone: {
      target: '.stopped',
      actions: {
        type: 'noteFailure',
        params: ({ event }) => ({ error: (event.output as { failure?: string } | undefined)?.failure }),
      },
    },
    onError: { target: '.stopped', actions: { type: 'noteFailure', params: ({ event }) => ({ error: event.error }) } },
  },
  on: {
    'node.connected': { actions: 'noteLink' },
    'node.disconnected': { actions: 'noteLink' },
    'proxy.programmed': { actions: 'noteLink' },
    'node.phaseChanged': { actions: 'notePhase' },
    'master.drain': '.draining',
  },
  initial: 'recovering',
  states: {
    recovering: { on: { 'api.serving': 'standby' } },
    standby: {
      always: { guard: 'isSole', target: 'leading' },
      on: { 'leader.elected': 'leading' },
    },
    leading: {
      type: 'parallel',
      exit: 'forgetPhases',
      on: { 'leader.lost': 'standby' },
      states: {
        scheduling: {
          initial: 'running',
          states: {
            running: {
              invoke: {
                src: 'scheduler',
                id: 'scheduler',
                input: ({ context: { view, host, apiAs } }) => ({ view, host, api: apiAs(SCHEDULER_USER) }),
                onError: 'restarting',
              },
            },
            restarting: { after: { restart: 'running' } },
          },
        },
        controlling: {
          initial: 'running',
          states: {
            running: {
              invoke: {
                src: 'controllers',
                id: 'controllers',
                input: ({ context: { view, host, apiAs, settings } }) => ({
                  view,
                  host,
                  apiAs,
                  settings,
                }),
                onError: 'restarting',
              },
            },
            restarting: { after: { restart: 'running' } },
          },
        },
        watchingNodes: {
          initial: 'running',
          states: {
            running: {
              entry: 'tellNodesAll',
              invoke: {
                src: 'nodes',
                id: 'nodes',
                input: ({ context: { view, host, apiAs, detection }, self }) => ({
                  view,
                  host,
                  api: apiAs(NODES_USER),
                  detection,
                  master: self,
                }),
                onError: 'restarting',
              },
              on: {
                'node.connected': { actions: ['noteLink', 'tellNodes'] },
                'node.disconnected': { actions: ['noteLink', 'tellNodes'] },
              },
            },
            restarting: { after: { restart: 'running' } },
          },
        },
        servingServices: {
          initial: 'running',
          states: {
            running: {
              entry: 'tellServicesAll',
              invoke: {
                src: 'services',
                id: 'services',
                input: ({ context: { view, host, apiAs } }: { context: Context }): ServicesInput => ({ view, host, apiAs }),
                onError: 'restarting',
              },
              on: {
                'node.connected': { actions: ['noteLink', 'tellServices'] },
                'node.disconnected': { actions: ['noteLink', 'tellServices'] },
                'proxy.programmed': { actions: ['noteLink', 'tellServices'] },
                'node.phaseChanged': { actions: ['notePhase', 'tellServices'] },
              },
            },
            restarting: { after: { restart: 'running' } },
          },
        },
      },
    },
    draining: {
      entry: 'drainApi',
      after: { drainMax: 'stopped' },
    },
    stopped: { type: 'final' },
  },
})

/** A node holds Services back only while both hold: its link stands and it is Ready. */
const nodeFact = ({ links, phases }: Context, nodeName: string): NodeFact => ({
  type: links.has(nodeName) && phases.get(nodeName) === 'ready' ? 'node.ready' : 'node.lost',
  nodeName,
})
