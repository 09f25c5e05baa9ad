// An application is updated and rolled back under load, and nobody notices: not one request fails.
import { describe, expect, it } from 'vitest'
import { kubectlIsMissing, until, useCluster } from '../clients/cluster.ts'
import { trafficDuring } from './traffic.ts'

const IMAGES = { v1: 'gcr.io/google-samples/kubernetes-bootcamp:v1', v2: 'docker.io/jocatalin/kubernetes-bootcamp:v2' }
/** The figure on a machine of our own; a shared one with other tests beside it carries less. */
const PER_SECOND = Number(process.env.KINORA_LOAD_PER_SECOND ?? 400)

describe.skipIf(kubectlIsMissing)('a rolling update under load [P4]', () => {
  const { kubectl } = useCluster()

  it.for([
    { connections: 'new', perSecond: PER_SECOND },
    { connections: 'kept', perSecond: PER_SECOND },
  ] as const)(
    '$connections connections: no request of $perSecond a second fails',
    { timeout: 120_000 },
    async ({ connections, perSecond }) => {
      const name = `web-${connections}`
      await kubectl('create', 'deployment', name, `--image=${IMAGES.v1}`, '--replicas=4')
      await kubectl('expose', 'deployment', name, '--type=NodePort', '--port=8080')
      await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=30s')
      const port = await kubectl('get', 'service', name, '-o', 'jsonpath={.spec.ports[0].nodePort}')
      const url = `http://127.0.0.1:${port}/`
      await until('the node port answers', async () => (await fetch(url)).ok)

      const traffic = await trafficDuring({ url, perSecond, connections }, async () => {
        await kubectl('set', 'image', `deployment/${name}`, `*=${IMAGES.v2}`)
        await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s')
        await kubectl('rollout', 'undo', `deployment/${name}`)
        await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s')
      })
      expect(traffic.failed).toEqual([])
      expect(traffic.answered).toBe(traffic.sent)
      // Both versions were seen, and more than one pod of each.
      for (const version of ['v=1', 'v=2']) {
        expect([...traffic.answers.keys()].filter((answer) => answer.includes(version)).length).toBeGreaterThan(1)
      }
      await kubectl('delete', 'deployment,service', name)
    },
  )
})
