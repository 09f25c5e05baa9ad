// Asks a container how it is: by HTTP, by a connection, by a command beside it. What it answers is in the words of
// Kubernetes' prober. Redirects to another host count as success without being followed; so do those to the same host here.
import { connect } from 'node:net'
import type { ContainerRuntime, ProbeAction, ProbeAnswer, Prober } from '../../../actors/ports/containers.ts'
import { httpRequest, httpsRequest } from '../../http/node-http.ts'

const BODY_BYTES = 10 * 1024

export function createProber(runtime: Pick<ContainerRuntime, 'exec'>): Prober {
  return (action, timeoutMs, answered) => {
    if (action.kind === 'exec') {
      runtime.exec(action.containerId, action.command, timeoutMs, ({ exitCode, output }) =>
        answered({ result: exitCode === 0 ? 'success' : 'failure', message: output }),
      )
    } else if (action.kind === 'tcp') probeTcp(action, timeoutMs, answered)
    else probeHttp(action, timeoutMs, answered)
  }
}

type Of<K extends ProbeAction['kind']> = Extract<ProbeAction, { kind: K }>

function probeTcp({ host, port }: Of<'tcp'>, timeoutMs: number, answered: (answer: ProbeAnswer) => void): void {
  const socket = connect({ host, port })
  const settle = (result: ProbeAnswer['result'], message: string): void => {
    clearTimeout(timer)
    socket.removeAllListeners()
    socket.on('error', () => {})
    socket.destroy()
    answered({ result, message })
  }
  const timer = setTimeout(() => settle('failure', `dial tcp ${host}:${port}: i/o timeout`), timeoutMs)
  socket.on('connect', () => settle('success', ''))
  socket.on('error', (error) => settle('failure', dialError(host, port, error)))
}

function probeHttp(action: Of<'http'>, timeoutMs: number, answered: (answer: ProbeAnswer) => void): void {
  const { scheme, host, port, path, headers } = action
  const url = `${scheme.toLowerCase()}://${host}:${port}${path.startsWith('/') ? '' : '/'}${path}`
  const given = Object.fromEntries(headers.map(({ name, value }) => [name, value]))
  const options = {
    method: 'GET',
    headers: { 'User-Agent': 'kube-probe/1.36', Accept: '*/*', ...given },
    agent: false,
    rejectUnauthorized: false,
  }
  let settled = false
  const settle = (result: ProbeAnswer['result'], message: string): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    request.destroy()
    answered({ result, message })
  }
  const request = (scheme === 'HTTPS' ? httpsRequest : httpRequest)(url, options, (response) => {
    const code = response.statusCode ?? 0
    let read = 0
    response.on('data', (chunk: Buffer) => {
      read += chunk.length
      if (read > BODY_BYTES) done()
    })
    const done = (): void =>
      code >= 200 && code < 400 ? settle('success', '') : settle('failure', `HTTP probe failed with statuscode: ${code}`)
    response.on('end', done)
    response.on('error', (error) => settle('failure', `Get "${url}": ${error.message}`))
  })
  const timer = setTimeout(
    () => settle('failure', `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`),
    timeoutMs,
  )
  request.on('error', (error) => settle('failure', `Get "${url}": ${dialError(host, port, error)}`))
  request.end()
}

function dialError(host: string, port: number, error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`
  if (code === 'ECONNRESET') return `read tcp ${host}:${port}: read: connection reset by peer`
  return error.message
}
