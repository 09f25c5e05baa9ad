// A steady stream of HTTP requests against one URL, and what became of each: for tests that allow no failure, and tests that
// allow only those whose connection or endpoint died.

import { Agent, request } from 'node:http'
import { connect } from 'node:net'

export interface TrafficOptions {
  readonly url: string
  readonly perSecond: number
  /** A connection for each request, or a pool of connections that are kept as long as the server lets them. */
  readonly connections: 'new' | 'kept'
}

interface Failed {
  readonly atMs: number
  readonly what: string
}

export interface Traffic {
  readonly sent: number
  readonly answered: number
  readonly failed: readonly Failed[]
  /** How often each answer came. */
  readonly answers: ReadonlyMap<string, number>
}

const TIMEOUT_MS = 10_000
const TICK_MS = 5
const KEPT_CONNECTIONS = 32

/** Sends until the work has settled, then waits for what is under way. */
export async function trafficDuring(options: TrafficOptions, work: () => Promise<void>): Promise<Traffic> {
  const failed: Failed[] = []
  const answers = new Map<string, number>()
  const startedMs = performance.now()
  const agent = new Agent({ keepAlive: true, maxSockets: KEPT_CONNECTIONS })
  let [sent, answered, open] = [0, 0, 0]
  let whenIdle: (() => void) | undefined
  const send = options.connections === 'new' ? overNewConnection : (url: string, done: Done) => overAgent(url, agent, done)

  const one = () => {
    sent += 1
    open += 1
    const atMs = Math.round(performance.now() - startedMs)
    send(options.url, (error, body) => {
      open -= 1
      if (error) failed.push({ atMs, what: error })
      else {
        answered += 1
        const text = body ?? ''
        answers.set(text, (answers.get(text) ?? 0) + 1)
      }
      if (open === 0) whenIdle?.()
    })
  }
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * options.perSecond)
    while (sent < due) one()
  }, TICK_MS)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  if (open > 0) {
    await new Promise<void>((resolve) => {
      whenIdle = resolve
    })
  }
  agent.destroy()
  return { sent, answered, failed, answers }
}

type Done = (error: string | undefined, body?: string) => void

/** By hand over a bare socket: a client library that tries again by itself would hide what is looked for. */
function overNewConnection(url: string, done: Done): void {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let text = ''
  let settled = false
  const settle = (error?: string) => {
    if (settled) return
    settled = true
    socket.destroy()
    if (error !== undefined) return done(error)
    const head = text.indexOf('\r\n\r\n')
    const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]
    if (head < 0 || status === undefined) return done(`an answer of ${text.length} bytes that is none`)
    const length = /^content-length: (\d+)/im.exec(text.slice(0, head))?.[1]
    const body = text.slice(head + 4)
    if (status !== '200') return done(`status ${status}`)
    if (length !== undefined && body.length < Number(length)) return done('an answer that was cut off')
    done(undefined, body)
  }
  socket.setTimeout(TIMEOUT_MS, () => settle(`no answer within ${TIMEOUT_MS} ms`))
  socket.setEncoding('latin1')
  socket.on('connect', () => socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`))
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('end', () => settle())
  socket.on('error', (error: NodeJS.ErrnoException) => settle(`${error.code ?? error.message} after ${text.length} bytes`))
}

function overAgent(url: string, agent: Agent, done: Done): void {
  let settled = false
  const settle = (error: string | undefined, body?: string) => {
    if (settled) return
    settled = true
    done(error, body)
  }
  const sent = request(url, { agent, timeout: TIMEOUT_MS }, (response) => {
    let body = ''
    response.setEncoding('latin1')
    response.on('data', (chunk: string) => {
      body += chunk
    })
    response.on('end', () => settle(response.statusCode === 200 ? undefined : `status ${response.statusCode}`, body))
    response.on('error', (error) => settle(error.message))
  })
  sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
  sent.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
  sent.end()
}
