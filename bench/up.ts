// One command to a cluster that serves: the bundle and the source in turn, so that both meet the same load.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark } from './benchmark.ts'
import { bringUp, type From } from './cluster.ts'

const ROUNDS = 11

export const up: Benchmark = {
  name: 'up',
  measures: 'exec of kinora up with three nodes to ready: the API serves, all nodes are Ready, the kubeconfig is written',
  run: async (progress) => {
    const once = async (from: From, env: Readonly<Record<string, string>> = {}) => {
      const cluster = await bringUp({ from, env })
      await cluster.down()
      progress(`${from} ${Math.round(cluster.readyMs)} ms ${JSON.stringify(cluster.steps)}`)
      return cluster
    }
    const cache = mkdtempSync(join(tmpdir(), 'kinora-bench-cache-'))
    const cold = [await once('bundle', { NODE_COMPILE_CACHE: cache })]
    rmSync(cache, { recursive: true, force: true })
    const warm: Record<From, Awaited<ReturnType<typeof bringUp>>[]> = { bundle: [], source: [] }
    // Once unmeasured, for the compile cache.
    for (const from of ['bundle', 'source'] as const) await once(from)
    for (let round = 0; round < ROUNDS; round++) {
      for (const from of ['bundle', 'source'] as const) warm[from].push(await once(from))
    }
    const step = (name: string) => ({ unit: 'ms' as const, values: warm.bundle.map(({ steps }) => steps[name] ?? Number.NaN) })
    return {
      bundle: { unit: 'ms', values: warm.bundle.map(({ readyMs }) => readyMs), target: 1000 },
      source: { unit: 'ms', values: warm.source.map(({ readyMs }) => readyMs), target: 2000 },
      bundleFirstEver: { unit: 'ms', values: cold.map(({ readyMs }) => readyMs) },
      bundleOwnCount: step('ready'),
      bundleProcessesStarted: step('processes'),
      bundleApiServes: step('api'),
      bundleNodesReady: step('nodes'),
    }
  },
}
