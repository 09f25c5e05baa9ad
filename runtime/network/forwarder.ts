// Connections of one listener: each goes to the next backend in turn, and to the one after it when that cannot be reached.
import { createConnection, type Socket } from 'node:net'
import type { Backend, Listener } from '../../actors/ports/network.ts'

/** Of one listener in this process; more are refused, so that a flood ends here and not in the memory of the node. */
const CONNECTIONS_MAX = 10_000
/** How long a backend may take to accept. On one machine a connection is made or refused at once. */
const CONNECT_TIMEOUT_MS = 3_000
/**
 * A pod without a readiness probe is ready before its program listens, so an update may replace the last one that does by those
 * that are about to. A connection is held for this long, and tried again this often, rather than lost to that moment.
 */
const NOBODY_LISTENS_MS = 1_000
const TRY_AGAIN_MS = 20

export class Forwarder {
  #backends: readonly Backend[]
  #affinity: Listener['affinity']
  #turn: number
  readonly #clients = new Set<Socket>()
  #drained: () => void = () => {}

  constructor({ backends, affinity }: Listener) {
    this.#backends = backends
    this.#affinity = affinity
    // Several processes share a listener: they should not all begin with the first.
    this.#turn = process.pid
  }

  direct({ backends, affinity }: Listener): void {
    this.#backends = backends
    this.#affinity = affinity
  }

  forward(client: Socket): void {
    if (this.#backends.length === 0 || this.#clients.size >= CONNECTIONS_MAX) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    this.#clients.add(client)
    client.on('close', () => {
      this.#clients.delete(client)
      if (this.#clients.size === 0) this.#drained()
    })
    client.on('error', () => client.destroy())
    this.#connect(client, new Set(), performance.now() + NOBODY_LISTENS_MS)
  }

  /** Calls back when the last connection has ended, at once when there is none. For a listener that takes no new ones. */
  drain(drained: () => void): void {
    if (this.#clients.size === 0) drained()
    else this.#drained = drained
  }

  endAll(): void {
    for (const client of this.#clients) client.resetAndDestroy()
  }

  /** Nothing has been read from the client yet, so another backend can take the connection as if it were the first. */
  #connect(client: Socket, tried: Set<string>, untilMs: number): void {
    const backend = this.#choose(client, tried)
    if (!backend && !client.destroyed && this.#backends.length > 0 && performance.now() < untilMs) {
      setTimeout(() => this.#connect(client, new Set(), untilMs), TRY_AGAIN_MS)
      return
    }
    if (!backend || client.destroyed) {
      client.resetAndDestroy()
      return
    }
    tried.add(nameOf(backend))
    const upstream = createConnection({ host: backend.address, port: backend.port, allowHalfOpen: true, noDelay: true })
    // Both ends below are named so that they can be taken off again: a connection in use has no use for them.
    const abandoned = () => upstream.destroy()
    const late = () => upstream.destroy(new Error('the backend does not accept'))
    const next = () => {
      client.off('close', abandoned)
      this.#connect(client, tried, untilMs)
    }
    client.once('close', abandoned)
    upstream.setTimeout(CONNECT_TIMEOUT_MS, late)
    upstream.once('error', next)
    upstream.once('connect', () => {
      upstream.setTimeout(0, late)
      upstream.off('error', next)
      client.off('close', abandoned)
      if (client.destroyed) upstream.destroy()
      else join(client, upstream)
    })
  }

  #choose(client: Socket, tried: ReadonlySet<string>): Backend | undefined {
    const backends = tried.size === 0 ? this.#backends : this.#backends.filter((backend) => !tried.has(nameOf(backend)))
    if (this.#affinity === 'client') return preferredBy(client.remoteAddress ?? '', backends)
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER
    return backends[this.#turn % Math.max(1, backends.length)]
  }
}

const nameOf = (backend: Backend): string => `${backend.address}:${backend.port}`

/**
 * The backend with the highest score for this client: every process comes to the same choice without remembering anything,
 * and when a backend leaves only its own clients move.
 */
function preferredBy(client: string, backends: readonly Backend[]): Backend | undefined {
  let best: Backend | undefined
  let bestScore = -1
  for (const backend of backends) {
    const score = hash(`${client} ${nameOf(backend)}`)
    if (score > bestScore) [best, bestScore] = [backend, score]
  }
  return best
}

/** FNV-1a, then the finish of MurmurHash3: without it addresses that differ in the last digit only would score alike. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

/** `pipe` carries back-pressure and passes on each side's end by itself; a failure of one side is one of the other. */
function join(client: Socket, upstream: Socket): void {
  const reset = (other: Socket) => () => {
    if (!other.destroyed) other.resetAndDestroy()
  }
  upstream.on('error', reset(client))
  client.on('error', reset(upstream))
  client.on('close', () => upstream.destroy())
  upstream.on('close', () => {
    // After an orderly end what was written to the client may still be on its way.
    if (!client.writableEnded) client.destroy()
    else if (client.writableFinished) client.destroy()
    else client.once('finish', () => client.destroy())
  })
  client.pipe(upstream)
  upstream.pipe(client)
}
