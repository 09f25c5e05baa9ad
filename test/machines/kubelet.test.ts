// A node's agent over simulated containers and a small API: registration, connection, adoption, draining.
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createActor, type InspectionEvent } from 'xstate'
import { kubeletMachine } from '../../actors/kubelet/kubelet.machine.ts'
import type { Node, Pod } from '../../model/schema/kinds/core-v1.ts'
import { internalError } from '../../model/status.ts'
import { createSimulatedRuntime, SimulatedMachine, type SimulatedRuntime } from '../../runtime/containers/simulated/runtime.ts'
import { SmallApi } from './kubelet-world.ts'
import { SteppedHost } from './stepped-host.ts'
import { TakenTransitions } from './transitions.ts'

const taken = new TakenTransitions(kubeletMachine)
afterAll(() => expect(taken.untaken).toEqual([]))

const SECOND = 1000
const image = { pullMs: 10, startMs: 10, readyAfterMs: 10, stopMs: 10, exitCode: 0 }

const pod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, generation: 1 },
  spec: {
    nodeName: 'node-1',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 5,
    containers: [{ name: 'web', image: 'app' }],
  },
  status: { phase: 'Pending' },
  ...more,
})

interface Begin {
  readonly open?: boolean
  readonly before?: (api: SmallApi) => void
  readonly images?: Record<string, typeof image>
}

class Cluster {
  readonly host = new SteppedHost()
  readonly api = new SmallApi(this.host.defer)
  readonly machine = new SimulatedMachine()
  readonly images: Record<string, object>
  runtime!: SimulatedRuntime
  agent!: ReturnType<Cluster['start']>

  constructor({ open = true, before, images = {} }: Begin = {}) {
    this.images = { app: image, stubborn: { ...image, stopMs: undefined }, ...images }
    this.api.open = open
    before?.(this.api)
    this.start()
  }

  start() {
    const { host, api, machine, images } = this
    this.runtime = createSimulatedRuntime({ host, nodeName: 'node-1', machine, images: images as never })
    const agent = createActor(kubeletMachine, {
      clock: host.clock,
      inspect: (event: InspectionEvent) => taken.inspect(event),
      input: {
        ...{ nodeName: 'node-1', link: api, runtime: this.runtime, prober: this.runtime.prober, clock: host.clock },
        machine: {
          ...{ hostIp: '127.0.0.1', hostname: 'here', operatingSystem: 'linux', architecture: 'amd64', kernelVersion: '6' },
          ...{ osImage: 'Linux', machineId: 'm', bootId: 'b', cpus: 2, memoryBytes: 2 ** 30, storageBytes: 2 ** 30 },
        },
      },
    }).start()
    this.agent = agent
    host.settle()
    return agent
  }

  /** As kill -9 of the agent: nothing is said to anybody. */
  die(): void {
    this.agent.stop()
    for (const container of this.machine.containers.values()) container.observer = undefined
  }

  wait(ms: number): void {
    this.host.advance(ms)
  }

  at(state: string): boolean {
    return JSON.stringify(this.agent.getSnapshot().value).includes(`"${state}"`)
  }

  node(): Node | undefined {
    return this.api.get<Node>('Node', undefined, 'node-1')
  }

  pod(name: string): Pod | undefined {
    return this.api.get<Pod>('Pod', 'default', name)
  }

  running(): string[] {
    return [...this.machine.containers.values()]
      .filter(({ startedAtMs, exit }) => startedAtMs !== undefined && !exit)
      .map(({ id }) => id)
  }

  delete(name: string): void {
    const now = this.pod(name)
    this.api.put({ ...now, metadata: { ...now?.metadata, deletionTimestamp: '2026-11-25T00:00:00Z' } } as never)
    this.host.settle()
  }
}

const ready = (node: Node | undefined) => node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status

