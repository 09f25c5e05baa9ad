// `pods/proxy` and `services/proxy`: one HTTP/1.1 request through the node's link to the pod, as Kubernetes' proxy handler
// makes it (apimachinery, pkg/util/proxy). Redirects are handed on and never followed. An upgrade is passed on only after
// the pod has said 101.
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { type Status, serviceUnavailable, timeout } from '../../model/status.ts'
import type { BodySink, HttpRequest, HttpResponse, StreamedBody } from './exchange.ts'
import { httpRequest } from './node-http.ts'
import type { NodeStreams } from './node-streams.ts'
import type { ProxyTarget } from './proxy-target.ts'
import { Tunnel, TunnelError } from './tunnel.ts'

/** For the head of the pod's answer; its body may last. */
const HEAD_TIMEOUT_MS = 30_000

/** Hop by hop (RFC 9110, 7.6.1), the pseudo headers of HTTP/2, and what the pod must not learn or be told. */
const NOT_PASSED_ON = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'authorization',
])

export interface Proxied {
  readonly request: Pick<HttpRequest, 'method' | 'headers' | 'body' | 'query'>
  /** The path of the API up to `…/proxy`, escaped. */
  readonly prefix: string
  /** What follows, with its slash; empty redirects to the one with a slash. */
  readonly rest: string
  readonly target: ProxyTarget
}

export function serveProxy(
  proxied: Proxied,
  nodes: NodeStreams,
  respond: (outcome: { response: HttpResponse } | { status: Status }) => void,
): void {
  const { request, prefix, rest } = proxied
  if (rest === '') {
    const location = `${prefix}/${request.query === '' ? '' : `?${request.query}`}`
    respond({ response: { status: 301, headers: { Location: location }, body: new Uint8Array(0) } })
    return
  }
  const tunnel = openTunnel(proxied, nodes)
  if (tunnel === undefined) {
    respond({ status: disconnected(proxied) })
    return
  }
  let answered = false
  const settle = (outcome: { response: HttpResponse } | { status: Status }) => {
    if (answered) return
    answered = true
    respond(outcome)
  }
  const client = httpRequest(requestOptions(proxied, tunnel, { connection: 'close' }))
  const deadline = headDeadline(client)
  client.on('response', (answer) => {
    clearTimeout(deadline)
    settle({ response: { status: answer.statusCode ?? 502, headers: passedOn(answer, prefix), body: new ProxiedBody(answer) } })
  })
  client.on('upgrade', (_answer, socket) => socket.destroy())
  client.on('error', (error) => settle({ status: statusOf(error, proxied) }))
  request.body.on('error', () => client.destroy())
  request.body.pipe(client)
}

/**
 * `socket` belongs to the client that wants the upgrade. Nothing is written to it until the pod has agreed; any other answer
 * of the pod is handed to `refused`, and the connection to the pod is closed.
 */
export function serveProxyUpgrade(
  proxied: Proxied,
  nodes: NodeStreams,
  socket: Duplex,
  head: Buffer,
  refused: (outcome: { response: HttpResponse } | { status: Status }) => void,
): void {
  const tunnel = openTunnel(proxied, nodes)
  if (tunnel === undefined) {
    refused({ status: disconnected(proxied) })
    return
  }
  const wanted = { connection: 'Upgrade', upgrade: String(proxied.request.headers.upgrade ?? '') }
  const client = httpRequest(requestOptions(proxied, tunnel, wanted))
  const deadline = headDeadline(client)
  client.on('upgrade', (answer, upstream, early) => {
    clearTimeout(deadline)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${rawHeaders(answer)}\r\n`)
    socket.write(early)
    upstream.write(head)
    socket.pipe(upstream).pipe(socket)
    socket.on('close', () => upstream.destroy())
    upstream.on('close', () => socket.destroy())
    upstream.on('error', () => socket.destroy())
  })
  client.on('response', (answer) =>
    refused({
      response: { status: answer.statusCode ?? 502, headers: passedOn(answer, proxied.prefix), body: new ProxiedBody(answer) },
    }),
  )
  client.on('error', (error) => refused({ status: statusOf(error, proxied) }))
  socket.on('close', () => client.destroy())
  client.end()
}

function headDeadline(client: ClientRequest): NodeJS.Timeout {
  const deadline = setTimeout(
    () => client.destroy(new TunnelError(timeout('the pod has not answered in time'))),
    HEAD_TIMEOUT_MS,
  ).unref()
  client.on('close', () => clearTimeout(deadline))
  return deadline
}

function openTunnel({ target }: Proxied, nodes: NodeStreams): Duplex | undefined {
  const stream = nodes.openStream(target.nodeName, 'connect', target.connect)
  if (stream === undefined) return undefined
  const tunnel = new Tunnel(stream)
  // As Kubernetes' proxy, which has no way to know whom a pod's certificate should name.
  return target.scheme === 'https' ? tlsConnect({ socket: tunnel, rejectUnauthorized: false }) : tunnel
}

function requestOptions({ request, prefix, rest, target }: Proxied, tunnel: Duplex, own: Record<string, string>): RequestOptions {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !name.startsWith(':') && !NOT_PASSED_ON.has(name) && !name.startsWith('impersonate-'))
      headers[name] = value
  }
  const authority = request.headers[':authority'] ?? request.headers.host ?? `${target.connect.podIp}:${target.connect.port}`
  headers.host = String(authority)
  headers['x-forwarded-uri'] = prefix + rest
  headers['x-forwarded-host'] = String(authority)
  headers['x-forwarded-proto'] = 'https'
  return {
    method: request.method,
    path: rest + (request.query === '' ? '' : `?${request.query}`),
    headers: { ...headers, ...own },
    createConnection: () => tunnel,
    setHost: false,
  }
}

function passedOn({ headers }: IncomingMessage, prefix: string): Record<string, string | readonly string[]> {
  const passed: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !NOT_PASSED_ON.has(name)) passed[name] = value
  }
  // A path of the pod's own is one below the proxy's for the client.
  const { location } = headers
  if (location?.startsWith('/') && !location.startsWith('//')) passed.location = prefix + location
  return passed
}

function rawHeaders({ rawHeaders: raw }: IncomingMessage): string {
  let text = ''
  for (let i = 0; i + 1 < raw.length; i += 2) text += `${raw[i]}: ${raw[i + 1]}\r\n`
  return text
}

const disconnected = ({ target }: Proxied): Status => serviceUnavailable(`the node "${target.nodeName}" is not connected`)

function statusOf(error: Error, { target }: Proxied): Status {
  if (error instanceof TunnelError) return error.status
  return serviceUnavailable(`error trying to reach ${target.connect.podIp}:${target.connect.port}: ${error.message}`)
}

class ProxiedBody implements StreamedBody {
  private readonly answer: IncomingMessage

  constructor(answer: IncomingMessage) {
    this.answer = answer
  }

  start(sink: BodySink): void {
    this.answer.on('data', (chunk: Uint8Array) => {
      if (!sink.write(chunk)) this.answer.pause()
    })
    this.answer.on('end', () => sink.end())
    this.answer.on('aborted', () => sink.abort())
    this.answer.on('error', () => sink.abort())
  }

  resume(): void {
    this.answer.resume()
  }

  stop(): void {
    this.answer.destroy()
  }
}
