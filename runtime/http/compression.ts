// Answers as gzip for clients that take it, at the level that Kubernetes uses: the cheapest. zlib is loaded when the first
// large answer is asked for.
import type { Gzip } from 'node:zlib'
import { type BodySink, type HttpResponse, isStreamed, type Respond, type StreamedBody } from './exchange.ts'
import { MIN_GZIP_BYTES } from './limits.ts'

/** Hands on small answers, and those of an unknown length (watches, logs), as they are. */
export function compressed(acceptEncoding: string | string[] | undefined, respond: Respond): Respond {
  if (!String(acceptEncoding ?? '').includes('gzip')) return respond
  return (response) => {
    const length = isStreamed(response.body) ? Number(response.headers['Content-Length'] ?? 0) : response.body.length
    if (length < MIN_GZIP_BYTES || response.headers['Content-Encoding'] !== undefined) respond(response)
    else void compress(response, respond)
  }
}

async function compress(response: HttpResponse, respond: Respond): Promise<void> {
  const { createGzip, gzip } = await import('node:zlib')
  const { 'Content-Length': _, ...kept } = response.headers
  const headers = { ...kept, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' }
  const { body } = response
  if (isStreamed(body)) respond({ ...response, headers, body: new GzippedBody(body, createGzip({ level: 1 })) })
  else gzip(body, { level: 1 }, (error, bytes) => respond(error ? response : { ...response, headers, body: bytes }))
}

class GzippedBody implements StreamedBody {
  private readonly body: StreamedBody
  private readonly gzip: Gzip

  constructor(body: StreamedBody, gzip: Gzip) {
    this.body = body
    this.gzip = gzip
  }

  start(sink: BodySink): void {
    const { gzip, body } = this
    gzip.on('data', (chunk: Uint8Array) => {
      if (!sink.write(chunk)) gzip.pause()
    })
    gzip.on('end', () => sink.end())
    gzip.on('error', () => sink.abort())
    gzip.on('drain', () => body.resume())
    body.start({ write: (chunk) => gzip.write(chunk), end: () => gzip.end(), abort: () => sink.abort() })
  }

  resume(): void {
    this.gzip.resume()
  }

  stop(): void {
    this.gzip.destroy()
    this.body.stop()
  }
}
