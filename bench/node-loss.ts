// A node dies with its containers: how soon a Deployment has all its replicas running elsewhere.
import type { Benchmark } from './benchmark.ts'
import { isRunning, openClient, watchPods } from './client.ts'
import { bringUp } from './cluster.ts'
import { pauseDeployment } from './pods.ts'

const ROUNDS = 7
const REPLICAS = 6

export const nodeLoss: Benchmark = {
  name: 'node-loss',
  measures: `start of kinora node kill → all ${REPLICAS} replicas of a Deployment Running on the nodes that are left`,
  run: async (progress) => {
    const values: number[] = []
    const cluster = await bringUp()
    try {
      const client = openClient(cluster)
      const { until } = await watchPods(client)
      await client.call('POST', '/apis/apps/v1/namespaces/default/deployments', pauseDeployment('web', REPLICAS))
      await until('all run', (pods) => [...pods.values()].filter(isRunning).length === REPLICAS)
      for (let round = 0; round < ROUNDS; round++) {
        const node = `node-${(round % 3) + 1}`
        const startedAt = performance.now()
        cluster.command('node', 'kill', node)
        const replacedAt = await until(
          'all run elsewhere',
          (pods) => [...pods.values()].filter((pod) => isRunning(pod) && pod.spec.nodeName !== node).length === REPLICAS,
        )
        values.push(replacedAt - startedAt)
        progress(`${Math.round(replacedAt - startedAt)} ms`)
        cluster.command('node', 'start', node)
        await readyNode(client, node)
        // The node is empty when it comes back: bring pods onto it for the next round.
        await client.call('DELETE', '/api/v1/namespaces/default/pods?labelSelector=app%3Dweb', { gracePeriodSeconds: 0 })
        await until('all run, spread', (pods) => {
          const running = [...pods.values()].filter(isRunning)
          return (
            running.length === REPLICAS && pods.size === REPLICAS && new Set(running.map((pod) => pod.spec.nodeName)).size === 3
          )
        })
      }
      client.close()
      return { replacementsRunning: { unit: 'ms', values, target: 3000 } }
    } finally {
      await cluster.down()
    }
  },
}

interface NodeObject {
  readonly spec: { readonly taints?: readonly unknown[] }
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] }
}

async function readyNode(client: ReturnType<typeof openClient>, name: string): Promise<void> {
  for (;;) {
    const { spec, status } = (await client.call('GET', `/api/v1/nodes/${name}`)).body as NodeObject
    if (!spec.taints?.length && status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
