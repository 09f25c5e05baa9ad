// Listens: TLS with client certificates, HTTP/2 and HTTP/1.1 on one port (the latter owns upgrades), limits on what comes
// in, and an orderly end. What a request means is the front's business.
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { User } from '../../actors/master/api/api.protocol.ts'
import type { KeyPair } from '../identity/certificate.ts'
import { userOfPeer } from '../identity/client-certificate.ts'
import { type Handle, type HttpRequest, type HttpResponse, isStreamed, type StreamedBody } from './exchange.ts'
import {
  DRAIN_TIMEOUT_MS,
  HEADERS_TIMEOUT_MS,
  MAX_HEADER_BYTES,
  MAX_HEADERS,
  MAX_STREAMS_PER_CONNECTION,
  REQUEST_TIMEOUT_MS,
  STREAM_RESET_BURST,
  STREAM_RESETS_PER_SECOND,
} from './limits.ts'

export interface TlsOptions {
  /** Whose client certificates are taken; PEM. */
  readonly authority: string
  readonly server: KeyPair
}

/** Of an HTTP/1.1 request that wants another protocol; the receiver owns the socket from then on. */
export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** What came after the head already. */
  readonly head: Buffer
  readonly user: User | undefined
}

export interface ServerOptions {
  readonly tls: TlsOptions
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  readonly handle: Handle
  readonly upgrade: (upgrade: Upgrade) => void
}

export interface HttpServer {
  readonly port: number
  /** Takes no more connections, ends streamed answers, finishes the others, and closes what has not ended in time. */
  drain(drained: () => void): void
}

/** Answers with the error of `listen` as Node gives it: EADDRINUSE, EACCES, … */
export function listen(
  options: ServerOptions,
  listening: (outcome: { server: HttpServer } | { error: NodeJS.ErrnoException }) => void,
): void {
  const server = createSecureServer({
    key: options.tls.server.key,
    cert: options.tls.server.certificate,
    ca: options.tls.authority,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    allowHTTP1: true,
    ALPNProtocols: ['h2', 'http/1.1'],
    settings: {
      maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION,
      maxHeaderListSize: MAX_HEADER_BYTES,
      enableConnectProtocol: false,
    },
    maxHeaderListPairs: MAX_HEADERS,
    streamResetBurst: STREAM_RESET_BURST,
    streamResetRate: STREAM_RESETS_PER_SECOND,
    ...HTTP1_LIMITS,
  })
  Object.assign(server, { maxHeadersCount: MAX_HEADERS, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS })
  const failed = (error: NodeJS.ErrnoException) => listening({ error })
  server.once('error', failed)
  server.listen(options.port, options.host, () => {
    server.off('error', failed)
    listening({ server: new ApiServer(server, options) })
  })
}

// Options of Node's HTTP/1.1 side, which the types of the HTTP/2 server do not name.
const HTTP1_LIMITS = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS }

class ApiServer implements HttpServer {
  readonly port: number
  private readonly server: Http2SecureServer
  private readonly options: ServerOptions
  private readonly sessions = new Set<ServerHttp2Session>()
  /** HTTP/1.1 connections, with how many requests each is at. */
  private readonly sockets = new Map<Duplex, number>()
  /** Connections that are HTTP no longer: their owners are to close them when the server drains. */
  private readonly upgraded = new Set<Duplex>()
  /** How to end each answer that is still being streamed. */
  private readonly streams = new Set<() => void>()
  private readonly users = new WeakMap<object, { user: User | undefined }>()
  private draining = false

