// Listens: TLS with client certificates, HTTP/2 and HTTP/1.1 on one port (the latter owns upgrades), limits on what comes
// in, and an orderly end. What a request means is the front's business.
import type { IncomingMessage } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { KeyPair } from '../identity/certificate.ts'
import { type User, userOfPeer } from '../identity/client-certificate.ts'
import { type BodySink, type Handle, type HttpRequest, type HttpResponse, isStreamed, type StreamedBody } from './exchange.ts'
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

type Request = IncomingMessage | Http2ServerRequest

class ApiServer implements HttpServer {
  readonly port: number
  private readonly server: Http2SecureServer
  private readonly options: ServerOptions
  private readonly sessions = new Set<ServerHttp2Session>()
  /** HTTP/1.1 connections, with how many requests each is at; an upgraded one is its new owner's. */
  private readonly sockets = new Map<TLSSocket, number>()
  /** How to end each answer that is still being streamed. */
  private readonly streams = new Set<() => void>()
  private readonly users = new WeakMap<object, { user: User | undefined }>()
  private draining = false

  constructor(server: Http2SecureServer, options: ServerOptions) {
    this.server = server
    this.options = options
    this.port = (server.address() as { port: number }).port
    server.on('request', (request: Request, response: Http2ServerResponse) => this.answer(request, response))
    server.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
      this.sockets.delete(socket)
      options.upgrade({ request, socket, head, user: this.userOf(request) })
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
      for (const socket of this.sockets.keys()) socket.destroy()
    }, DRAIN_TIMEOUT_MS)
    this.server.close(() => {
      clearTimeout(deadline)
      drained()
    })
    for (const end of this.streams) end()
    // GOAWAY; the session ends with its last stream.
    for (const session of this.sessions) session.close()
    for (const [socket, requests] of this.sockets) if (requests === 0) socket.destroySoon()
  }

  private answer(request: Request, response: Http2ServerResponse): void {
    const isHttp1 = request.httpVersionMajor === 1
    const socket = isHttp1 ? (request.socket as TLSSocket) : undefined
    if (socket !== undefined) {
      this.sockets.set(socket, (this.sockets.get(socket) ?? 0) + 1)
      response.once('close', () => this.requestEnded(socket))
    }
    const url = request.url ?? '/'
    const question = url.indexOf('?')
    const exchanged: HttpRequest = {
      method: request.method ?? 'GET',
      path: question < 0 ? url : url.slice(0, question),
      query: question < 0 ? '' : url.slice(question + 1),
      headers: request.headers,
      user: this.userOf(request),
      body: request,
    }
    this.options.handle(exchanged, (answer) => this.send(answer, response, isHttp1))
  }

  private requestEnded(socket: TLSSocket): void {
    const requests = this.sockets.get(socket)
    if (requests === undefined) return
    this.sockets.set(socket, requests - 1)
    if (this.draining && requests === 1) socket.destroySoon()
  }

  private send({ status, headers, body }: HttpResponse, response: Http2ServerResponse, isHttp1: boolean): void {
    if (response.destroyed || response.headersSent) return
    const all: Record<string, string | string[]> = { ...(headers as Record<string, string | string[]>) }
    if (isHttp1 && this.draining) all.Connection = 'close'
    if (isStreamed(body)) {
      response.writeHead(status, all)
      this.stream(body, response, isHttp1)
      return
    }
    if (body.length > 0) all['Content-Length'] = String(body.length)
    response.writeHead(status, all)
    response.end(body)
  }

  private stream(body: StreamedBody, response: Http2ServerResponse, isHttp1: boolean): void {
    let ended = false
    const end = () => {
      if (ended) return
      ended = true
      response.end()
    }
    const sink: BodySink = {
      write: (chunk) => ended || response.write(chunk),
      end,
      abort: () => {
        ended = true
        if (isHttp1) response.destroy()
        else response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
      },
    }
    this.streams.add(end)
    response.on('drain', () => body.resume())
    response.once('close', () => {
      ended = true
      this.streams.delete(end)
      body.stop()
    })
    body.start(sink)
    // The head alone: a watch without events must still be seen to have begun.
    if (isHttp1) (response as unknown as { flushHeaders(): void }).flushHeaders()
    if (this.draining) end()
  }

  // Asked once a connection: reading the peer's certificate costs more than many requests.
  private userOf(request: Request): User | undefined {
    const session = 'stream' in request ? request.stream.session : undefined
    const connection = session ?? request.socket
    const known = this.users.get(connection)
    if (known !== undefined) return known.user
    const user = userOfPeer((session?.socket ?? request.socket) as TLSSocket)
    this.users.set(connection, { user })
    return user
  }
}