describe('registration', () => {
  test('a new node makes its object and reports what it is', () => {
    const cluster = new Cluster()
    cluster.wait(10)
    expect(cluster.at('ready')).toBe(true)
    expect(cluster.node()).toMatchObject({
      metadata: { labels: { 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' } },
      status: {
        capacity: { cpu: '2', memory: '1048576Ki', 'ephemeral-storage': '1048576Ki', pods: '110' },
        addresses: [
          { type: 'InternalIP', address: '127.0.0.1' },
          { type: 'Hostname', address: 'node-1' },
        ],
        nodeInfo: { kubeletVersion: 'v1.36.0+kinora', containerRuntimeVersion: 'kinora-simulated://0.1.0' },
      },
    })
    expect(ready(cluster.node())).toBe('True')
  })

  test('a node that is known keeps its object', () => {
    const known = {
      kind: 'Node',
      metadata: { name: 'node-1', uid: 'old', labels: { zone: 'a' } },
      spec: { podCIDR: '127.64.1.0/24' },
    }
    const cluster = new Cluster({ before: (api) => void api.put(known) })
    cluster.wait(10)
    expect(cluster.at('ready')).toBe(true)
    expect(cluster.node()?.metadata).toMatchObject({ uid: 'old', labels: { zone: 'a', 'kubernetes.io/os': 'linux' } })
  })

  test.each(['create', 'patch'] as const)('an API that refuses to %s is asked again', (refused) => {
    const cluster = new Cluster({
      open: false,
      before: (api) => {
        if (refused === 'patch')
          api.put({ kind: 'Node', metadata: { name: 'node-1', uid: 'old' }, spec: { podCIDR: '127.64.1.0/24' } })
        api.answerWith = ({ verb }) => (verb === refused ? { ok: false, status: internalError('no') } : undefined)
      },
    })
    cluster.api.mend()
    cluster.wait(100)
    expect(cluster.agent.getSnapshot().value).toEqual({ registering: 'waiting' })
    cluster.api.answerWith = undefined
    cluster.wait(SECOND)
    expect(cluster.at('ready')).toBe(true)
  })

  test('the link is lost while it registers', () => {
    const cluster = new Cluster({
      before: (api) => {
        api.answerWith = () => ({ ok: false, status: internalError('no') })
      },
    })
    cluster.api.cut()
    expect(cluster.at('disconnected')).toBe(true)
  })

  test('nothing starts before the node has a range of addresses', () => {
    const cluster = new Cluster({
      before: (api) => {
        api.put({ kind: 'Node', metadata: { name: 'node-1', uid: 'old' }, spec: {} })
        api.put(pod('a'))
      },
    })
    cluster.wait(SECOND)
    expect([cluster.at('syncing'), cluster.running()]).toEqual([true, []])
    cluster.api.put({ kind: 'Node', metadata: { name: 'node-1', uid: 'old' }, spec: { podCIDR: '127.64.3.0/24' } })
    cluster.wait(100)
    expect(cluster.pod('a')?.status?.podIP).toBe('127.64.3.1')
  })
})

test('what comes and goes while it synchronises', () => {
  const cluster = new Cluster({
    before: (api) => void api.put({ kind: 'Node', metadata: { name: 'node-1', uid: 'old' }, spec: {} }),
  })
  cluster.api.put(pod('a'))
  cluster.wait(10)
  cluster.api.drop('Pod', 'default', 'a')
  cluster.api.put({ kind: 'Node', metadata: { name: 'node-1', uid: 'old' }, spec: { podCIDR: '127.64.3.0/24' } })
  cluster.wait(100)
  expect([cluster.at('ready'), cluster.running()]).toEqual([true, []])
})

test('leases: made, then renewed every two seconds', () => {
  const cluster = new Cluster()
  cluster.wait(3 * SECOND)
  const lease = () => cluster.api.get<{ spec: { renewTime: string } }>('Lease', 'kube-node-lease', 'node-1')
  expect(lease()).toMatchObject({ metadata: { ownerReferences: [{ kind: 'Node', name: 'node-1', uid: 'uid-node-1' }] } })
  const before = lease()?.spec.renewTime
  cluster.wait(2 * SECOND)
  expect(lease()?.spec.renewTime).not.toBe(before)
})

test('status: reported again after five minutes, and after an answer that was none', () => {
  const cluster = new Cluster()
  const beat = () => cluster.node()?.status?.conditions?.[0]?.lastHeartbeatTime
  cluster.wait(10)
  const first = beat()
  const reports = () =>
    cluster.api.requests.filter(({ resource, subresource }) => resource === 'nodes' && subresource === 'status').length
  cluster.wait(100 * SECOND)
  expect(reports(), 'a node that has nothing to say says nothing').toBe(1)
  cluster.api.answerWith = ({ subresource }) =>
    subresource === 'status' ? { ok: false, status: internalError('no') } : undefined
  cluster.wait(301 * SECOND)
  expect([beat(), cluster.at('unreported') || cluster.at('reporting')]).toEqual([first, true])
  cluster.api.answerWith = undefined
  cluster.wait(SECOND)
  expect(beat()).not.toBe(first)
})

test('pods come, run, and go; their addresses are their own', () => {
  const cluster = new Cluster()
  cluster.api.put(pod('a'))
  cluster.api.put(pod('b'))
  cluster.wait(100)
  expect(['a', 'b'].map((name) => cluster.pod(name)?.status?.podIP)).toEqual(['127.64.1.1', '127.64.1.2'])
  cluster.delete('a')
  cluster.wait(500)
  expect(cluster.running()).toHaveLength(2)
  cluster.api.emit('pod.withdrawn', { uid: 'uid-a' })
  cluster.wait(100)
  expect([cluster.pod('a'), cluster.running()]).toEqual([undefined, ['uid-b.web.0']])
  cluster.api.drop('Pod', 'default', 'b')
  cluster.wait(100)
  expect(cluster.running()).toEqual([])
  expect(Object.keys(cluster.agent.getSnapshot().children).toSorted()).toEqual(['link', 'watch'])
  const { done, lost } = cluster.agent.getSnapshot().context
  expect([done.size, lost.size], 'nothing is remembered of what is gone').toEqual([0, 0])
})

test('a pod that is done is not begun again by a late word of the watch', () => {
  const cluster = new Cluster()
  cluster.api.put(pod('a'))
  cluster.wait(100)
  const begun = () => Object.keys(cluster.agent.getSnapshot().children).includes('uid-a')
  cluster.agent.send({ type: 'pod.gone', uid: 'uid-a' })
  cluster.agent.send({ type: 'pod.seen', pod: cluster.pod('a') as Pod })
  expect(begun()).toBe(false)
  cluster.api.drop('Pod', 'default', 'a')
  cluster.wait(10)
  expect(cluster.agent.getSnapshot().context.done.size).toBe(0)
})

describe('the connection', () => {
  test('without it pods run, crash and restart; what happened is told when it is back [N11]', () => {
    const cluster = new Cluster()
    cluster.api.put(pod('a'))
    cluster.wait(100)
    cluster.api.cut()
    cluster.runtime.kill({ podUid: 'uid-a', name: 'web', attempt: 0 })
    cluster.wait(10 * SECOND)
    expect([cluster.at('disconnected'), cluster.running()]).toEqual([true, ['uid-a.web.1']])
    cluster.api.mend()
    cluster.wait(SECOND)
    expect(cluster.pod('a')?.status?.containerStatuses?.[0]?.restartCount).toBe(1)
  })

  test('what was bound, changed and deleted meanwhile is seen', () => {
    const cluster = new Cluster()
    cluster.api.put(pod('a'))
    cluster.api.put(pod('b'))
    cluster.wait(100)
    cluster.api.cut()
    cluster.api.drop('Pod', 'default', 'a')
    cluster.api.put(pod('c'))
    cluster.api.mend()
    cluster.wait(200)
    expect(cluster.running()).toEqual(['uid-b.web.0', 'uid-c.web.0'])
  })

  test('what happened is told as events, too, when it is back', () => {
    const cluster = new Cluster()
    cluster.api.put(pod('a'))
    cluster.wait(100)
    const told = () => cluster.api.list<{ reason: string; count: number; source: object }>('Event')
    expect(told().map(({ reason, source }) => [reason, source])).toEqual(
      ['Pulled', 'Created', 'Started'].map((reason) => [reason, { component: 'kubelet', host: 'node-1' }]),
    )
    cluster.api.cut()
    cluster.runtime.kill({ podUid: 'uid-a', name: 'web', attempt: 0 })
    cluster.wait(10 * SECOND)
    cluster.api.mend()
    cluster.wait(2 * SECOND)
    expect(told().map(({ count }) => count)).toEqual([2, 2, 2])
  })

  test('lost, it is known at once to be lost', () => {
    const cluster = new Cluster()
    cluster.wait(10)
    cluster.api.emit('link.lost', { reason: 'cut off' })
    expect(cluster.at('disconnected')).toBe(true)
  })

  test('a watch that ends is begun anew', () => {
    const cluster = new Cluster()
    cluster.wait(10)
    cluster.api.endWatches()
    cluster.api.put(pod('a'))
    cluster.wait(SECOND)
    expect([cluster.at('ready'), cluster.running()]).toEqual([true, ['uid-a.web.0']])
  })
})

describe('an agent that was started again', () => {
  test('adopts what runs: no restart, no second process, the same address, nothing told', () => {
    const cluster = new Cluster()
    for (const name of ['a', 'b', 'c']) cluster.api.put(pod(name))
    cluster.wait(100)
    const before = [cluster.running(), ['a', 'b', 'c'].map((name) => cluster.pod(name)?.status)]
    cluster.die()
    cluster.start()
    cluster.wait(SECOND)
    expect([cluster.running(), ['a', 'b', 'c'].map((name) => cluster.pod(name)?.status)]).toEqual(before)
  })

  test('an end that nobody saw is counted, and restarted', () => {
    const cluster = new Cluster()
    cluster.api.put(pod('a'))
    cluster.wait(100)
    cluster.die()
    cluster.runtime.kill({ podUid: 'uid-a', name: 'web', attempt: 0 })
    cluster.wait(100)
    cluster.start()
    cluster.wait(100)
    expect(cluster.pod('a')?.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137 } },
    })
  })

  test('containers of pods that are gone end; their records too', () => {
    const cluster = new Cluster()
    cluster.api.put(pod('a'))
    cluster.api.put(pod('b'))
    cluster.wait(100)
    cluster.die()
    cluster.runtime.kill({ podUid: 'uid-b', name: 'web', attempt: 0 })
    for (const name of ['a', 'b']) cluster.api.drop('Pod', 'default', name)
    cluster.start()
    cluster.wait(100)
    expect(cluster.machine.containers.size).toBe(0)
  })
})

