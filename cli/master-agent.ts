// The Master's process: reads what the command line says, puts the production adapters together, and opens the front once the
// API serves.

import type { Store } from '../actors/ports/store.ts'
import { systemHost } from '../runtime/host.ts'
import { createApiFront } from '../runtime/http/api-front.ts'
import { nodeNameOf } from '../runtime/identity/client-certificate.ts'
import { openPki } from '../runtime/identity/pki.ts'
import { createMaster } from '../runtime/master.ts'
import { rangesOf } from '../runtime/network/claims.ts'
import { createMemoryStore } from '../runtime/store/memory.ts'
import { acceptWebSockets } from '../transports/websocket.ts'
import { log, onceAsked, report, toldToBegin } from './agent-process.ts'
import { version } from './version.ts'

export interface MasterCommandOptions {
  readonly clusterId: string
  readonly port: number
  readonly dataDir: string
  readonly pki: string
  readonly slot: number
  readonly store: 'sqlite' | 'memory'
  readonly failureDetection: 'fast' | 'stock'
}

/** Without a store of its own it keeps objects in memory. */
export async function runMaster(options: MasterCommandOptions, durable?: Store): Promise<void> {
  await toldToBegin()
  const host = systemHost()
  const ranges = rangesOf(options.slot)
  const store = durable ?? createMemoryStore(host)
  const pki = openPki({ directory: options.pki, hosts: [ranges.apiServiceIp] })
  const { clusterId, port } = options
  const master = createMaster({
    ...{ host, store, clusterId, ranges, detection: options.failureDetection, authority: pki.authority },
    address: { host: '127.0.0.1', port },
  })
  const { engine, hub } = master
  const accept = acceptWebSockets()
  const refuse = (id: string, message: string) => {
    log(message)
    report({ type: 'refused', id, message })
    process.exitCode = 1
    setImmediate(() => process.exit(1))
  }
  master.onServing((failure) => {
    if (failure !== undefined) return refuse('store-refused', `the data in ${options.dataDir} cannot be used: ${failure}`)
    createApiFront(
      {
        ...{ engine, view: engine.state, nodes: hub, build: version(), tls: pki, host: '127.0.0.1', port },
        checks: [
          { name: 'ping', failure: () => undefined },
          { name: 'store', failure: () => (engine.gate.writes === 'open' ? undefined : engine.gate.reason) },
        ],
        gauges: [
          { name: 'kinora_watchers', help: 'Watches that are open.', read: () => engine.watchers },
          { name: 'kinora_writes_pending', help: 'Writes on their way to the store.', read: () => engine.pendingWrites },
          { name: 'kinora_nodes_connected', help: 'Nodes whose link stands.', read: () => hub.connected().length },
        ],
        status: () => ({ clusterId, revision: engine.state.revision, epoch: engine.epoch, nodes: hub.connected() }),
        upgrades: {
          '/kinora/v1/link': ({ request, socket, head, user }) => {
            const nodeName = nodeNameOf(user)
            if (nodeName === undefined) return socket.destroy()
            accept(request, socket, head, (pipe) => hub.accept(pipe, nodeName))
          },
        },
      },
      (outcome) => {
        if ('error' in outcome) return refuse('port-taken', `port ${port} cannot be used: ${outcome.error.message}`)
        report({ type: 'listening', port: outcome.server.port })
        master.onReadyNodes((ready) => report({ type: 'nodes', ready }))
        onceAsked(() => {
          outcome.server.drain(() => master.drain(() => process.exit(0)))
          hub.close('the Master is shutting down')
        })
      },
    )
  })
}
