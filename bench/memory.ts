// What an idle cluster holds in memory.
import type { Benchmark } from './benchmark.ts'
import { bringUp } from './cluster.ts'
import { memoryOf, pause } from './processes.ts'

const ROUNDS = 5
/** After this nothing is left of the start. */
const SETTLE_MS = 10_000

export const memory: Benchmark = {
  name: 'memory',
  measures: `memory of the bundle's idle Master and nodes, ${SETTLE_MS / 1000} s after ready`,
  run: async (progress) => {
    const masters: ReturnType<typeof memoryOf>[] = []
    const nodes: ReturnType<typeof memoryOf>[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const cluster = await bringUp()
      try {
        await pause(SETTLE_MS)
        masters.push(memoryOf(cluster.pids.master))
        nodes.push(...cluster.pids.nodes.map(memoryOf))
        progress(
          `Master ${masters.at(-1)?.rssMB.toFixed(1)} MB, nodes ${nodes.slice(-3).map(({ rssMB }) => rssMB.toFixed(1))} MB`,
        )
      } finally {
        await cluster.down()
      }
    }
    return {
      masterRss: { unit: 'MB', values: masters.map(({ rssMB }) => rssMB), target: 100 },
      masterPss: { unit: 'MB', values: masters.map(({ pssMB }) => pssMB) },
      nodeRss: { unit: 'MB', values: nodes.map(({ rssMB }) => rssMB), target: 70 },
      nodePss: { unit: 'MB', values: nodes.map(({ pssMB }) => pssMB) },
    }
  },
}