  constructor(server: Http2SecureServer, options: ServerOptions) {
    this.server = server
    this.options = options
    this.port = (server.address() as { port: number }).port
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answerHttp1(request, response))
    // Node has just put its imitation of HTTP/1.1 before the streams of HTTP/2; without it a request costs half.
    server.removeAllListeners('stream')
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => this.answerHttp2(stream, headers))
    server.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
      this.sockets.delete(socket)
      this.upgraded.add(socket)
      socket.on('close', () => this.upgraded.delete(socket))
      options.upgrade({ request, socket, head, user: this.userOf(socket, socket) })
    })
    server.on('session', (session: ServerHttp2Session) => {
      this.sessions.add(session)
      session.on('close', () => this.sessions.delete(session))
      session.on('error', () => session.destroy())
    })
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => socket.destroy())
      // Its handshake was under way when the draining began.
      if (this.draining) socket.destroySoon()
      if (socket.alpnProtocol === 'h2') return
      this.sockets.set(socket, 0)
      socket.on('close', () => this.sockets.delete(socket))
    })
    // Handshakes that fail and connections that break are their client's affair.
    server.on('tlsClientError', () => {})
    server.on('sessionError', () => {})
  }

  drain(drained: () => void): void {
    this.draining = true
    const deadline = setTimeout(() => {
      for (const session of this.sessions) session.destroy()
      for (const socket of [...this.sockets.keys(), ...this.upgraded]) socket.destroy()
    }, DRAIN_TIMEOUT_MS)
    this.server.close(() => {
      clearTimeout(deadline)
      drained()
    })
    for (const end of this.streams) end()
    // GOAWAY; the session ends with its last stream.
    for (const session of this.sessions) session.close()
    for (const [socket, requests] of this.sockets) if (requests === 0) socket.destroy()
  }

  private answerHttp1(request: IncomingMessage, response: ServerResponse): void {
    const socket = request.socket as TLSSocket
    this.sockets.set(socket, (this.sockets.get(socket) ?? 0) + 1)
    response.once('close', () => this.requestEnded(socket))
    const { method = 'GET', url = '/', headers } = request
    this.options.handle(requestOf(method, url, headers, this.userOf(socket, socket), request), (answer) => {
      const own = this.draining ? { ...answer.headers, Connection: 'close' } : answer.headers
      this.send(answer, {
        target: response,
        head: (status, length) =>
          void response.writeHead(
            status,
            (length === undefined ? own : { ...own, 'Content-Length': length }) as OutgoingHttpHeaders,
          ),
        flushHead: () => response.flushHeaders(),
        abort: () => void response.destroy(),
      })
    })
  }

  private answerHttp2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => {})
    const { session } = stream
    const method = String(headers[':method'])
    const user = session === undefined ? undefined : this.userOf(session, session.socket as TLSSocket)
    this.options.handle(requestOf(method, String(headers[':path']), headers, user, stream), (answer) =>
      this.send(answer, {
        target: stream,
        head: (status, length) =>
          stream.respond({ ':status': status, ...answer.headers, ...(length === undefined ? {} : { 'content-length': length }) }),
        flushHead: () => {},
        abort: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      }),
    )
  }

  private requestEnded(socket: TLSSocket): void {
    const requests = this.sockets.get(socket)
    if (requests === undefined) return
    this.sockets.set(socket, requests - 1)
    if (this.draining && requests === 1) socket.destroySoon()
  }

  private send({ status, body }: HttpResponse, wire: Wire): void {
    const streamed = isStreamed(body)
    if (wire.target.destroyed) {
      if (streamed) body.stop()
      return
    }
    try {
      wire.head(status, streamed || body.length === 0 ? undefined : body.length)
    } catch {
      // A header that a pod behind the proxy made up, and that must not be sent.
      if (streamed) body.stop()
      wire.abort()
      return
    }
    if (streamed) this.stream(body, wire)
    else wire.target.end(body)
  }

  private stream(body: StreamedBody, { target, flushHead, abort }: Wire): void {
    let ended = false
    const end = () => {
      if (ended) return
      ended = true
      target.end()
    }
    this.streams.add(end)
    target.on('drain', () => body.resume())
    target.once('close', () => {
      ended = true
      this.streams.delete(end)
      body.stop()
    })
    body.start({
      write: (chunk) => ended || target.write(chunk),
      end,
      abort: () => {
        ended = true
        abort()
      },
    })
    // A watch without events must still be seen to have begun.
    flushHead()
    if (this.draining) end()
  }

  // Asked once a connection: reading the peer's certificate costs more than many requests.
  private userOf(connection: object, socket: TLSSocket): User | undefined {
    const known = this.users.get(connection)
    if (known !== undefined) return known.user
    const user = userOfPeer(socket)
    this.users.set(connection, { user })
    return user
  }
}

/** What the two versions of HTTP do each in its own way. */
interface Wire {
  readonly target: Writable
  readonly head: (status: number, length: number | undefined) => void
  readonly flushHead: () => void
  readonly abort: () => void
}

function requestOf(
  method: string,
  url: string,
  headers: IncomingHttpHeaders,
  user: User | undefined,
  body: Readable,
): HttpRequest {
  const question = url.indexOf('?')
  return {
    method,
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? '' : url.slice(question + 1),
    headers,
    user,
    body,
  }
}
