// The network port over real sockets: the contract, and what only sockets can get wrong.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Backend, Listener, Network } from '../../actors/ports/network.ts'
import { openClaims } from '../../runtime/network/claims.ts'
import { createSocketNetwork } from '../../runtime/network/sockets.ts'
import { type NetworkWorld, networkContract, program } from './network.contract.ts'

const directory = mkdtempSync(join(tmpdir(), 'kinora-network-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const networks: Network[] = []
const servers = new Set<Server>()
const makeNetwork = (cluster = 'one'): Network => {
  const network = createSocketNetwork({ claims: openClaims(cluster, directory) })
  networks.push(network)
  return network
}
const closeNetwork = (network: Network): Promise<void> => new Promise((closed) => network.close(closed))

afterEach(async () => {
  for (const network of networks.splice(0)) await closeNetwork(network)
  for (const server of servers) server.close()
  servers.clear()
})

async function serverAt(address: string, serve: (socket: Socket) => void): Promise<{ server: Server; backend: Backend }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    serve(socket)
  }).listen(0, address)
  servers.add(server)
  await once(server, 'listening')
  return { server, backend: { address, port: (server.address() as { port: number }).port } }
}

async function freePort(address: string): Promise<number> {
  const { server, backend } = await serverAt(address, () => {})
  servers.delete(server)
  server.close()
  await once(server, 'close')
  return backend.port
}

/** All that is said on one new connection; undefined when there was none, or it was reset. */
function ask({ address, port }: { address: string; port: number }): Promise<string | undefined> {
  return new Promise((heard) => {
    let text = ''
    const socket = createConnection({ host: address, port })
    socket.on('data', (bytes) => {
      text += bytes
    })
    socket.on('error', () => heard(undefined))
    socket.on('close', () => heard(text === '' ? undefined : text))
  })
}

const named = (name: string) => (socket: Socket) => socket.resume().end(name)

networkContract('sockets', async (): Promise<NetworkWorld> => {
  const network = makeNetwork()
  return {
    network,
    place: async (kind) => {
      const address = kind === 'nodePort' ? '127.0.0.1' : '127.251.128.7'
      return { address, port: await freePort(address) }
    },
    pod: async (name) => {
      const { server, backend } = await serverAt('127.251.1.9', named(name))
      return {
        backend,
        stop: async () => {
          servers.delete(server)
          server.close()
          await once(server, 'close')
        },
      }
    },
    connect: ask,
    close: async () => {},
  }
})

