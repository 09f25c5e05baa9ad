// What only nodes can answer: logs, and the proxy to pods. The link to the node is two loops of callbacks, the pod a real
// HTTP server behind them; the API's port is real too.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { LogsRequest } from '../../actors/link.protocol.ts'
import type { View } from '../../actors/ports/view.ts'
import { badRequest, forbidden, type Status } from '../../model/status.ts'
import { createApiFront } from '../../runtime/http/api-front.ts'
import type { NodeStream, NodeStreams } from '../../runtime/http/node-streams.ts'
import type { HttpServer } from '../../runtime/http/server.ts'
import { openPki, type Pki } from '../../runtime/identity/pki.ts'

let directory: string
let pki: Pki
let pod: Server
let server: HttpServer
let lastLogs: LogsRequest | undefined
let openConnections = 0
let refuseWith: Status | undefined
let authorized: Status | undefined
let watchStopped = false
const markStopped = () => {
  watchStopped = true
}
const seen: IncomingMessage[] = []

const POD = (name: string, nodeName: string | undefined, containers = ['main']) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name, namespace: 'default', uid: `uid-${name}` },
  spec: { nodeName, containers: containers.map((container) => ({ name: container, ports: [{ containerPort: podPort() }] })) },
  status: { podIP: '127.0.0.1' },
})
const podPort = () => (pod.address() as { port: number }).port

