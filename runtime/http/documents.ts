// Answers that never change while the process lives: encoded once, when somebody first asks, and known to clients by an ETag.
import { createHash } from 'node:crypto'
import { type HttpRequest, type HttpResponse, NO_BODY } from './exchange.ts'

export interface Document {
  readonly bytes: Uint8Array
  readonly etag: string
}

const kept = new Map<string, Document>()

/** `make` gives the text or the bytes, or nothing where there is no such document. */
export function documentFor(key: string, make: () => string | Uint8Array | undefined): Document | undefined {
  const known = kept.get(key)
  if (known !== undefined) return known
  const made = make()
  if (made === undefined) return undefined
  const document = { bytes: typeof made === 'string' ? Buffer.from(made) : made, etag: `"${hashOf(made).toUpperCase()}"` }
  kept.set(key, document)
  return document
}

export const hashOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

export function sendDocument({ bytes, etag }: Document, request: HttpRequest, contentType: string): HttpResponse {
  const headers = { ETag: etag, Vary: 'Accept', 'Cache-Control': 'public' }
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: NO_BODY }
  return { status: 200, headers: { ...headers, 'Content-Type': contentType }, body: bytes }
}
