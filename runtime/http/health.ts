// `/livez`, `/readyz` and `/healthz`, in the words and forms of Kubernetes' API server.
import type { HttpResponse } from './exchange.ts'

export interface HealthCheck {
  readonly name: string
  /** The cause, when it is not well. */
  readonly failure: () => string | undefined
  /** A server that is not ready may be alive: no reason to restart it. */
  readonly only?: 'readyz'
}

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }
const encoder = new TextEncoder()

/** `segments` are those of the path: `readyz`, or `readyz/NAME` for one check. Nothing for a check that does not exist. */
export function health(checks: readonly HealthCheck[], segments: readonly string[], query: string): HttpResponse | undefined {
  const [endpoint = '', named] = segments
  const asked = checks.filter((check) => check.only === undefined || check.only === endpoint)
  const parameters = new URLSearchParams(query)
  const excluded = new Set(parameters.getAll('exclude'))
  if (named) {
    const check = asked.find(({ name }) => name === named)
    if (check === undefined) return undefined
    const failure = check.failure()
    return failure === undefined ? text(200, 'ok') : text(500, `internal server error: ${failure}\n`)
  }
  const lines: string[] = []
  let failed = false
  for (const { name, failure } of asked) {
    if (excluded.has(name)) {
      lines.push(`[+]${name} excluded: ok`)
      continue
    }
    const cause = failure()
    if (cause !== undefined) failed = true
    lines.push(cause === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`)
  }
  if (failed) return text(500, `${lines.join('\n')}\n${endpoint} check failed\n`)
  return text(200, parameters.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok')
}

const text = (status: number, body: string): HttpResponse => ({ status, headers: TEXT, body: encoder.encode(body) })
