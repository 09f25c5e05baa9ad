// The long-running processes: a Master, a node. They read what the command line says, put the production adapters together,
// and report to whoever started them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createImageTable } from '../runtime/containers/images.ts'
import { serveLogs } from '../runtime/containers/process/logs.ts'
import { machineFacts } from '../runtime/containers/process/machine.ts'
import { createProber } from '../runtime/containers/process/probes.ts'
import { createProcessRuntime } from '../runtime/containers/process/runtime.ts'
import { systemHost } from '../runtime/host.ts'
import { createApiFront } from '../runtime/http/api-front.ts'
import { nodeNameOf } from '../runtime/identity/client-certificate.ts'
import { openPki } from '../runtime/identity/pki.ts'
import { createMaster } from '../runtime/master.ts'
import { openClaims, rangesOf } from '../runtime/network/claims.ts'
import { serveConnect } from '../runtime/network/connect.ts'
import { createSocketNetwork } from '../runtime/network/sockets.ts'
import { createNode } from '../runtime/node.ts'
import { createMemoryStore } from '../runtime/store/memory.ts'
import { createSqliteStore } from '../runtime/store/sqlite.ts'
import type { Stream } from '../transports/peer.ts'
import { acceptWebSockets, dialWebSocket } from '../transports/websocket.ts'
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

export interface NodeCommandOptions {
  readonly clusterId: string
  readonly server: string
  readonly pki: string
  readonly stateDir: string
  readonly images?: readonly string[]
  readonly failureDetection: 'fast' | 'stock'
}

const report = (message: Record<string, unknown>): void => {
  if (process.connected) process.send?.(message)
}

/** Diagnoses go to stderr, which is the log of the process. */
const log = (text: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`)
}

export async function runMaster(options: MasterCommandOptions): Promise<void> {
  const host = systemHost()
  const ranges = rangesOf(options.slot)
  const store = options.store === 'memory' ? createMemoryStore(host) : createSqliteStore({ directory: options.dataDir })
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
        onceAsked(() => outcome.server.drain(() => master.drain(() => process.exit(0))))
      },
    )
  })
}

export async function runNode(nodeName: string, options: NodeCommandOptions): Promise<void> {
  const host = systemHost()
  const file = (name: string) => readFileSync(join(options.pki, name), 'utf8')
  const credentials = { ca: file('ca.crt'), cert: file(`node-${nodeName}.crt`), key: file(`node-${nodeName}.key`) }
  const { stateDir } = options
  const runtime = createProcessRuntime({
    host,
    stateDir,
    resolveImage: createImageTable(options.images ?? []),
    path: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  })
  const node = createNode({
    ...{ host, nodeName, runtime, detection: options.failureDetection, prober: createProber(runtime) },
    network: createSocketNetwork({ claims: openClaims(options.clusterId) }),
    machine: machineFacts(stateDir),
    dial: (dialled) => dialWebSocket({ url: options.server, ...credentials }, dialled),
    serve: {
      logs: (stream, request) => serveLogsOver(stream, (sink) => serveLogs(stateDir, request, sink, host.clock.now())),
      connect: (stream, request) =>
        serveConnect((_uid, address) => address.startsWith('127.') && address !== '127.0.0.1', stream, request),
    },
  })
  node.start()
  onceAsked(() => node.stop(false, () => process.exit(0)))
}

/** The first, empty frame says that the log is there. */
function serveLogsOver(stream: Stream, serve: (sink: Parameters<typeof serveLogs>[2]) => { stop(): void }): void {
  let accepted = false
  const accept = () => {
    if (!accepted) stream.write(new Uint8Array(0))
    accepted = true
  }
  const reading = serve({
    write: (bytes) => {
      accept()
      return stream.write(bytes)
    },
    onDrain: (drained) => {
      stream.onDrain = drained
    },
    close: (status) => {
      if (status === undefined) accept()
      stream.close(status)
    },
  })
  if (stream.isOpen) accept()
  stream.onClosed = () => reading.stop()
}

function onceAsked(stop: () => void): void {
  let asked = false
  const once = () => {
    if (asked) return
    asked = true
    stop()
  }
  process.on('SIGTERM', once)
  process.on('SIGINT', once)
}
