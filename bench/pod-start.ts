// One pod at a time on a cluster that has nothing else to do: from the request that creates it to the event that says Running,
// and, with a readiness probe, Ready.
import type { Benchmark } from './benchmark.ts'
import { type BenchPod, isReady, isRunning, openClient, watchPods } from './client.ts'
import { bringUp } from './cluster.ts'
import { pausePod, probedPod } from './pods.ts'

const PODS = 200
const PROBED_PODS = 20
/** Unmeasured: the first ones meet code that was never run. */
const WARM_UP_PODS = 20

export const podStart: Benchmark = {
  name: 'pod-start',
  measures: 'create of one pod → its watch event with phase Running; → Ready with an HTTP readiness probe (period 1 s)',
  run: async (progress) => {
    const cluster = await bringUp()
    try {
      const client = openClient(cluster)
      const { until } = await watchPods(client)
      const once = async (pod: { metadata: { name: string } }, holds: (pod: BenchPod | undefined) => boolean) => {
        const { name } = pod.metadata
        const path = '/api/v1/namespaces/default/pods'
        const startedAt = performance.now()
        const created = client.call('POST', path, pod)
        const tookMs = (await until(`${name} as wanted`, (pods) => holds(pods.get(name)))) - startedAt
        await created
        await client.call('DELETE', `${path}/${name}`, { gracePeriodSeconds: 0 })
        await until(`${name} is gone`, (pods) => !pods.has(name))
        return tookMs
      }
      const series = async (count: number, make: typeof pausePod | typeof probedPod, holds: typeof isRunning) => {
        const values: number[] = []
        for (let index = 0; index < count; index++) values.push(await once(make(`pod-${index}`), holds))
        return values
      }
      await series(WARM_UP_PODS, pausePod, isRunning)
      const running = await series(PODS, pausePod, isRunning)
      progress(`${PODS} pods ran`)
      const ready = await series(PROBED_PODS, probedPod, isReady)
      client.close()
      return {
        running: { unit: 'ms', values: running, target: 25, targetP99: 100 },
        readyWithProbe: { unit: 'ms', values: ready },
      }
    } finally {
      await cluster.down()
    }
  },
}