const objects = (): Record<string, unknown> => ({
  'pods/default/web': POD('web', 'node-1'),
  'pods/default/pair': POD('pair', 'node-1', ['a', 'b']),
  'pods/default/unbound': POD('unbound', undefined),
  'pods/default/lost': POD('lost', 'node-9'),
  'services/default/web': { metadata: { name: 'web' }, spec: { ports: [{ name: 'http', port: 80 }] } },
  'services/default/empty': { metadata: { name: 'empty' }, spec: { ports: [{ port: 80 }] } },
  'services/default/forged': { metadata: { name: 'forged' }, spec: { ports: [{ port: 80 }] } },
})
const slice = (service: string, name: string, endpoint: object) => ({
  metadata: { namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
  ports: [{ name, port: podPort() }],
  endpoints: [endpoint],
})

const view = {
  get: (resource: string, namespace: string, name: string) => objects()[`${resource}/${namespace}/${name}`],
  list: () => [
    slice('web', 'http', { addresses: ['127.0.0.2'], conditions: { ready: false }, targetRef: { kind: 'Pod', name: 'web' } }),
    slice('web', 'http', { addresses: ['127.0.0.1'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'web' } }),
    // Written by hand: an address that is no pod's.
    slice('forged', '', { addresses: ['169.254.169.254'], targetRef: { kind: 'Pod', name: 'web' } }),
    slice('forged', '', { addresses: ['127.0.0.1'] }),
  ],
} as unknown as View

/** Both ends of a stream; the node's end is driven by the callbacks. */
function loop(
  node: (end: {
    send(bytes: Uint8Array): void
    close(body?: unknown): void
    received: (bytes: Uint8Array) => void
    gone: () => void
  }) => void,
): NodeStream {
  let closed = false
  const end = {
    send: (bytes: Uint8Array) => void setImmediate(() => closed || stream.onFrame(bytes)),
    close: (body?: unknown) =>
      void setImmediate(() => {
        if (!closed) stream.onClosed(body, undefined)
        closed = true
      }),
    received: (_bytes: Uint8Array) => {},
    gone: () => {},
  }
  const stream: NodeStream = {
    write: (frame) => {
      const copy = Uint8Array.from(frame)
      setImmediate(() => {
        end.received(copy)
        stream.onDrain()
      })
      return false
    },
    onDrain: () => {},
    onFrame: () => true,
    taken: () => {},
    onClosed: () => {},
    close: () => {
      if (!closed) end.gone()
      closed = true
    },
  }
  setImmediate(() => node(end))
  return stream
}

const nodes: NodeStreams = {
  openStream: (nodeName, subject, body) => {
    if (nodeName !== 'node-1') return undefined
    return loop((end) => {
      if (refuseWith !== undefined) {
        end.close(refuseWith)
        return
      }
      if (subject === 'logs') {
        lastLogs = body as LogsRequest
        end.send(new Uint8Array(0))
        for (const line of ['one\n', 'two\n']) end.send(Buffer.from(line))
        if (!lastLogs.follow) end.close()
        return
      }
      const { podIp, port } = body as { podIp: string; port: number }
      const socket = connectTcp(port, podIp)
      openConnections += 1
      socket.on('data', (bytes) => end.send(bytes))
      socket.on('end', () => end.close())
      socket.on('error', (error) => end.close(badRequest(error.message)))
      socket.on('close', () => {
        openConnections -= 1
      })
      end.received = (bytes) => void socket.write(bytes)
      end.gone = () => socket.destroy()
    })
  },
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kinora-streams-'))
  pki = openPki({ directory })
  pod = createServer((request, response) => {
    seen.push(request)
    if (request.url === '/redirect') response.writeHead(302, { Location: '/login' }).end()
    else if (request.url === '/elsewhere') response.writeHead(302, { Location: 'http://169.254.169.254/' }).end()
    else if (request.method === 'POST') request.pipe(response)
    else if (request.url === '/large') response.end(Buffer.alloc(5_000_000, 'x'))
    else response.setHeader('X-Pod', 'web').end(`hello from ${request.url}`)
  })
  const sockets = new WebSocketServer({ noServer: true })
  pod.on('upgrade', (request, socket, head) => {
    if (request.url === '/no') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno')
    else
      sockets.handleUpgrade(request, socket, head, (client) => client.on('message', (message) => client.send(`echo ${message}`)))
  })
  await new Promise<void>((resolve) => pod.listen(0, '127.0.0.1', resolve))
  server = await new Promise((resolve, reject) =>
    createApiFront(
      {
        engine: {
          request: () => {},
          watch: (_user, _request, observer) => {
            setImmediate(() => {
              observer.started()
              for (const name of ['a', 'b']) {
                const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name } }
                observer.event('ADDED', { object, bytes: Buffer.from(JSON.stringify(object)) }, 1)
              }
            })
            return { revision: 0, stop: markStopped }
          },
          authorize: () => authorized,
          watchSelections: () => ({ revision: 0, stop: () => {} }),
          reasons: () => [],
        },
        view,
        nodes,
        build: 'test',
        checks: [],
        gauges: [],
        status: () => ({}),
        tls: pki,
        host: '127.0.0.1',
        port: 0,
        upgrades: {},
      },
      (outcome) => ('server' in outcome ? resolve(outcome.server) : reject(outcome.error)),
    ),
  )
})
afterAll(async () => {
  await new Promise<void>((resolve) => server.drain(resolve))
  pod.closeAllConnections()
  await new Promise((resolve) => pod.close(resolve))
  rmSync(directory, { recursive: true })
})
beforeEach(() => {
  lastLogs = undefined
  refuseWith = undefined
  authorized = undefined
  seen.length = 0
})

