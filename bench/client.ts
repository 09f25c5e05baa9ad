// A small API client over one HTTP/2 connection, and what the benchmarks wait for through its watches.
import { readFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { join } from 'node:path'
import type { BenchCluster } from './cluster.ts'

export interface BenchPod {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export interface Client {
  call(method: string, path: string, body?: unknown): Promise<{ readonly code: number; readonly body: unknown }>
  /** Follows a collection from its present state on; resolves once the first events are there. */
  watch<T>(path: string, changed: (type: string, object: T) => void): Promise<void>
  close(): void
}

export const credentialsOf = ({ pki }: Pick<BenchCluster, 'pki'>) => {
  const file = (name: string) => readFileSync(join(pki, name))
  return { ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') }
}

export function openClient(cluster: BenchCluster): Client {
  const session = connect(cluster.server, credentialsOf(cluster))
  session.on('error', () => {})
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const stream = session.request(
          { ':method': method, ':path': path, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          // Otherwise a DELETE would have no body.
          { endStream: body === undefined },
        )
        let code = 0
        let text = ''
        stream.setEncoding('utf8')
        stream.on('response', (headers) => {
          code = Number(headers[':status'])
        })
        stream.on('data', (chunk: string) => {
          text += chunk
        })
        stream.on('error', reject)
        stream.on('end', () => {
          const answer = text === '' ? undefined : JSON.parse(text)
          if (code < 300) resolve({ code, body: answer })
          else reject(new Error(`${method} ${path}: ${code} ${text}`))
        })
        if (body !== undefined) stream.end(JSON.stringify(body))
      }),
    watch: (path, changed) =>
      new Promise((resolve, reject) => {
        const stream = session.request({
          ':path': `${path}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
        })
        stream.setEncoding('utf8')
        let rest = ''
        stream.on('error', reject)
        stream.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) {
            const { type, object } = JSON.parse(line)
            if (type === 'BOOKMARK') resolve()
            else changed(type, object)
          }
        })
        stream.end()
      }),
    close: () => session.destroy(),
  }
}

/** Keeps what a watch of pods tells, and answers waits at the event that fulfils them. */
export async function watchPods(client: Client, namespace = 'default') {
  const pods = new Map<string, BenchPod>()
  const waits = new Set<() => void>()
  await client.watch<BenchPod>(`/api/v1/namespaces/${namespace}/pods`, (type, pod) => {
    if (type === 'DELETED') pods.delete(pod.metadata.name)
    else pods.set(pod.metadata.name, pod)
    for (const wait of [...waits]) wait()
  })
  return {
    pods,
    /** The moment of the event after which it holds. */
    until: (what: string, holds: (pods: ReadonlyMap<string, BenchPod>) => boolean, timeoutMs = 30_000): Promise<number> =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waits.delete(look)
          reject(new Error(`not within ${timeoutMs} ms: ${what}`))
        }, timeoutMs)
        const look = () => {
          if (!holds(pods)) return
          waits.delete(look)
          clearTimeout(timer)
          resolve(performance.now())
        }
        waits.add(look)
        look()
      }),
  }
}

export const isRunning = (pod: BenchPod | undefined): boolean =>
  pod?.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined

export const isReady = (pod: BenchPod | undefined): boolean =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
