// The forms of an answer that is known whole: objects and Statuses as JSON, indented JSON or YAML, and plain text.
import { internalError, type Status } from '../../model/status.ts'
import type { HttpResponse } from './exchange.ts'

const encoder = new TextEncoder()

export const JSON_TYPE = 'application/json'
const NEWLINE = encoder.encode('\n')

export interface Encoding {
  readonly mediaType: string
  readonly pretty: boolean
}

export const PLAIN: Encoding = { mediaType: JSON_TYPE, pretty: false }

export function answer(status: number, value: unknown, encoding: Encoding = PLAIN, contentType = JSON_TYPE): HttpResponse {
  if (encoding.mediaType === 'application/yaml') return yamlAnswer(status, value)
  const text = encoding.pretty ? JSON.stringify(value, null, 2) : JSON.stringify(value)
  return { status, headers: { 'Content-Type': contentType }, body: encoder.encode(`${text}\n`) }
}

/** Of an object whose JSON is at hand. */
export const answerBytes = (status: number, json: Uint8Array): HttpResponse => ({
  status,
  headers: { 'Content-Type': JSON_TYPE },
  body: Buffer.concat([json, NEWLINE]),
})

export function statusAnswer(status: Status, encoding: Encoding = PLAIN): HttpResponse {
  const { code, ...withoutCode } = status
  const response = answer(code, status.status === 'Success' && code === OK ? withoutCode : status, encoding)
  const seconds = status.details?.retryAfterSeconds
  return seconds === undefined ? response : { ...response, headers: { ...response.headers, 'Retry-After': String(seconds) } }
}

/** What every success means, which Kubernetes does not say again. */
const OK = 200

/** A fault of our own: this request fails, and nothing else does. */
export const internalErrorOf = (error: unknown): Status => internalError(error instanceof Error ? error.message : String(error))

export const textAnswer = (status: number, text: string): HttpResponse => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
  body: encoder.encode(text),
})

/** Where no handler was ever registered, Go's own words, not a Status. */
export const pageNotFound = (): HttpResponse => textAnswer(404, '404 page not found\n')

// Hardly anybody asks for YAML, and the library takes longer to load than a server to start: loaded when it is asked for.
const yamlAnswer = (status: number, value: unknown): HttpResponse => ({
  status,
  headers: { 'Content-Type': 'application/yaml' },
  body: {
    start: (sink) =>
      void import('yaml').then(({ stringify }) => {
        sink.write(encoder.encode(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })))
        sink.end()
      }, sink.abort),
    resume: () => {},
    stop: () => {},
  },
})
