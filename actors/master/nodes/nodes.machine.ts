// All Nodes of the cluster, by zones: hears of them from the view and from their connections, and passes each fact to the
// supervisor of the zone. A supervisor holds a bounded number of Nodes, as spawning costs in proportion to its children.
import {
  type ActorRef,
  type ActorRefFrom,
  assign,
  type ErrorActorEvent,
  enqueueActions,
  fromCallback,
  type Snapshot,
  sendTo,
  setup,
} from 'xstate'
import type { KubeObject } from '../../../model/object.ts'
import type { Node } from '../../../model/schema/kinds/core-v1.ts'
import type { ApiClient } from '../../ports/api.ts'
import type { Host } from '../../ports/host.ts'
import type { View } from '../../ports/view.ts'
import type { FailureDetection } from './failure-detection.ts'
import { Heartbeats } from './heartbeats.ts'
import { readyStatus } from './lost-node.ts'
import type { NodePhaseChanged } from './node.protocol.ts'
import { zoneMachine } from './zone.machine.ts'

/** Nodes under one supervisor (xstate copies the children of a parent at each spawn). */
const NODES_PER_SUPERVISOR = 200

const ZONE = 'topology.kubernetes.io/zone'
const LEASES = 'leases.coordination.k8s.io'
const LEASE_NAMESPACE = 'kube-node-lease'

export const NODES_USER = 'system:serviceaccount:kube-system:node-controller'

export interface NodesInput {
  readonly detection: FailureDetection
  readonly view: View
  /** Asks as NODES_USER. */
  readonly api: ApiClient
  readonly host: Host
  /** Hears of every phase of every Node. */
  readonly master: ActorRef<Snapshot<unknown>, NodePhaseChanged>
}

export type NodesEvent =
  | NodePhaseChanged
  | { type: 'view.synced' }
  | { type: 'node.appeared'; nodeName: string; uid: string; zone: string; ready: boolean }
  | { type: 'node.disappeared'; nodeName: string }
  | { type: 'node.readyChanged'; nodeName: string; ready: boolean }
  | { type: 'heartbeat.seen'; nodeName: string }
  /** From the listener of node connections; a disconnection only of the connection that counts, not of a replaced one. */
  | { type: 'node.connected'; nodeName: string }
  | { type: 'node.disconnected'; nodeName: string }
  | { type: 'nodes.stop' }

interface Supervisor {
  readonly ref: ActorRefFrom<typeof zoneMachine>
  readonly heartbeats: Heartbeats
  readonly size: number
}

interface Context extends NodesInput {
  readonly supervisors: ReadonlyMap<string, Supervisor>
  /** Which supervisor holds a node, by node name; also read past the chart, at each renewal of a lease. */
  readonly placed: Map<string, string>
  readonly heartbeatsOf: Map<string, Heartbeats>
  readonly connected: ReadonlySet<string>
}

const isReady = (object: KubeObject): boolean => readyStatus(object as unknown as Node) === 'True'

const observing = fromCallback<NodesEvent, Context>(({ input: { view, host, heartbeatsOf }, sendBack }) => {
  const appeared = (object: KubeObject): void => {
    const { name: nodeName = '', uid = '', labels } = object.metadata
    sendBack({ type: 'node.appeared', nodeName, uid, zone: labels?.[ZONE] ?? '', ready: isReady(object) })
  }
  const nodes = view.observe(['nodes'], ({ type, object, previous }) => {
    const nodeName = object.metadata.name ?? ''
    if (type === 'DELETED') sendBack({ type: 'node.disappeared', nodeName })
    else if (previous === undefined) appeared(object)
    else if (isReady(previous) !== isReady(object)) sendBack({ type: 'node.readyChanged', nodeName, ready: isReady(object) })
  })
  const leases = view.observe([LEASES], ({ type, object }) => {
    if (type === 'DELETED' || object.metadata.namespace !== LEASE_NAMESPACE) return
    const nodeName = object.metadata.name ?? ''
    if (heartbeatsOf.get(nodeName)?.renewed(nodeName, host.clock.now())) sendBack({ type: 'heartbeat.seen', nodeName })
  })
  for (const object of view.list('nodes')) appeared(object)
  sendBack({ type: 'view.synced' })
  return () => {
    nodes.stop()
    leases.stop()
  }
})

