// The listening side alone: one port for both versions of HTTP, who is asking, limits, and the orderly end.
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readBody } from '../../runtime/http/body.ts'
import type { BodySink, Handle } from '../../runtime/http/exchange.ts'
import { type HttpServer, listen, type Upgrade } from '../../runtime/http/server.ts'
import { openPki, type Pki } from '../../runtime/identity/pki.ts'

let directory: string
let pki: Pki
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kinora-http-'))
  pki = openPki({ directory })
})
afterAll(() => rmSync(directory, { recursive: true }))

let server: HttpServer
let drained: Promise<void> | undefined
let watch: { sink: BodySink; stopped: boolean } | undefined
let upgraded: ((upgrade: Upgrade) => void) | undefined

// Says who asks; `/watch` stays open; `/body` counts what it gets.
const handle: Handle = (request, respond) => {
  if (request.path === '/watch') {
    const started = { sink: undefined as unknown as BodySink, stopped: false }
    watch = started
    respond({
      status: 200,
      headers: {},
      body: {
        start: (sink) => {
          started.sink = sink
        },
        resume: () => {},
        stop: () => {
          started.stopped = true
        },
      },
    })
    return
  }
  readBody(request, 1_000, (outcome) => {
    const answer = { user: request.user, query: request.query, outcome: outcome.result }
    respond({
      status: outcome.result === 'too-large' ? 413 : 200,
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from(JSON.stringify(answer)),
    })
  })
}

beforeEach(async () => {
  drained = undefined
  watch = undefined
  upgraded = undefined
  server = await new Promise((resolve, reject) =>
    listen(
      {
        tls: pki,
        host: '127.0.0.1',
        port: 0,
        handle,
        upgrade: (upgrade) => (upgraded ? upgraded(upgrade) : upgrade.socket.destroy()),
      },
      (outcome) => ('server' in outcome ? resolve(outcome.server) : reject(outcome.error)),
    ),
  )
})
afterEach(() => drain())

const drain = () => (drained ??= new Promise((resolve) => server.drain(resolve)))
const admin = () => ({ ca: pki.authority, cert: pki.admin.certificate, key: pki.admin.key })
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

interface Answer {
  readonly status: number
  readonly body: string
}

const http1 = (path: string, options: object = {}, body?: string | Buffer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: '127.0.0.1', port: server.port, path, agent: false, ...admin(), ...options },
      (answer) => {
        let text = ''
        answer.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
      },
    )
    request.on('error', reject)
    request.end(body)
  })

const sessions: ClientHttp2Session[] = []
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy()
})
const http2 = (): ClientHttp2Session => {
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, admin())
  session.on('error', () => {})
  sessions.push(session)
  return session
}
const ask = (session: ClientHttp2Session, headers: Record<string, string>, body?: string | Buffer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined })
    let status = 0
    let text = ''
    stream.on('response', (answer) => {
      status = answer[':status'] ?? 0
    })
    stream.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status, body: text }))
    stream.on('error', reject)
    if (body !== undefined) stream.end(body)
  })

const ADMIN = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }

test('both versions on one port, the user from the certificate [A2]', async () => {
  expect(JSON.parse((await http1('/a?b=c')).body)).toEqual({ user: ADMIN, query: 'b=c', outcome: 'read' })
  expect(JSON.parse((await ask(http2(), { ':path': '/a?b=c' })).body)).toEqual({ user: ADMIN, query: 'b=c', outcome: 'read' })
})

test('without a certificate anonymous, with one of another authority nobody [A20]', async () => {
  expect(JSON.parse((await http1('/', { cert: undefined, key: undefined })).body).user.name).toBe('system:anonymous')
  const other = openPki({ directory: join(directory, 'other') }).admin
  expect(JSON.parse((await http1('/', { cert: other.certificate, key: other.key })).body).user).toBeUndefined()
})

