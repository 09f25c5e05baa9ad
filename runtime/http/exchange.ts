// A request and its answer as the front sees them: without sockets, so that tests can ask directly (front.ts) and one
// server serves HTTP/1.1 and HTTP/2 (server.ts).
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { User } from '../../actors/master/api/api.protocol.ts'

export interface HttpRequest {
  readonly method: string
  /** As on the wire: escaped, without the query. */
  readonly path: string
  /** What follows the question mark, or empty. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  /** Nobody: credentials were shown that are not valid. */
  readonly user: User | undefined
  /** Read at most once. */
  readonly body: Readable
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Uint8Array | StreamedBody
}

/** An answer that is made while it is sent. */
export interface StreamedBody {
  start(sink: BodySink): void
  /** The reader has caught up, after a `write` that said false. */
  resume(): void
  /** The reader has gone, or the answer was ended. Called once. */
  stop(): void
}

export interface BodySink {
  /** Takes the chunk in any case; false: the reader is behind, more is welcome after `resume`. */
  write(chunk: Uint8Array): boolean
  /** The answer is complete. */
  end(): void
  /** The answer is broken off such that the reader notices. */
  abort(): void
}

export type Respond = (response: HttpResponse) => void
export type Handle = (request: HttpRequest, respond: Respond) => void

export const isStreamed = (body: HttpResponse['body']): body is StreamedBody => !(body instanceof Uint8Array)

export const NO_BODY = new Uint8Array(0)
