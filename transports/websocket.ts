// A pipe over a WebSocket. The dialling side pins the cluster's CA and shows its own certificate; the accepting side gets
// its socket from an HTTP server that has checked the certificate.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { decodeEnvelope, encodeEnvelope, MAX_MESSAGE_BYTES } from './codec.ts'
import type { Pipe } from './transport.ts'

/** A peer that leaves this much unread is taken for dead. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024
const HANDSHAKE_TIMEOUT_MS = 5_000

export interface DialOptions {
  /** `wss://127.0.0.1:6443/kinora/v1/link` */
  readonly url: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Answers once: with a pipe that is open, or with the reason why there is none. */
export function dialWebSocket(options: DialOptions, dialled: (result: { pipe: Pipe } | { failed: string }) => void): () => void {
  const socket = new WebSocket(options.url, {
    ca: options.ca,
    cert: options.cert,
    key: options.key,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    followRedirects: false,
  })
  let settled = false
  const fail = (reason: string) => {
    if (settled) return
    settled = true
    dialled({ failed: reason })
  }
  socket.once('open', () => {
    if (settled) return socket.terminate()
    settled = true
    dialled({ pipe: pipeOf(socket) })
  })
  socket.once('error', (error) => fail(error.message))
  socket.once('close', () => fail('the connection was closed during the handshake'))
  return () => {
    fail('given up')
    socket.terminate()
  }
}

/** Takes over upgrade requests whose sender is already known and allowed. */
export function acceptWebSockets(): (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  accepted: (pipe: Pipe) => void,
) => void {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES })
  return (request, socket, head, accepted) => server.handleUpgrade(request, socket, head, (ws) => accepted(pipeOf(ws)))
}

function pipeOf(socket: WebSocket): Pipe {
  let reason: string | undefined
  const pipe: Pipe = {
    onEnvelope: () => {},
    onClosed: () => {},
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    send(envelope) {
      if (socket.readyState !== WebSocket.OPEN) return
      socket.send(encodeEnvelope(envelope))
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) pipe.close('the other side does not read')
    },
    close(why) {
      reason ??= why
      if (socket.readyState !== WebSocket.OPEN) return socket.terminate()
      // A close frame carries at most 123 bytes of reason.
      socket.close(1000, Buffer.from(why).subarray(0, 120).toString().replace(/�+$/, ''))
      // A peer that is gone never answers the close; do not wait for it.
      setImmediate(() => socket.terminate())
    },
  }
  socket.on('message', (data, isBinary) => {
    if (reason !== undefined) return
    const envelope = isBinary && data instanceof Buffer ? decodeEnvelope(data) : undefined
    if (envelope) pipe.onEnvelope(envelope)
    else pipe.close('a message that is no envelope')
  })
  socket.on('error', (error) => {
    reason ??= error.message
  })
  socket.once('close', (_code, text) => pipe.onClosed(reason ?? (text.length > 0 ? text.toString() : 'the connection was lost')))
  return pipe
}