const tls = () => ({ host: '127.0.0.1', port: server.port, ca: pki.authority, cert: pki.admin.certificate, key: pki.admin.key })
interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
const ask = (path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest({ ...tls(), path, agent: false, ...options }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: String(Buffer.concat(chunks)) }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

describe('logs', () => {
  const url = '/api/v1/namespaces/default/pods/web/log'

  test('as text, with what was asked for handed to the node [A17]', async () => {
    expect(await ask(`${url}?tailLines=5&timestamps=true`)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: 'one\ntwo\n',
    })
    expect(lastLogs).toMatchObject({
      podName: 'web',
      podUid: 'uid-web',
      container: 'main',
      tailLines: 5,
      timestamps: true,
      follow: false,
    })
  })

  test('following goes on until the client has enough', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      const request = httpsRequest({ ...tls(), path: `${url}?follow=true`, agent: false }, (answer) => {
        let body = ''
        answer.on('data', (chunk) => {
          body += chunk
          if (body !== 'one\ntwo\n') return
          request.destroy()
          resolve(body)
        })
        answer.on('error', () => {})
      })
      request.on('error', reject).end()
    })
    expect(text).toBe('one\ntwo\n')
  })

  test.each<[string, string, number, string]>([
    ['pair', '', 400, 'a container name must be specified for pod pair, choose one of: [a b]'],
    ['pair', '?container=c', 400, 'container c is not valid for pod pair'],
    ['none', '', 404, 'pods "none" not found'],
    ['lost', '', 503, 'the node "node-9" is not connected'],
    ['web', '?tailLines=-1', 422, 'tailLines: Invalid value'],
    ['web', '?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422, 'at most one of'],
  ])('%s%s', async (name, query, code, message) => {
    const answer = await ask(`/api/v1/namespaces/default/pods/${name}/log${query}`)
    expect([answer.status, JSON.parse(answer.body).message]).toEqual([code, expect.stringContaining(message)])
  })

  test('a pod that no node has yet has said nothing', async () => {
    expect((await ask('/api/v1/namespaces/default/pods/unbound/log')).status).toBe(204)
  })

  test("the node's refusal is the answer, and so is the engine's", async () => {
    refuseWith = badRequest('container "main" in pod "web" is waiting to start: ContainerCreating')
    expect(JSON.parse((await ask(url)).body)).toEqual(refuseWith)
    authorized = forbidden({ group: '', resource: 'pods', name: 'web' }, 'no')
    expect((await ask(url)).status).toBe(403)
  })
})

