// How many objects a second the API takes, each durable before its answer: closed loops over HTTPS connections that stay open,
// one connection a client. The load comes from this process, whose own processor time is told apart.
import { Agent, request } from 'node:https'
import type { Benchmark, Sampled } from './benchmark.ts'
import { credentialsOf } from './client.ts'
import { type BenchCluster, bringUp } from './cluster.ts'
import { cpuMsOf, pause } from './processes.ts'

const CLIENTS = [1, 16, 128]
const ROUNDS = 5
const WINDOW_MS = 4_000
const WARM_UP_MS = 2_000

interface Window {
  readonly perSecond: number
  readonly masterCpuS: number
  readonly generatorCpuS: number
  readonly latencyMs: readonly number[]
}

export const creates: Benchmark = {
  name: 'creates',
  measures: `ConfigMaps created a second by 1, 16 and 128 clients, sqlite store; CPU seconds of Master and load within ${WINDOW_MS / 1000} s`,
  run: async (progress) => {
    const windows = new Map<number, Window[]>(CLIENTS.map((clients) => [clients, []]))
    for (let round = 0; round < ROUNDS; round++) {
      // A fresh store each round: what was created before must not slow down what follows.
      const cluster = await bringUp({ nodes: 1 })
      try {
        await load(cluster, `warm-${round}`, 16, WARM_UP_MS)
        for (const clients of CLIENTS) {
          const window = await load(cluster, `r${round}-c${clients}`, clients, WINDOW_MS)
          windows.get(clients)?.push(window)
          progress(
            `${clients} clients: ${Math.round(window.perSecond)}/s, CPU ${window.masterCpuS.toFixed(1)} + ${window.generatorCpuS.toFixed(1)} s`,
          )
          await pause(500)
        }
      } finally {
        await cluster.down()
      }
    }
    const samples: Record<string, Sampled> = {}
    for (const [clients, of] of windows) {
      samples[`creates${clients}`] = { unit: '1/s', values: of.map(({ perSecond }) => perSecond) }
      samples[`latency${clients}`] = { unit: 'ms', values: of.flatMap(({ latencyMs }) => latencyMs) }
      samples[`masterCpu${clients}`] = { unit: 's CPU', values: of.map(({ masterCpuS }) => masterCpuS) }
      samples[`generatorCpu${clients}`] = { unit: 's CPU', values: of.map(({ generatorCpuS }) => generatorCpuS) }
    }
    return samples
  },
}

async function load(cluster: BenchCluster, prefix: string, clients: number, windowMs: number): Promise<Window> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients, ...credentialsOf(cluster) })
  const { hostname, port } = new URL(cluster.server)
  const create = (name: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: 'value' } })
      const sent = request(
        {
          ...{ agent, hostname, port, method: 'POST', path: '/api/v1/namespaces/default/configmaps' },
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          response.resume()
          response.once('end', () =>
            response.statusCode === 201 ? resolve() : reject(new Error(`create ${name}: ${response.statusCode}`)),
          )
        },
      )
      sent.once('error', reject)
      sent.end(body)
    })
  // Connections first: handshakes are not what is measured.
  await Promise.all(Array.from({ length: clients }, (_, client) => create(`${prefix}-${client}-first`)))
  const latencyMs: number[] = []
  const master = cpuMsOf(cluster.pids.master)
  const own = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let index = 0; performance.now() - startedAt < windowMs; index++) {
        const sentAt = performance.now()
        await create(`${prefix}-${client}-${index}`)
        latencyMs.push(performance.now() - sentAt)
      }
    }),
  )
  const elapsedMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(own)
  agent.destroy()
  return {
    perSecond: (latencyMs.length / elapsedMs) * 1000,
    masterCpuS: (cpuMsOf(cluster.pids.master) - master) / 1000,
    generatorCpuS: (user + system) / 1e6,
    latencyMs,
  }
}
