// Reads the body of a request up to a limit. Nothing beyond the limit is kept or waited for.
import type { HttpRequest } from './exchange.ts'
import { NO_BODY } from './exchange.ts'

export type ReadBody =
  | { readonly result: 'read'; readonly bytes: Uint8Array }
  | { readonly result: 'too-large'; readonly limit: number }
  /** The client has gone before the end. */
  | { readonly result: 'aborted' }

export function readBody({ headers, body }: HttpRequest, limit: number, done: (outcome: ReadBody) => void): void {
  const announced = Number(headers['content-length'] ?? 0)
  if (announced > limit) {
    body.resume()
    done({ result: 'too-large', limit })
    return
  }
  const chunks: Uint8Array[] = []
  let length = 0
  let settled = false
  const settle = (outcome: ReadBody) => {
    if (settled) return
    settled = true
    done(outcome)
  }
  body.on('data', (chunk: Uint8Array) => {
    if (settled) return
    length += chunk.length
    if (length > limit) settle({ result: 'too-large', limit })
    else chunks.push(chunk)
  })
  body.on('end', () => {
    const only = chunks[0]
    settle({ result: 'read', bytes: only === undefined ? NO_BODY : chunks.length === 1 ? only : Buffer.concat(chunks) })
  })
  body.on('error', () => settle({ result: 'aborted' }))
  body.on('close', () => settle({ result: 'aborted' }))
}