describe('sockets', () => {
  const listenerTo = async (backends: readonly Backend[], kind: Listener['kind'] = 'nodePort'): Promise<Listener> => ({
    key: 'default/web:',
    kind,
    address: '127.0.0.1',
    port: await freePort('127.0.0.1'),
    backends,
    affinity: 'none',
  })

  it('carries bytes unchanged and the two ends one by one', async () => {
    const { backend } = await serverAt('127.0.0.1', (socket) => {
      // Answers only after the client has ended its half: the other half must still be open.
      const parts: Buffer[] = []
      socket.on('data', (part) => parts.push(part))
      socket.on('end', () => socket.end(Buffer.concat(parts).toReversed()))
    })
    const listener = await listenerTo([backend])
    await program(makeNetwork(), { set: [listener] })
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 251))
    const socket = createConnection({ host: listener.address, port: listener.port, allowHalfOpen: true })
    socket.end(sent)
    const parts: Buffer[] = []
    for await (const part of socket) parts.push(part)
    expect(Buffer.concat(parts).equals(Buffer.from(sent.toReversed()))).toBe(true)
  })

  it('hears a client out whose backend has ended its half first', async () => {
    const heard = Promise.withResolvers<string>()
    const { backend } = await serverAt('127.0.0.1', (socket) => {
      socket.end('greeting')
      let text = ''
      socket.on('data', (part) => {
        text += part
      })
      socket.on('end', () => heard.resolve(text))
    })
    const listener = await listenerTo([backend])
    await program(makeNetwork(), { set: [listener] })
    const socket = createConnection({ host: listener.address, port: listener.port, allowHalfOpen: true })
    await once(socket.resume(), 'end')
    socket.end('after the greeting')
    expect(await heard.promise).toBe('after the greeting')
  })

  it('lets connections live on when their backend leaves or the listener is removed', async () => {
    const { backend } = await serverAt('127.0.0.1', (socket) => socket.pipe(socket))
    const listener = await listenerTo([backend])
    const network = makeNetwork()
    await program(network, { set: [listener] })
    const socket = createConnection(listener.port, listener.address)
    socket.write('1')
    expect(String(await once(socket, 'data'))).toBe('1')
    await program(network, { set: [{ ...listener, backends: [] }] })
    socket.write('2')
    expect(String(await once(socket, 'data'))).toBe('2')
    await program(network, { removed: [listener.key] })
    socket.write('3')
    expect(String(await once(socket, 'data'))).toBe('3')
    socket.end()
    await once(socket, 'close')
  })

  it('gives open connections a moment when it is closed, then ends them, also those of removed listeners', async () => {
    const { backend } = await serverAt('127.0.0.1', (socket) => socket.pipe(socket))
    const listener = await listenerTo([backend])
    const network = makeNetwork()
    await program(network, { set: [listener] })
    const [quick, slow] = [0, 1].map(() => createConnection(listener.port, listener.address)) as [Socket, Socket]
    for (const socket of [quick, slow]) {
      socket.write('1')
      await once(socket, 'data')
    }
    await program(network, { removed: [listener.key] })
    let times = 0
    const closed = new Promise<void>((resolve) =>
      network.close(() => {
        times += 1
        resolve()
      }),
    )
    quick.write('2')
    expect(String(await once(quick, 'data'))).toBe('2')
    quick.end()
    await once(quick, 'close')
    expect((await once(slow, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' })
    await closed
    await new Promise((resolve) => setImmediate(resolve))
    expect(times).toBe(1)
  })

  it('passes a reset on to the other side', async () => {
    const { backend } = await serverAt('127.0.0.1', (socket) => socket.once('data', () => socket.resetAndDestroy()))
    const listener = await listenerTo([backend])
    await program(makeNetwork(), { set: [listener] })
    const socket = createConnection(listener.port, listener.address)
    socket.write('x')
    expect((await once(socket, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' })
  })

  it('holds a connection for a moment while its only backend does not listen yet', async () => {
    const port = await freePort('127.0.0.1')
    const listener = await listenerTo([{ address: '127.0.0.1', port }])
    await program(makeNetwork(), { set: [listener] })
    const answer = ask(listener)
    // What is asked first is refused first: a second connection to the port itself, made after it, has failed by then.
    expect(await ask({ address: '127.0.0.1', port })).toBeUndefined()
    servers.add(createServer((socket) => socket.end('late')).listen(port, '127.0.0.1'))
    expect(await answer).toBe('late')
  })

  it('loses no request while backends are swapped under load [P4]', async () => {
    const network = makeNetwork()
    const listener = await listenerTo([])
    let asked = 0
    let failed = 0
    let stop = false
    const { backend: first, server } = await serverAt('127.251.1.1', named('v0'))
    let old = server
    await program(network, { set: [{ ...listener, backends: [first] }] })
    const clients = Array.from({ length: 16 }, async () => {
      while (!stop) {
        asked += 1
        if ((await ask(listener)) === undefined) failed += 1
      }
    })
    for (let version = 1; version <= 20; version++) {
      const { backend, server } = await serverAt(`127.251.1.${version + 1}`, named(`v${version}`))
      await program(network, { set: [{ ...listener, backends: [backend] }] })
      // From here on the old one may go; what it has accepted it answers.
      servers.delete(old)
      old.close()
      old = server
      const enough = asked + 20
      while (asked < enough) await new Promise(setImmediate)
    }
    stop = true
    await Promise.all(clients)
    expect(failed).toBe(0)
    expect(asked).toBeGreaterThan(400)
  })

  it('says when another program has the port, and a later attempt can succeed', async () => {
    const { server, backend } = await serverAt('127.0.0.1', () => {})
    const network = makeNetwork()
    const listener: Listener = { ...(await listenerTo([])), port: backend.port }
    expect(await program(network, { set: [listener] })).toMatchObject([{ key: listener.key, reason: 'taken' }])
    servers.delete(server)
    server.close()
    await once(server, 'close')
    expect(await program(network, { set: [listener] })).toEqual([])
  })

  it('names the remedy for a port that the user may not bind, and serves the others [P6]', async (context) => {
    const firstFree = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
    if (firstFree < 2) return context.skip('every port is free to all on this machine')
    const { backend } = await serverAt('127.251.1.5', named('pod'))
    const open = await listenerTo([backend])
    const closed: Listener = { ...open, key: 'default/low:', kind: 'clusterIP', address: '127.251.128.8', port: firstFree - 1 }
    const isRoot = process.geteuid?.() === 0
    // Whoever runs as root may bind every port, and is nobody for a moment.
    if (isRoot) process.seteuid?.(65_534)
    let failures: Awaited<ReturnType<typeof program>>
    try {
      failures = await program(makeNetwork(), { set: [closed, { ...open, kind: 'clusterIP' }] })
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
    expect(failures).toMatchObject([{ key: closed.key, reason: 'privileged' }])
    expect(failures[0]?.message).toContain(`sysctl net.ipv4.ip_unprivileged_port_start=${closed.port}`)
    expect(await ask(open)).toBe('pod')
  })

  it('keeps a node port from another cluster as long as a process of the first one uses it [P8]', async () => {
    const listener = await listenerTo([])
    const [ours, theirs] = [makeNetwork('one'), makeNetwork('two')]
    expect(await program(ours, { set: [listener] })).toEqual([])
    expect(await program(theirs, { set: [listener] })).toMatchObject([{ reason: 'claimed' }])
    await program(ours, { removed: [listener.key] })
    expect(await program(theirs, { set: [listener] })).toEqual([])
  })

  it('shares a port between the node processes of a cluster, and goes on when one dies', async () => {
    const listener = await listenerTo([])
    const nodes = [0, 1].map(() =>
      fork(new URL('network-node.ts', import.meta.url), [directory, JSON.stringify(listener)], { execArgv: [] }),
    )
    for (const failures of await Promise.all(nodes.map((node) => once(node, 'message')))) expect(failures[0]).toEqual([])
    const pids = nodes.map(({ pid }) => String(pid))
    const took = await Promise.all(Array.from({ length: 60 }, () => ask(listener)))
    for (const pid of pids) expect(took.filter((by) => by === pid).length).toBeGreaterThan(5)
    expect(took.filter((by) => by && pids.includes(by))).toHaveLength(60)

    for (const [index, node] of nodes.entries()) {
      // As long as one lives, its cluster has the port.
      expect(await program(makeNetwork('two'), { set: [listener] })).toMatchObject([{ reason: 'claimed' }])
      node.kill('SIGKILL')
      await once(node, 'exit')
      if (index === 0) for (let time = 0; time < 20; time++) expect(await ask(listener)).toBe(pids[1])
    }
    expect(await program(makeNetwork('two'), { set: [listener] })).toEqual([])
  })
})
