// How soon a cluster that has just said ready has its first pod running.
import type { Benchmark } from './benchmark.ts'
import { isRunning, openClient, watchPods } from './client.ts'
import { bringUp } from './cluster.ts'
import { pauseDeployment } from './pods.ts'

const ROUNDS = 11

export const firstPod: Benchmark = {
  name: 'first-pod',
  measures: 'ready → the first pod of a Deployment that is created then, Running; connecting to the API included',
  run: async (progress) => {
    const values: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const cluster = await bringUp()
      try {
        const client = openClient(cluster)
        const created = client.call('POST', '/apis/apps/v1/namespaces/default/deployments', pauseDeployment('first', 1))
        const { until } = await watchPods(client)
        const runningAt = await until('a pod runs', (pods) => [...pods.values()].some(isRunning))
        await created
        values.push(runningAt - cluster.readyAt)
        progress(`${Math.round(values.at(-1) ?? 0)} ms`)
        client.close()
      } finally {
        await cluster.down()
      }
    }
    return { firstPodRunning: { unit: 'ms', values, target: 300 } }
  },
}
