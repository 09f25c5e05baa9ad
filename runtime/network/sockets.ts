// Services by sockets of this process: a TCP listener for each address and port, shared with the other node processes of the
// host by `reusePort`, and a connection to a backend for each one that comes in. Bytes are piped, never looked at.
import { createServer, type Server } from 'node:net'
import type { Listener, ListenerFailure, Network } from '../../actors/ports/network.ts'
import type { Claims } from './claims.ts'
import { Forwarder } from './forwarder.ts'

/** Connections that wait in the kernel while this process is busy; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 4_096
/** What open connections are given to end by themselves when the node stops. */
const DRAIN_MS = 500

export interface SocketNetworkOptions {
  readonly claims: Claims
}

interface Open {
  readonly server: Server
  readonly forwarder: Forwarder
  readonly listener: Listener
}

export function createSocketNetwork({ claims }: SocketNetworkOptions): Network {
  const open = new Map<string, Open>()
  /** Of removed listeners, whose connections live on. */
  const draining = new Set<Forwarder>()

  function listen(listener: Listener, settled: (failure?: ListenerFailure) => void): void {
    const { key, kind, address, port } = listener
    if (kind === 'nodePort' && !claims.claim('nodeport', port)) {
      return settled({ key, reason: 'claimed', message: `another cluster on this machine has node port ${port}` })
    }
    const forwarder = new Forwarder(listener)
    // `pauseOnConnect`: what a client sends waits in the kernel until a backend is there to take it.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) =>
      forwarder.forward(client),
    )
    open.set(key, { server, forwarder, listener })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (open.get(key)?.server === server) open.delete(key)
      if (kind === 'nodePort') claims.release('nodeport', port)
      settled(failureOf(listener, error))
    })
    server.listen({ host: address, port, backlog: BACKLOG, reusePort: true }, () => {
      server.removeAllListeners('error')
      // A connection that could not be accepted (no file descriptors left) is the client's loss, not the node's.
      server.on('error', () => {})
      settled()
    })
  }

  function remove(key: string): void {
    const found = open.get(key)
    if (!found) return
    open.delete(key)
    const { forwarder } = found
    draining.add(forwarder)
    forwarder.drain(() => draining.delete(forwarder))
    found.server.close()
    if (found.listener.kind === 'nodePort') claims.release('nodeport', found.listener.port)
  }

  return {
    program({ set, removed }, programmed) {
      const failures: ListenerFailure[] = []
      let pending = 1
      const settled = (failure?: ListenerFailure): void => {
        if (failure) failures.push(failure)
        pending -= 1
        if (pending === 0) setImmediate(programmed, failures)
      }
      for (const key of removed) remove(key)
      for (const listener of set) {
        const known = open.get(listener.key)
        if (known) known.forwarder.direct(listener)
        else {
          pending += 1
          listen(listener, settled)
        }
      }
      settled()
    },
    close(closed) {
      for (const key of [...open.keys()]) remove(key)
      claims.close()
      const end = (): void => {
        clearTimeout(timer)
        for (const forwarder of draining) {
          // Their ends are no news any more.
          forwarder.drain(() => {})
          forwarder.endAll()
        }
        setImmediate(closed)
      }
      const timer = setTimeout(end, DRAIN_MS)
      let left = draining.size + 1
      const drained = (): void => {
        left -= 1
        if (left === 0) end()
      }
      for (const forwarder of draining) forwarder.drain(drained)
      drained()
    },
  }
}

function failureOf({ key, address, port }: Listener, { code, message }: NodeJS.ErrnoException): ListenerFailure {
  if (code === 'EACCES')
    return {
      key,
      reason: 'privileged',
      message:
        `port ${port} on ${address} may not be bound by this user; the Service answers by node port only. ` +
        `To allow it: sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
    }
  if (code === 'EADDRINUSE') return { key, reason: 'taken', message: `another program listens on ${address}:${port}` }
  return { key, reason: 'failed', message: `cannot listen on ${address}:${port}: ${message}` }
}
