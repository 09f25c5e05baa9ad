// The node's end of `connect` streams over a real Peer: only to own pods, bytes unchanged both ways, held back both ways.
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { ConnectRequest } from '../../actors/link.protocol.ts'
import type { Status } from '../../model/status.ts'
import { serveConnect } from '../../runtime/network/connect.ts'
import { memoryPipes } from '../../transports/memory.ts'
import { Peer, STREAM_WINDOW, type Stream } from '../../transports/peer.ts'

const timers = {
  setTimeout: (callback: () => void, delayMs: number) => setTimeout(callback, delayMs),
  clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
}
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A pod that serves, and the Master's end of a peer whose other end is the node. */
async function podServing(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

function open(request: Partial<ConnectRequest>): { stream: Stream; lose: () => void } {
  const [master, node] = memoryPipes({ timers })
  const handlers = { request: () => {}, event: () => {}, stream: () => {}, closed: () => {} }
  new Peer(node, 'dialled', 0, timers, {
    ...handlers,
    stream: (stream, _subject, body) =>
      serveConnect((uid, ip) => uid === 'u1' && ip === '127.0.0.1', stream, body as ConnectRequest),
  })
  const peer = new Peer(master, 'accepted', 0, timers, handlers)
  const stream = peer.open('connect', { podUid: 'u1', podIp: '127.0.0.1', port: 1, ...request })
  return { stream, lose: () => peer.close('lost') }
}

interface Heard {
  readonly frames: Uint8Array[]
  readonly closed: Promise<Status | undefined>
}

function hear(stream: Stream): Heard {
  const frames: Uint8Array[] = []
  stream.onFrame = (frame) => {
    frames.push(frame as Uint8Array)
    return true
  }
  return { frames, closed: new Promise((resolve) => (stream.onClosed = (body) => resolve(body as Status | undefined))) }
}

it('says first that the pod accepted, then carries its bytes', async () => {
  const port = await podServing((socket) => socket.pipe(socket))
  const { stream } = open({ port })
  const frames: Uint8Array[] = []
  const echoed = Promise.withResolvers<void>()
  stream.onFrame = (frame) => {
    frames.push(frame as Uint8Array)
    if (Buffer.concat(frames).toString() === 'ping') echoed.resolve()
    return true
  }
  stream.write(Buffer.from('ping'))
  await echoed.promise
  expect(frames[0]?.length).toBe(0)
  stream.close()
})

it('passes on everything before the pod closes, and everything before the Master closes', async () => {
  const got = Promise.withResolvers<string>()
  const port = await podServing((socket) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes
    })
    socket.on('end', () => {
      got.resolve(text)
      socket.end()
    })
  })
  const { stream } = open({ port })
  stream.write(Buffer.from('last '))
  stream.write(Buffer.from('words'))
  stream.close()
  expect(await got.promise).toBe('last words')

  const talker = open({ port: await podServing((socket) => socket.end('goodbye')) })
  const heard = hear(talker.stream)
  expect(await heard.closed).toBeUndefined()
  expect(Buffer.concat(heard.frames).toString()).toBe('goodbye')
})

it('refuses in words what is no pod of this node, and what does not listen', async () => {
  const foreign = await hear(open({ podIp: '127.0.0.2' }).stream).closed
  expect(foreign).toMatchObject({ code: 403, reason: 'Forbidden' })
  const otherUid = await hear(open({ podUid: 'u2' }).stream).closed
  expect(otherUid).toMatchObject({ code: 403, reason: 'Forbidden' })
  const port = await podServing(() => {})
  const [server] = servers.splice(0)
  server?.close()
  const heard = hear(open({ port }).stream)
  expect(await heard.closed).toMatchObject({
    code: 503,
    message: `error trying to reach service: dial tcp 127.0.0.1:${port}: connect: connection refused`,
  })
  expect(heard.frames).toEqual([])
})

it('does not read from the pod further than the Master takes', async () => {
  const bytes = 64 * 1024 * 1024
  let written = 0
  const port = await podServing((socket) => {
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const more = () => {
      while (written < bytes) {
        written += chunk.length
        if (!socket.write(chunk)) return
      }
      socket.end()
    }
    socket.on('drain', more)
    socket.on('error', () => {})
    more()
  })
  const { stream } = open({ port })
  let received = 0
  let untaken = 0
  const full = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let holding = true
  stream.onFrame = (frame) => {
    received += (frame as Uint8Array).length
    if (!holding) return true
    untaken += 1
    if (untaken === STREAM_WINDOW) full.resolve()
    return false
  }
  stream.onClosed = () => ended.resolve()
  await full.promise
  // Whatever the kernel buffers lies between; the stream's window is what must not be passed.
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
  expect(untaken).toBe(STREAM_WINDOW)
  expect(written).toBeLessThan(bytes)
  holding = false
  for (; untaken > 0; untaken--) stream.taken()
  await ended.promise
  expect(received).toBe(bytes)
})

it('does not let the Master write further than the pod reads', async () => {
  const bytes = 64 * 1024 * 1024
  const accepted = Promise.withResolvers<Socket>()
  const port = await podServing((socket) => {
    socket.pause()
    accepted.resolve(socket)
  })
  const { stream } = open({ port })
  const chunk = Buffer.alloc(64 * 1024, 'y')
  let written = 0
  const stalled = Promise.withResolvers<void>()
  const more = () => {
    while (written < bytes) {
      written += chunk.length
      if (!stream.write(chunk)) return stalled.resolve()
    }
    stream.close()
  }
  stream.onDrain = more
  more()
  const socket = await accepted.promise
  await stalled.promise
  // The memory pipe needs a timer each way; without flow control all would have passed long before.
  for (let turn = 0; turn < 150; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(written).toBeLessThan(bytes)
  let received = 0
  socket.on('data', (data) => {
    received += data.length
  })
  await once(socket.resume(), 'end')
  expect(received).toBe(bytes)
  socket.destroy()
})

it('ends the connection to the pod when the link is lost', async () => {
  const closed = Promise.withResolvers<void>()
  const accepted = Promise.withResolvers<void>()
  const port = await podServing((socket) => {
    accepted.resolve()
    socket.on('error', () => {})
    socket.on('close', () => closed.resolve())
    socket.on('end', () => socket.end())
    socket.resume()
  })
  const { lose } = open({ port })
  await accepted.promise
  lose()
  await closed.promise
})
