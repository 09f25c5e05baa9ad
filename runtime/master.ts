// A Master, put together: store, API engine, front, links of nodes, and the charts that run on them. What differs between
// production and simulation is what is handed in here.
import { createActor } from 'xstate'
import { apiMachine } from '../actors/master/api/api.machine.ts'
import type { ApiEvent } from '../actors/master/api/api.protocol.ts'
import { ApiEngine } from '../actors/master/api/engine.ts'
import { masterMachine } from '../actors/master/master.machine.ts'
import { FAILURE_DETECTION } from '../actors/master/nodes/failure-detection.ts'
import { servicesMachine } from '../actors/master/services/services.machine.ts'
import type { Host } from '../actors/ports/host.ts'
import type { Store } from '../actors/ports/store.ts'
import type { Node } from '../model/schema/kinds/core-v1.ts'
import { bound } from './bound-logic.ts'
import { createHub, type Hub } from './link/hub.ts'
import type { SlotRanges } from './network/claims.ts'

export interface MasterOptions {
  readonly host: Host
  readonly store: Store
  readonly clusterId: string
  readonly ranges: SlotRanges
  /** Where the API answers. */
  readonly address: { readonly host: string; readonly port: number }
  readonly detection: 'fast' | 'stock'
  /** PEM of the cluster's authority, which every namespace gets. */
  readonly authority: string
}

export interface MasterParts {
  readonly engine: ApiEngine
  readonly hub: Hub
  /** The chart of the Master, running. */
  readonly actor: ReturnType<typeof createActor<typeof masterMachine>>
  /** Once, when the API serves, or when it will not. */
  onServing(served: (failure?: string) => void): void
  /** Names of the nodes that are Ready, now and whenever that changes. */
  onReadyNodes(changed: (ready: readonly string[]) => void): void
  drain(drained: () => void): void
}

/** Which node ports a user may ask for; Kubernetes' range. */
const NODE_PORTS = { first: 30_000, last: 32_767 }
const NODES_AT_MOST = 127

export function createMaster(options: MasterOptions): MasterParts {
  const { host, store, ranges, detection } = options
  let toChart: (event: ApiEvent) => void = () => {}
  const engine = new ApiEngine({
    host,
    store,
    ranges: {
      serviceCidr: ranges.serviceCidr,
      nodePorts: NODE_PORTS,
      autoNodePorts: ranges.nodePortBand,
      podCidr: (index) => (index > NODES_AT_MOST ? undefined : ranges.podCidr(index)),
    },
    config: detection === 'stock' ? { defaultTolerationSeconds: 300 } : {},
    notify: (event) => toChart(event),
  })
  const hub = createHub({
    clusterId: options.clusterId,
    epoch: () => engine.epoch,
    timers: host.clock,
    engine,
    heard: (fact) => actor.send(fact),
  })
  const view = engine.state
  const api = bound(apiMachine, { engine, address: { clusterIp: ranges.apiServiceIp, ...options.address } })
  const actor = createActor(
    masterMachine.provide({ actors: { api, services: bound(servicesMachine, { view, links: hub, host }) } }),
    {
      clock: host.clock,
      input: {
        election: 'sole',
        host,
        view,
        apiAs: (user) => engine.as({ name: user, groups: ['system:authenticated'] }),
        detection: FAILURE_DETECTION[detection],
        settings: { caCertificate: options.authority },
      },
    },
  )
  toChart = (event) => actor.getSnapshot().children.api?.send(event)
  return {
    engine,
    hub,
    actor,
    onServing(served) {
      let told = false
      const tell = (failure?: string) => {
        if (told) return
        told = true
        served(failure)
      }
      actor.subscribe({
        next: (snapshot) => {
          if (snapshot.matches('leading')) tell()
        },
        complete: () => tell(actor.getSnapshot().output?.failure ?? 'the API did not open'),
      })
      actor.start()
    },
    onReadyNodes(changed) {
      let before = ''
      const look = () => {
        // What the store says of a node is of the last time it was heard; only who is connected is ready now.
        const connected = new Set(hub.connected())
        const ready = [...view.list<Node>('nodes')]
          .filter(isReady)
          .flatMap(({ metadata: { name = '' } }) => (connected.has(name) ? [name] : []))
        if (ready.join() === before) return
        before = ready.join()
        changed(ready)
      }
      view.observe(['nodes'], look)
      look()
    },
    drain(drained) {
      hub.close('the Master is shutting down')
      actor.subscribe({ complete: drained })
      actor.send({ type: 'master.drain' })
    },
  }
}

const isReady = ({ status, spec }: Node): boolean =>
  (status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false) &&
  !spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready' || key === 'node.kubernetes.io/unreachable')
