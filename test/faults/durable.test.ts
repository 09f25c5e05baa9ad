// What is acknowledged is on the disk: a trace of the Master's system calls shows, for each write, the sync of the log completed
// before the answer is sent.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { expect, it } from 'vitest'
import type { Status } from '../../cli/status.ts'
import { useHome } from '../cli/command.ts'
import { until } from '../clients/cluster.ts'

const WRITES = 20
const mustNotSkip = process.env.KINORA_TESTS_MUST_NOT_SKIP === '1'
const straceIsMissing = spawnSync('strace', ['-V']).status !== 0 && !mustNotSkip
if (straceIsMissing) console.warn('SKIPPED: no strace on the PATH; the test of syncs before answers needs it')

const home = useHome()

it.skipIf(straceIsMissing)('the log is synced before a write is answered [T1]', { timeout: 120_000 }, async () => {
  const { kinora, name, folder } = home
  expect((await kinora('up', '--detach', '--name', name, '--port', '0', '--nodes', '1')).code).toBe(0)
  const status = JSON.parse((await kinora('status', '--name', name, '-o', 'json')).stdout) as Status
  const trace = join(folder, 'trace')
  const words = ['-f', '-yy', '-qq', '-e', 'trace=read,write,writev,fsync,fdatasync', '-e', 'signal=none', '-s', '0', '-o', trace]
  const strace = spawn('strace', [...words, '-p', String(status.master.pid)], { stdio: 'ignore' })
  try {
    await until('the trace has begun', async () => readFileSync(trace, 'utf8').length > 0, 20_000)
    const pki = join(folder, 'data/kinora', name, 'pki')
    const file = (each: string) => readFileSync(join(pki, each))
    const socket = await opened(Number(new URL(status.server).port), {
      ca: file('ca.crt'),
      cert: file('admin.crt'),
      key: file('admin.key'),
    })
    const { localPort } = socket
    // A read first: what belongs to the handshake is over with its answer.
    expect(await ask(socket, 'GET', '/version')).toBe('200')
    for (let n = 0; n < WRITES; n++) expect(await create(socket, `synced-${n}`)).toBe('201')
    socket.destroy()
    strace.kill('SIGINT')
    await new Promise((resolve) => strace.once('exit', resolve))
    expect(unsyncedAnswers(readFileSync(trace, 'utf8'), localPort ?? 0)).toEqual({ answered: WRITES, unsynced: 0 })
  } finally {
    strace.kill('SIGKILL')
    await kinora('down', '--name', name, '--delete-data')
  }
})

function opened(port: number, credentials: { ca: Buffer; cert: Buffer; key: Buffer }): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...credentials, ALPNProtocols: ['http/1.1'] }, () => resolve(socket))
    socket.once('error', reject)
  })
}

const create = (socket: TLSSocket, name: string): Promise<string> =>
  ask(
    socket,
    'POST',
    '/api/v1/namespaces/default/configmaps',
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
  )

/** One at a time over one connection, so that order alone tells which answer belongs to which request. */
function ask(socket: TLSSocket, method: string, path: string, body = ''): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const read = (chunk: Buffer) => {
      text += chunk.toString()
      const [head = '', rest] = text.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
      if (rest === undefined || rest.length < length) return
      socket.off('data', read)
      resolve(/HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? '')
    }
    socket.on('data', read)
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  })
}

/** Reads the trace in order: a request comes in, a sync of the log completes, then the answer goes out. */
function unsyncedAnswers(trace: string, clientPort: number): { answered: number; unsynced: number } {
  const ofClient = `->127.0.0.1:${clientPort}]`
  let [answered, unsynced, synced, asked] = [0, 0, false, false]
  /** Threads whose sync of the log has begun and not returned. */
  const syncing = new Set<string>()
  for (const line of trace.split('\n')) {
    const [thread = ''] = line.split(' ', 1)
    if (/f(data)?sync\(.*-wal>/.test(line)) {
      if (line.includes('unfinished')) syncing.add(thread)
      else if (/= 0$/.test(line)) synced = true
    } else if (/f(data)?sync resumed>.*= 0$/.test(line)) {
      if (syncing.delete(thread)) synced = true
    } else if (line.includes(ofClient)) {
      if (/ read\(/.test(line) && / = [1-9]\d*$/.test(line)) {
        if (!asked) synced = false
        asked = true
      } else if (/ writev?\(/.test(line) && asked) {
        if (answered < WRITES && synced) answered += 1
        else if (answered > 0) unsynced += 1
        asked = false
        synced = false
      }
    }
  }
  return { answered, unsynced }
}
