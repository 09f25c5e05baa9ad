// Processes are killed at random under load: containers, a node with its containers, a kubelet alone, the Master. Whatever was
// acknowledged is there, every pod has exactly one process group, and all is well again at the end.
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { adminAccess } from '../../cli/api-client.ts'
import { clusterPaths } from '../../cli/paths.ts'
import type { Status } from '../../cli/status.ts'
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import { seededRandom } from '../../runtime/random.ts'
import { kubectlIsMissing, until, useCluster } from '../clients/cluster.ts'
import { containerGroups } from './processes.ts'
import { trafficDuring } from './traffic.ts'

const SECONDS = Number(process.env.KINORA_CHAOS_SECONDS ?? 30)
const SEED = Number(process.env.KINORA_CHAOS_SEED ?? 1)
const PER_SECOND = 200
const REPLICAS = 6
/** How long after a kill a connection may still be found dead: the time until the survivors know. */
const AFTERMATH_MS = 2_500
/** What a request over a connection or to an endpoint that died may end with. */
const DIED = /^(ECONNRESET|EPIPE|an answer of 0 bytes|an answer that was cut off|status 50[234])/

describe.skipIf(kubectlIsMissing)('kill -9 at random [F1]', () => {
  const { kubectl, kinora, folder } = useCluster()

  it(`${SECONDS} s, seed ${SEED}`, { timeout: SECONDS * 1000 + 180_000 }, async () => {
    await kubectl('create', 'deployment', 'web', '--image=kinora.local/hello:v1', `--replicas=${REPLICAS}`)
    await kubectl('expose', 'deployment', 'web', '--type=NodePort', '--port=8080')
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
    const port = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}')
    const url = `http://127.0.0.1:${port}/`
    await until('the node port answers', async () => (await fetch(url)).ok)

    const random = seededRandom(SEED)
    const kills: { atMs: number; what: string }[] = []
    const status = async () => JSON.parse(await kinora('status', '-o', 'json')) as Status
    const { name, server } = await status()
    const paths = clusterPaths(name, { XDG_STATE_HOME: `${folder}/state`, XDG_DATA_HOME: `${folder}/data` })
    const acknowledged: string[] = []
    const kill = (pid: number | null | undefined) => {
      try {
        if (pid) process.kill(pid, 'SIGKILL')
      } catch {
        // It had ended.
      }
    }
    const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random.next() * all.length)]

    const actions: Record<string, () => Promise<void>> = {
      container: async () => kill(-(pick(containerGroups(folder))?.group ?? 0) || null),
      kubelet: async () => kill(pick((await status()).nodes)?.pid),
      master: async () => kill((await status()).master.pid),
      node: async () => {
        const node = pick((await status()).nodes)?.name ?? 'node-1'
        await kinora('node', 'kill', node)
        await pause(500 + random.next() * 2_000)
        await kinora('node', 'start', node)
      },
    }

    const startedMs = performance.now()
    const traffic = await trafficDuring({ url, perSecond: PER_SECOND, connections: 'new' }, async () => {
      const writes = writing(paths, Number(new URL(server).port), acknowledged)
      while (performance.now() - startedMs < SECONDS * 1000) {
        await pause(1_000 + random.next() * 3_000)
        const what = pick(Object.keys(actions)) ?? 'container'
        kills.push({ atMs: performance.now() - startedMs, what })
        await actions[what]?.()
        kills.push({ atMs: performance.now() - startedMs, what: `${what}, done` })
      }
      await writes.stop()
    })

    const ready = async () => {
      const { items } = await kubectl.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=web')
      const live = items.filter(({ metadata }) => !metadata.deletionTimestamp)
      return (
        live.length === REPLICAS &&
        items.length === REPLICAS &&
        live.every((pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')) &&
        live
      )
    }
    const pods = (await until('all pods are ready again', ready, 60_000)) as Pod[]
    await until('all nodes are ready again', async () => (await status()).state === 'running', 60_000)

    const uids = pods.map(({ metadata }) => metadata.uid ?? '').sort()
    await until('nothing runs but these pods', async () => containerGroups(folder).length === REPLICAS, 10_000)
    expect(
      containerGroups(folder)
        .map(({ podUid }) => podUid)
        .sort(),
    ).toEqual(uids)

    const found = new Set(
      (await kubectl('get', 'configmaps', '-o', 'name')).split('\n').map((line) => line.replace('configmap/', '')),
    )
    expect(acknowledged.length).toBeGreaterThan(SECONDS)
    expect(acknowledged.filter((each) => !found.has(each))).toEqual([])

    const unexplained = traffic.failed.filter(
      ({ atMs, what }) => !DIED.test(what) || !kills.some((each) => atMs >= each.atMs - 500 && atMs <= each.atMs + AFTERMATH_MS),
    )
    console.info(
      `${traffic.sent} requests, ${traffic.failed.length} failed over ${kills.length / 2} kills; ${acknowledged.length} writes acknowledged`,
    )
    expect(unexplained, JSON.stringify({ kills, failed: traffic.failed.slice(0, 50) })).toEqual([])
  })
})

/** One small object after the other; only what was answered with 201 counts. */
function writing(paths: ReturnType<typeof clusterPaths>, port: number, acknowledged: string[]): { stop(): Promise<void> } {
  let going = true
  const done = (async () => {
    const api = adminAccess(paths, port)
    for (let n = 0; going; n++) {
      const name = `written-${n}`
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n: String(n) } }
      const reply = await api.call('POST', '/api/v1/namespaces/default/configmaps', body).catch(() => undefined)
      if (reply?.code === 201) acknowledged.push(name)
      await pause(20)
    }
    api.close()
  })()
  return {
    stop: () => {
      going = false
      return done
    },
  }
}