test('a pod whose chart fails is built anew around its containers', () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  const cluster = new Cluster()
  cluster.api.put(pod('a'))
  cluster.wait(100)
  const broken = { ...cluster.pod('a'), spec: null }
  cluster.agent.send({
    type: 'pod.seen',
    pod: {
      ...broken,
      metadata: {
        ...broken.metadata,
        get deletionTimestamp() {
          throw new Error('broken')
        },
      },
    } as never,
  })
  cluster.wait(2 * SECOND)
  expect([cluster.at('ready'), cluster.running()]).toEqual([true, ['uid-a.web.0']])
  cluster.runtime.kill({ podUid: 'uid-a', name: 'web', attempt: 0 })
  cluster.wait(SECOND)
  expect(cluster.running()).toEqual(['uid-a.web.1'])
  errors.mockRestore()
})

test('volumes made from ConfigMaps follow them', () => {
  const cluster = new Cluster()
  cluster.api.put({ kind: 'ConfigMap', metadata: { name: 'config', namespace: 'default' }, data: { a: '1' } })
  const spec = { ...pod('a').spec, volumes: [{ name: 'v', configMap: { name: 'config' } }] }
  const written = vi.spyOn(cluster.runtime, 'writeVolume')
  cluster.api.put(pod('a', { spec }))
  cluster.wait(61 * SECOND)
  expect(written).toHaveBeenCalledTimes(1)
  cluster.api.put({ kind: 'ConfigMap', metadata: { name: 'config', namespace: 'default' }, data: { a: '2' } })
  cluster.wait(60 * SECOND)
  expect(written).toHaveBeenCalledTimes(2)
})