describe('proxy', () => {
  const pods = '/api/v1/namespaces/default/pods'
  const services = '/api/v1/namespaces/default/services'

  test.each([
    ['a pod', `${pods}/web/proxy/a/b?c=d`, '/a/b?c=d'],
    ['a pod by scheme', `${pods}/http:web:/proxy/a%20b`, '/a%20b'],
    ['the root', `${pods}/web/proxy/`, '/'],
    ['a service by the name of its port', `${services}/web:http/proxy/x`, '/x'],
    ['a service by number', `${services}/http:web:80/proxy/x`, '/x'],
    ['a service with one port', `${services}/web/proxy/x`, '/x'],
  ])('%s', async (_, url, path) => {
    const answer = await ask(url, { headers: { Authorization: 'Bearer secret', 'X-Mine': '1', 'Impersonate-User': 'jane' } })
    expect([answer.status, answer.headers['x-pod'], answer.body]).toEqual([200, 'web', `hello from ${path}`])
    expect(seen[0]?.headers).toMatchObject({ 'x-mine': '1', 'x-forwarded-uri': url.split('?')[0] })
    expect(seen[0]?.headers.authorization).toBeUndefined()
    expect(seen[0]?.headers['impersonate-user']).toBeUndefined()
  })

  test('without a slash the client is sent to the one with it', async () => {
    const answer = await ask(`${pods}/web/proxy?x=1`)
    expect([answer.status, answer.headers.location]).toEqual([301, `${pods}/web/proxy/?x=1`])
  })

  test('a port that is asked for', async () => {
    expect((await ask(`${pods}/web:${podPort()}/proxy/p`)).body).toBe('hello from /p')
    expect((await ask(`${pods}/web:x/proxy/p`)).status).toBe(400)
  })

  test('bodies flow both ways, through HTTP/2 as well', async () => {
    const large = Buffer.alloc(3_000_000, 'y')
    expect((await ask(`${pods}/web/proxy/echo`, { method: 'POST' }, large)).body).toBe(String(large))
    expect((await ask(`${pods}/web/proxy/large`)).body).toHaveLength(5_000_000)
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, tls())
    const stream = session.request({ ':path': `${pods}/web/proxy/h2`, ':method': 'GET' })
    let text = ''
    stream.on('data', (chunk) => (text += chunk))
    await new Promise((resolve) => stream.on('end', resolve))
    session.close()
    expect(text).toBe('hello from /h2')
    await until(() => openConnections === 0)
  })

  test('redirects are handed on, never followed; those within the pod lead back through the proxy [A17]', async () => {
    expect((await ask(`${pods}/web/proxy/redirect`)).headers.location).toBe(`${pods}/web/proxy/login`)
    expect((await ask(`${pods}/web/proxy/elsewhere`)).headers.location).toBe('http://169.254.169.254/')
    expect(seen).toHaveLength(2)
  })

  test.each<[string, number, string]>([
    [`${services}/empty/proxy/`, 503, 'no endpoints available for service "empty"'],
    [`${services}/forged/proxy/`, 503, 'no endpoints available for service "forged"'],
    [`${services}/web:other/proxy/`, 503, 'no service port "other" found for service "web"'],
    [`${services}/none/proxy/`, 404, 'services "none" not found'],
    [`${pods}/none/proxy/`, 404, 'pods "none" not found'],
    [`${pods}/lost/proxy/`, 503, 'the node "node-9" is not connected'],
    [`${pods}/unbound/proxy/`, 400, 'pod unbound has no address yet'],
    [`${pods}/a:b:c:d/proxy/`, 400, 'invalid pod request'],
    [`${pods}/web:1/proxy/`, 400, 'ECONNREFUSED'],
  ])('%s', async (url, code, message) => {
    const answer = await ask(url)
    expect([answer.status, JSON.parse(answer.body).message]).toEqual([code, expect.stringContaining(message)])
  })

  const upgrade = (path: string): Promise<{ status: string; socket: ReturnType<typeof connectTls>; rest: string }> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ ...tls(), ALPNProtocols: ['http/1.1'] })
      let text = ''
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        const end = text.indexOf('\r\n\r\n')
        if (end >= 0) resolve({ status: text.slice(9, 12), socket, rest: text.slice(end + 4) })
      })
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      )
    })

  test('an upgrade passes once the pod agrees', async () => {
    const { status, socket } = await upgrade(`${pods}/web/proxy/ws`)
    expect(status).toBe('101')
    const echoed = new Promise((resolve) => socket.once('data', (frame) => resolve(frame.subarray(2).toString())))
    // A masked text frame with the mask 0.
    socket.write(Buffer.concat([Buffer.from([0x81, 0x82, 0, 0, 0, 0]), Buffer.from('hi')]))
    expect(await echoed).toBe('echo hi')
    socket.destroy()
    await until(() => openConnections === 0)
  })

  test('an upgrade that the pod refuses is an ordinary answer, and leaves no connection behind', async () => {
    const { status, socket } = await upgrade(`${pods}/web/proxy/no`)
    expect(status).toBe('403')
    await until(() => openConnections === 0)
    socket.destroy()
    authorized = forbidden({ group: '', resource: 'pods', name: 'web' }, 'no')
    const refused = await upgrade(`${pods}/web/proxy/ws`)
    expect(refused.status).toBe('403')
    expect(seen.filter((request) => request.url === '/ws')).toEqual([])
    refused.socket.destroy()
  })
})

describe('WebSocket', () => {
  const url = () => `wss://127.0.0.1:${server.port}/api/v1/pods?watch=true`

  test('each event of a watch is a message; the watch ends with the client', async () => {
    const client = new WebSocket(url(), tls())
    const messages: string[] = []
    await new Promise<void>((resolve, reject) => {
      client.on('error', reject)
      client.on('message', (message) => {
        messages.push(JSON.parse(String(message)).object.metadata.name)
        if (messages.length === 2) resolve()
      })
    })
    expect(messages).toEqual(['a', 'b'])
    client.terminate()
    await until(() => watchStopped)
  })

  test('a page of another site is refused, whoever is logged in', async () => {
    const client = new WebSocket(url(), { ...tls(), origin: 'https://evil.example' })
    expect(await new Promise((resolve) => client.on('error', (error) => resolve(error.message)))).toContain('403')
  })

  test('other protocols are refused in words', async () => {
    const answer = await ask('/api/v1/namespaces/default/pods/web/exec', {
      method: 'POST',
      headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1' },
    })
    expect([answer.status, JSON.parse(answer.body).message]).toEqual([400, 'unable to upgrade to SPDY/3.1'])
  })
})
