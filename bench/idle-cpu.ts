// What a cluster costs that has nothing to do: processor time of the supervisor, the Master and its nodes together.
import type { Benchmark } from './benchmark.ts'
import { bringUp } from './cluster.ts'
import { cpuMsOf, pause } from './processes.ts'

const ROUNDS = 3
const SETTLE_MS = 10_000
const WINDOW_MS = 30_000

export const idleCpu: Benchmark = {
  name: 'idle-cpu',
  measures: `processor time of all processes of an idle cluster with three nodes over ${WINDOW_MS / 1000} s`,
  run: async (progress) => {
    const shares = { all: [] as number[], supervisor: [] as number[], master: [] as number[], node: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      const cluster = await bringUp()
      try {
        await pause(SETTLE_MS)
        const { supervisor, master, nodes } = cluster.pids
        const measured = [supervisor, master, ...nodes]
        const before = measured.map(cpuMsOf)
        const startedAt = performance.now()
        await pause(WINDOW_MS)
        const elapsedMs = performance.now() - startedAt
        const [ofSupervisor = 0, ofMaster = 0, ...ofNodes] = measured.map(
          (pid, index) => ((cpuMsOf(pid) - (before[index] ?? 0)) / elapsedMs) * 100,
        )
        shares.supervisor.push(ofSupervisor)
        shares.master.push(ofMaster)
        shares.node.push(...ofNodes)
        shares.all.push(ofNodes.reduce((sum, each) => sum + each, ofSupervisor + ofMaster))
        progress(
          `${shares.all.at(-1)?.toFixed(2)} % (Master ${ofMaster.toFixed(2)}, nodes ${ofNodes.map((of) => of.toFixed(2))})`,
        )
      } finally {
        await cluster.down()
      }
    }
    const unit = '% of a core' as const
    return {
      allProcesses: { unit, values: shares.all, target: 1 },
      supervisor: { unit, values: shares.supervisor },
      master: { unit, values: shares.master },
      eachNode: { unit, values: shares.node },
    }
  },
}