export const nodesMachine = setup({
  types: {} as { input: NodesInput; context: Context; events: NodesEvent | ErrorActorEvent },
  actors: { observing, zone: zoneMachine },
  actions: {
    placeNode: enqueueActions(({ context, event, enqueue, self }) => {
      if (event.type !== 'node.appeared' || context.placed.has(event.nodeName)) return
      const { nodeName, uid, zone, ready } = event
      const id = supervisorFor(context, zone)
      context.placed.set(nodeName, id)
      enqueue.assign(({ context: { supervisors, ...rest }, spawn }) => {
        const known = supervisors.get(id)
        const heartbeats = known?.heartbeats ?? new Heartbeats(rest.detection.graceMs)
        const ref =
          known?.ref ??
          spawn('zone', {
            id,
            input: { parent: self, zone, heartbeats, detection: rest.detection, view: rest.view, api: rest.api, host: rest.host },
          })
        rest.heartbeatsOf.set(nodeName, heartbeats)
        return { supervisors: new Map(supervisors).set(id, { ref, heartbeats, size: (known?.size ?? 0) + 1 }) }
      })
      enqueue.sendTo(({ context: { supervisors } }) => supervisorRef(supervisors, id), {
        type: 'node.added',
        nodeName,
        uid,
        ready,
        connected: context.connected.has(nodeName),
      })
    }),
    forgetNode: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'node.disappeared') return
      const { nodeName } = event
      const id = context.placed.get(nodeName)
      const supervisor = context.supervisors.get(id ?? '')
      context.placed.delete(nodeName)
      context.heartbeatsOf.delete(nodeName)
      if (id === undefined || supervisor === undefined) return
      enqueue.sendTo(supervisor.ref, { type: 'node.removed', nodeName })
      enqueue.assign({ supervisors: new Map(context.supervisors).set(id, { ...supervisor, size: supervisor.size - 1 }) })
    }),
    noteConnection: assign(({ context, event }) => {
      const connected = new Set(context.connected)
      if (event.type === 'node.connected') connected.add(event.nodeName)
      if (event.type === 'node.disconnected') connected.delete(event.nodeName)
      return { connected }
    }),
    passToZone: enqueueActions(({ context, event, enqueue }) => {
      if (
        event.type !== 'node.connected' &&
        event.type !== 'node.disconnected' &&
        event.type !== 'heartbeat.seen' &&
        event.type !== 'node.readyChanged'
      )
        return
      const supervisor = context.supervisors.get(context.placed.get(event.nodeName) ?? '')
      if (supervisor !== undefined) enqueue.sendTo(supervisor.ref, event)
    }),
    tellMaster: sendTo(
      ({ context }) => context.master,
      ({ event }) => event as NodePhaseChanged,
    ),
    /** The supervisor is dead with its Nodes; a new one begins from the objects, with a full grace period for each. */
    restartZone: enqueueActions(({ context, event, enqueue }) => {
      const id = [...context.supervisors.keys()].find((key) => event.type === `xstate.error.actor.${key}`)
      if (id === undefined) return
      const supervisors = new Map(context.supervisors)
      supervisors.delete(id)
      enqueue.assign({ supervisors })
      for (const [nodeName, at] of context.placed) {
        if (at !== id) continue
        context.placed.delete(nodeName)
        context.heartbeatsOf.delete(nodeName)
        const node = context.view.get<KubeObject>('nodes', '', nodeName)
        if (node === undefined) continue
        const { uid = '', labels } = node.metadata
        enqueue.raise({ type: 'node.appeared', nodeName, uid, zone: labels?.[ZONE] ?? '', ready: isReady(node) })
      }
    }),
  },
}).createMachine({
  id: 'nodes',
  context: ({ input }) => ({
    ...input,
    supervisors: new Map(),
    placed: new Map(),
    heartbeatsOf: new Map(),
    connected: new Set(),
  }),
  invoke: { src: 'observing', id: 'observing', input: ({ context }) => context },
  initial: 'syncing',
  on: {
    'nodes.stop': '.stopped',
    'node.appeared': { actions: 'placeNode' },
    'node.disappeared': { actions: 'forgetNode' },
    'node.readyChanged': { actions: 'passToZone' },
    'heartbeat.seen': { actions: 'passToZone' },
    'node.phaseChanged': { actions: 'tellMaster' },
    'node.connected': { actions: ['noteConnection', 'passToZone'] },
    'node.disconnected': { actions: ['noteConnection', 'passToZone'] },
    'xstate.error.actor.*': { actions: 'restartZone' },
  },
  states: {
    syncing: { on: { 'view.synced': 'supervising' } },
    supervising: {},
    stopped: { type: 'final' },
  },
})

/** The first supervisor of the zone that has room. */
function supervisorFor({ supervisors, placed }: Context, zone: string): string {
  for (let part = 0; ; part += 1) {
    const id = `zone/${zone}/${part}`
    const size = supervisors.get(id)?.size ?? [...placed.values()].filter((at) => at === id).length
    if (size < NODES_PER_SUPERVISOR) return id
  }
}

function supervisorRef(supervisors: Context['supervisors'], id: string): ActorRefFrom<typeof zoneMachine> {
  const supervisor = supervisors.get(id)
  if (supervisor === undefined) throw new Error(`no supervisor ${id}`)
  return supervisor.ref
}