test('a body beyond the limit is refused before it has come, announced or not', async () => {
  const large = Buffer.alloc(2_000_000)
  expect((await ask(http2(), { ':method': 'POST' }, large)).status).toBe(413)
  expect((await http1('/', { method: 'POST', headers: { 'Content-Length': String(large.length) } }, large)).status).toBe(413)
  expect((await http1('/', { method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } }, large)).status).toBe(413)
  expect((await http1('/', { method: 'POST' }, Buffer.alloc(1_000))).status).toBe(200)
})

test('too large and too many headers are refused', async () => {
  expect((await http1('/', { headers: { 'X-Large': 'x'.repeat(17_000) } })).status).toBe(431)
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, '1']))
  expect((await http1('/', { headers: many })).status).toBe(431)
  await expect(ask(http2(), { ...many, 'x-large': 'x'.repeat(17_000) })).rejects.toThrow()
  expect((await http1('/')).status).toBe(200)
})

test('a client that opens and resets streams without end loses its connection, nobody else does', async () => {
  const session = http2()
  const closed = new Promise((resolve) => session.on('close', resolve))
  let opened = 0
  const openAndReset = () => {
    if (session.destroyed || session.closed || opened++ > 5_000) return
    const stream = session.request({ ':path': '/watch' })
    stream.on('error', () => {})
    stream.on('close', openAndReset)
    stream.on('response', () => stream.close(constants.NGHTTP2_CANCEL))
  }
  for (let i = 0; i < 50; i++) openAndReset()
  await closed
  expect(opened).toBeLessThan(2_000)
  expect((await http1('/')).status).toBe(200)
})

test('what a client sends that is not TLS, or not HTTP, hurts only itself', async () => {
  const socket = connectTls({ host: '127.0.0.1', port: server.port, ...admin(), ALPNProtocols: ['http/1.1'] })
  socket.on('error', () => {}).resume()
  socket.on('secureConnect', () => socket.write('not http at all\r\n\r\n'))
  await new Promise((resolve) => socket.on('close', resolve))
  expect((await http1('/')).status).toBe(200)
})

test('an upgrade is handed over with its user', async () => {
  const came = new Promise<Upgrade>((resolve) => {
    upgraded = resolve
  })
  const request = httpsRequest({
    host: '127.0.0.1',
    port: server.port,
    path: '/kinora/v1/link',
    agent: false,
    ...admin(),
    headers: { Connection: 'Upgrade', Upgrade: 'test' },
  })
  request.on('error', () => {})
  request.end()
  const { request: seen, socket, user } = await came
  expect([seen.url, seen.headers.upgrade, user]).toEqual(['/kinora/v1/link', 'test', ADMIN])
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
  await new Promise((resolve) => request.on('upgrade', resolve))
  socket.destroy()
})

test.each(['http1', 'http2'])('%s: a streamed answer ends when the client goes, and the answer is told', async (version) => {
  if (version === 'http2') {
    const stream = http2().request({ ':path': '/watch' })
    await new Promise((resolve) => stream.on('response', resolve))
    stream.close()
  } else {
    const request = httpsRequest({ host: '127.0.0.1', port: server.port, path: '/watch', agent: false, ...admin() })
    request.on('error', () => {})
    request.end()
    await new Promise((resolve) => request.on('response', resolve))
    request.destroy()
  }
  await until(() => watch?.stopped === true)
})

test('draining ends streamed answers, finishes and then refuses', async () => {
  const session = http2()
  const watched = ask(session, { ':path': '/watch' })
  const watched1 = http1('/watch')
  await until(() => watch !== undefined)
  const first = watch
  await until(() => watch !== first)
  const idle = connectTls({ host: '127.0.0.1', port: server.port, ...admin(), ALPNProtocols: ['http/1.1'] })
  await new Promise((resolve) => idle.on('secureConnect', resolve))
  idle.on('error', () => {})
  await Promise.all([drain(), watched, watched1])
  await expect(http1('/')).rejects.toThrow('ECONNREFUSED')
})

test('a port in use is answered as such', async () => {
  const error = await new Promise((resolve) =>
    listen({ tls: pki, host: '127.0.0.1', port: server.port, handle, upgrade: () => {} }, (outcome) =>
      resolve('error' in outcome && outcome.error.code),
    ),
  )
  expect(error).toBe('EADDRINUSE')
})
