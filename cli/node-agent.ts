// A node's process: reads what the command line says, puts the production adapters together, and dials the Master.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createImageTable } from '../runtime/containers/images.ts'
import { serveLogs } from '../runtime/containers/process/logs.ts'
import { machineFacts } from '../runtime/containers/process/machine.ts'
import { createProber } from '../runtime/containers/process/probes.ts'
import { createProcessRuntime } from '../runtime/containers/process/runtime.ts'
import { systemHost } from '../runtime/host.ts'
import { openClaims } from '../runtime/network/claims.ts'
import { serveConnect } from '../runtime/network/connect.ts'
import { createSocketNetwork } from '../runtime/network/sockets.ts'
import { createNode } from '../runtime/node.ts'
import type { Stream } from '../transports/peer.ts'
import { dialWebSocket } from '../transports/websocket.ts'
import { onceAsked, toldToBegin, type Word } from './agent-process.ts'

export interface NodeCommandOptions {
  readonly name: string
  readonly clusterId: string
  readonly server: string
  readonly pki: string
  readonly stateDir: string
  readonly images?: readonly string[]
  readonly failureDetection: 'fast' | 'stock'
}

export async function runNode(options: NodeCommandOptions): Promise<void> {
  const whenMasterServes = masterServes()
  await toldToBegin()
  const { name: nodeName } = options
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
    dial: (dialled) => whenMasterServes(() => dialWebSocket({ url: options.server, ...credentials }, dialled)),
    serve: (isOwnPod) => ({
      logs: (stream, request) => serveLogsOver(stream, (sink) => serveLogs(stateDir, request, sink, host.clock.now())),
      connect: (stream, request) => serveConnect(isOwnPod, stream, request),
    }),
  })
  node.start()
  onceAsked(() => node.stop(false, () => process.exit(0)))
}

/**
 * Who supervises both says when the Master serves. To dial before would cost more than all else that a node does at its start,
 * and the pauses between vain attempts would have grown when it does serve. Without a supervisor there is nothing to wait for.
 */
function masterServes(): (dial: () => () => void) => () => void {
  let serves = !process.connected
  const waiting = new Set<() => void>()
  const changed = (now: boolean) => {
    serves = now
    if (serves) for (const dial of [...waiting]) dial()
  }
  process.on('message', (word: Word) => {
    if (word !== 'begin') changed(word === 'masterServes')
  })
  process.once('disconnect', () => changed(true))
  return (dial) => {
    if (serves) return dial()
    let abandon = () => {
      waiting.delete(now)
    }
    const now = () => {
      waiting.delete(now)
      abandon = dial()
    }
    waiting.add(now)
    return () => abandon()
  }
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
