// The server under the example images: what any program should do that is to be replaced without losing a request.
// After SIGTERM it goes on accepting for a moment, because somebody may have chosen it just before; every answer asks the
// client to close, so that connections which are kept alive move on with their next request; then it ends with 0.
import { createServer } from 'node:http'
import { Server } from 'node:net'

/** Longer than the news of an endpoint's end needs to reach every proxy. */
const ACCEPT_AFTER_TERM_MS = 100
/** How long a connection that is kept alive may take to send the request that is its last. */
const LAST_REQUEST_MS = 3_000

/** Never 0.0.0.0: the pods of a machine share its ports, each has an address of its own. */
export const host = process.env.HOST ?? '127.0.0.1'
export const pod = process.env.HOSTNAME ?? 'nobody'

/**
 * @param {number} port
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} answer
 * @param {() => void} [listening]
 */
export function serve(port, answer, listening = () => console.log(`${pod} listens on ${host}:${port}`)) {
  let stopping = false
  const server = createServer((request, response) => {
    if (stopping) response.setHeader('Connection', 'close')
    answer(request, response)
  })
  // A proxy in between may keep a connection for a minute; whoever closes first must not be the one who is just being asked.
  server.keepAliveTimeout = 65_000
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('error', (error) => {
    console.error(error.message)
    process.exit(1)
  })
  server.listen({ host, port, backlog: 1024 }, listening)

  const stop = () => {
    if (stopping) return
    stopping = true
    setTimeout(() => {
      // `close` of node:http also ends idle connections at once, and with them requests that are on their way.
      Server.prototype.close.call(server, () => process.exit(0))
      setTimeout(() => server.closeIdleConnections(), LAST_REQUEST_MS)
    }, ACCEPT_AFTER_TERM_MS)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** The whole body as text; undefined, and an answer, when it is longer than `limit` bytes. */
export function readBody(request, response, limit, read) {
  const chunks = []
  let size = 0
  request.on('data', (chunk) => {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
  })
  request.on('end', () => {
    if (size > limit) send(response, 413, 'text/plain', `at most ${limit} bytes\n`)
    else read(Buffer.concat(chunks).toString())
  })
}

export function send(response, code, type, body, headers = {}) {
  response.writeHead(code, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers }).end(body)
}
