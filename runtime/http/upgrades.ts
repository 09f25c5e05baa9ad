// Requests that want another protocol than HTTP: the links of nodes, watches and logs over WebSocket, and whatever a pod
// speaks behind its proxy. What is refused gets an ordinary answer, and the connection closed.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { User } from '../../actors/master/api/api.protocol.ts'
import { badRequest, failure } from '../../model/status.ts'
import { admit } from './admit.ts'
import { statusAnswer } from './answers.ts'
import { type BodySink, type Handle, type HttpRequest, type HttpResponse, isStreamed, type StreamedBody } from './exchange.ts'
import { MAX_WEBSOCKET_FRAGMENTS, MAX_WEBSOCKET_MESSAGE_BYTES } from './limits.ts'
import { STATUS_CODES } from './node-http.ts'
import { serveProxyUpgrade } from './proxy.ts'
import { type Backend, proxiedRequest } from './resources.ts'
import type { Upgrade } from './server.ts'

/** Receives the socket of an upgrade at a path of its own; the user is known and not anonymous. */
export type UpgradeHandler = (upgrade: Upgrade & { readonly user: User }) => void

export function createUpgrades(
  handle: Handle,
  backend: Backend,
  own: Readonly<Record<string, UpgradeHandler>>,
): (upgrade: Upgrade) => void {
  return (upgrade) => {
    const { socket, head } = upgrade
    socket.on('error', () => socket.destroy())
    const request = requestOf(upgrade)
    const admitted = admit(request)
    if ('code' in admitted) {
      refuse(socket, statusAnswer(admitted))
      return
    }
    const { user, target } = admitted
    const handler = own[request.path]
    if (handler !== undefined) handler({ ...upgrade, user })
    else if (isForeign(request)) refuse(socket, statusAnswer(failure(403, 'Forbidden', 'cross-origin requests are not allowed')))
    else if (target.type === 'resource' && target.path.subresource === 'proxy') {
      const proxied = proxiedRequest(backend, { request, user, target, cause: '' })
      if ('status' in proxied) refuse(socket, statusAnswer(proxied.status))
      else {
        serveProxyUpgrade(proxied, backend.nodes, socket, head, (outcome) =>
          refuse(socket, 'response' in outcome ? outcome.response : statusAnswer(outcome.status)),
        )
      }
    } else if (target.type === 'resource' && request.headers.upgrade?.toLowerCase() === 'websocket') {
      handle(request, (response) => {
        if (isStreamed(response.body)) void sendMessages(upgrade, response.body)
        else refuse(socket, response)
      })
    } else refuse(socket, statusAnswer(badRequest(`unable to upgrade to ${request.headers.upgrade ?? ''}`)))
  }
}

function requestOf({ request, user }: Upgrade): HttpRequest {
  const url = request.url ?? '/'
  const question = url.indexOf('?')
  return {
    method: request.method ?? 'GET',
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? '' : url.slice(question + 1),
    headers: request.headers,
    user,
    body: request,
  }
}

/** A page of another site: browsers show a client certificate without being asked. */
function isForeign({ headers }: HttpRequest): boolean {
  const { origin, host } = headers
  return origin !== undefined && origin !== `https://${host}`
}

/** An answer by hand: the HTTP parser has let go of this connection. */
function refuse(socket: Duplex, { status, headers, body }: HttpResponse): void {
  if (socket.destroyed) return
  const streamed = isStreamed(body)
  const lines = Object.entries({
    ...headers,
    Connection: 'close',
    ...(streamed ? {} : { 'Content-Length': String(body.length) }),
  })
    .flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`))
    .filter((line) => !streamed || !/^content-length:/i.test(line))
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n`)
  if (!streamed) {
    socket.end(body)
    return
  }
  socket.on('drain', () => body.resume())
  socket.once('close', () => body.stop())
  body.start({ write: (chunk) => socket.write(chunk), end: () => socket.end(), abort: () => socket.destroy() })
}

/** Bytes that wait in a WebSocket before a stream is held back. */
const WEBSOCKET_BUFFER_BYTES = 256 * 1024

async function sendMessages({ request, socket, head }: Upgrade, body: StreamedBody): Promise<void> {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_WEBSOCKET_MESSAGE_BYTES,
    maxFragments: MAX_WEBSOCKET_FRAGMENTS,
    handleProtocols: (offered) => (offered.has('binary.k8s.io') ? 'binary.k8s.io' : false),
  })
  socket.once('close', () => body.stop())
  server.handleUpgrade(request, socket, head, (client) => body.start(sinkOf(client, body)))
}

function sinkOf(client: WebSocket, body: StreamedBody): BodySink {
  let held = false
  const sent = () => {
    if (!held || client.bufferedAmount > WEBSOCKET_BUFFER_BYTES) return
    held = false
    body.resume()
  }
  const isBinary = client.protocol === 'binary.k8s.io'
  return {
    write: (chunk) => {
      // Events are lines; each is a message of its own.
      const messages = isBinary ? [chunk] : linesOf(chunk)
      for (const message of messages) client.send(message, { binary: isBinary }, sent)
      held = client.bufferedAmount > WEBSOCKET_BUFFER_BYTES
      return !held
    },
    end: () => client.close(1000),
    abort: () => client.terminate(),
  }
}

function linesOf(chunk: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = []
  let from = 0
  for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
    lines.push(chunk.subarray(from, to))
    from = to + 1
  }
  if (from < chunk.length) lines.push(chunk.subarray(from))
  return lines
}

const NEWLINE = 0x0a
