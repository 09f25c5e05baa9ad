// Probes as the node sends them, against real sockets.
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { ProbeAction, ProbeAnswer } from '../../actors/ports/containers.ts'
import { createProber } from '../../runtime/containers/process/probes.ts'

const servers: (Server | TcpServer)[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  }
})

const listen = async (server: Server | TcpServer): Promise<number> => {
  servers.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return (server.address() as AddressInfo).port
}

const execs: [string, readonly string[], number][] = []
const prober = createProber({
  exec: (id, command, timeoutMs, answered) => {
    execs.push([id, command, timeoutMs])
    answered(
      command[0] === 'true'
        ? { exitCode: 0, output: 'fine' }
        : command[0] === 'slow'
          ? { output: 'timed out' }
          : { exitCode: 1, output: 'bad' },
    )
  },
})
const ask = (action: ProbeAction, timeoutMs = 500): Promise<ProbeAnswer> =>
  new Promise((answered) => prober(action, timeoutMs, answered))

const http = (port: number, more: Partial<Extract<ProbeAction, { kind: 'http' }>> = {}): ProbeAction => ({
  ...{ kind: 'http', scheme: 'HTTP', host: '127.0.0.1', port, path: '/healthz', headers: [], ...more },
})

test.each([
  [200, 'success'],
  [204, 'success'],
  [302, 'success'],
  [399, 'success'],
  [400, 'failure'],
  [404, 'failure'],
  [500, 'failure'],
  [503, 'failure'],
] as const)('HTTP %i is a %s', async (code, result) => {
  const port = await listen(createServer((_request, response) => response.writeHead(code, { location: '/elsewhere' }).end()))
  const answer = await ask(http(port))
  expect(answer.result).toBe(result)
  if (result === 'failure') expect(answer.message).toBe(`HTTP probe failed with statuscode: ${code}`)
})

test('the request is that of kube-probe, with the headers of the manifest', async () => {
  const seen: Record<string, unknown> = {}
  const record: RequestListener = (request, response) => {
    Object.assign(seen, {
      url: request.url,
      host: request.headers.host,
      agent: request.headers['user-agent'],
      x: request.headers['x-a'],
    })
    response.end()
  }
  const port = await listen(createServer(record))
  const headers = [
    { name: 'X-A', value: 'b' },
    { name: 'Host', value: 'shop.example' },
  ]
  await ask(http(port, { path: 'ready?full=1', headers }))
  expect(seen).toEqual({ url: '/ready?full=1', host: 'shop.example', agent: 'kube-probe/1.36', x: 'b' })
})

test('a server that does not answer in time, or answers without an end', async () => {
  const silent = await listen(createServer(() => {}))
  expect(await ask(http(silent), 50)).toMatchObject({
    result: 'failure',
    message: expect.stringContaining('context deadline exceeded'),
  })
  const endless: RequestListener = (_request, response) => void setInterval(() => response.write('x'.repeat(4096)), 1).unref()
  expect(await ask(http(await listen(createServer(endless))))).toMatchObject({ result: 'success' })
})

test('TCP: whoever accepts is well', async () => {
  const port = await listen(createTcpServer())
  expect(await ask({ kind: 'tcp', host: '127.0.0.1', port })).toMatchObject({ result: 'success' })
})

test.each(['tcp', 'http'] as const)('nobody listens: refused (%s)', async (kind) => {
  const server = createTcpServer()
  const port = await listen(server)
  await new Promise((closed) => server.close(closed))
  servers.length = 0
  const answer = await ask(kind === 'tcp' ? { kind, host: '127.0.0.1', port } : http(port))
  expect(answer).toMatchObject({
    result: 'failure',
    message: expect.stringContaining(`dial tcp 127.0.0.1:${port}: connect: connection refused`),
  })
})

test.each([
  ['true', 'success', 'fine'],
  ['false', 'failure', 'bad'],
  ['slow', 'failure', 'timed out'],
] as const)('exec of %s: %s', async (command, result, message) => {
  expect(await ask({ kind: 'exec', containerId: 'id-1', command: [command] }, 700)).toEqual({ result, message })
  expect(execs.at(-1)).toEqual(['id-1', [command], 700])
})