describe('stop', () => {
  test('ends its containers and says so, then is stopped', () => {
    const cluster = new Cluster()
    cluster.api.put(pod('a'))
    cluster.wait(100)
    cluster.agent.send({ type: 'kubelet.stop', keepContainers: false })
    cluster.wait(SECOND)
    expect([cluster.agent.getSnapshot().status, cluster.running(), ready(cluster.node())]).toEqual(['done', [], 'False'])
    expect(cluster.pod('a'), 'the pod is not deleted, it runs again when the node does').toBeDefined()
  })

  test('what does not listen is killed after five seconds, however often it is said', () => {
    const cluster = new Cluster()
    cluster.api.put(pod('a', { spec: { ...pod('a').spec, containers: [{ name: 'web', image: 'stubborn' }] } }))
    cluster.wait(100)
    cluster.agent.send({ type: 'kubelet.stop', keepContainers: false })
    cluster.wait(4 * SECOND)
    expect(cluster.running()).toHaveLength(1)
    cluster.agent.send({ type: 'kubelet.stop', keepContainers: false })
    cluster.wait(1.1 * SECOND)
    expect([cluster.agent.getSnapshot().status, cluster.running()]).toEqual(['done', []])
  })

  test.each(['at once', 'when it already drains'])('the agent alone: containers stay (%s)', (when) => {
    const cluster = new Cluster({ images: { app: { ...image, stopMs: 10 * SECOND } } })
    cluster.api.put(pod('a'))
    cluster.wait(100)
    if (when !== 'at once') {
      cluster.agent.send({ type: 'kubelet.stop', keepContainers: false })
      cluster.wait(10)
    }
    cluster.agent.send({ type: 'kubelet.stop', keepContainers: true })
    cluster.host.settle()
    expect([cluster.agent.getSnapshot().status, cluster.running().length]).toEqual(['done', 1])
  })
})
