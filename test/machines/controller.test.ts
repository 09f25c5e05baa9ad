// The controllers' chart with real controllers over a small world: what a user sees of Deployments, and of failure.
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type AnyEventObject, fromCallback } from 'xstate'
import { type ControllerInput, controllerMachine } from '../../actors/master/controllers/controller.machine.ts'
import { type Controller, itself, NOTHING, type Wish } from '../../actors/master/controllers/controller.ts'
import { controllersMachine } from '../../actors/master/controllers/controllers.machine.ts'
import { patchOwn } from '../../actors/master/controllers/requests.ts'
import { schedulerMachine } from '../../actors/master/scheduler/scheduler.machine.ts'
import type { KubeObject } from '../../model/object.ts'
import { forbidden, internalError } from '../../model/status.ts'
import { ControllerWorld, deployment, readyNode, runningStatus, START_MS } from './controller-world.ts'
import { TakenTransitions } from './transitions.ts'

const taken = [controllerMachine, controllersMachine].map((machine) => new TakenTransitions(machine))
afterAll(() => expect(taken.flatMap(({ untaken }) => untaken)).toEqual([]))

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

function cluster(nodes = 3) {
  const world = new ControllerWorld()
  for (const { inspect } of taken) world.inspectors.push(inspect)
  for (const name of ['default', 'kube-system'])
    world.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
      spec: { finalizers: ['kubernetes'] },
      status: {},
    })
  for (let n = 1; n <= nodes; n += 1) world.create('nodes', readyNode(`node-${n}`))
  const { view, host, apiAs } = world
  const settings = { caCertificate: 'PEM' }
  const controllers = world.start(controllersMachine, { settings, view, apiAs, host })
  const scheduler = world.start(schedulerMachine, { view, host, api: apiAs('system:kube-scheduler') })
  stops.push(
    () => controllers.stop(),
    () => scheduler.stop(),
  )
  world.settle()
  return world
}

/** Plays all kubelets: bound pods run and are ready, pods told to end are gone. Returns whether anything happened. */
let ips = 0
function kubelets(world: ControllerWorld): boolean {
  let acted = false
  for (const pod of world.list('pods')) {
    const { nodeName } = pod.spec as { nodeName?: string }
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`
    if (pod.metadata.deletionTimestamp !== undefined) world.remove('pods', key)
    else if (nodeName && (pod.status as { phase?: string }).phase === 'Pending')
      world.change('pods', key, { status: runningStatus(world.nowMs, `10.0.0.${++ips % 250}`) })
    else continue
    acted = true
  }
  return acted
}

/** Until nothing changes; `always` holds after every step. */
function converge(world: ControllerWorld, always: () => void = () => {}): void {
  for (let round = 0; round < 100; round += 1) {
    world.settle()
    always()
    if (!kubelets(world)) {
      world.advance(10)
      if (!kubelets(world)) return
    }
    always()
  }
  throw new Error('does not converge')
}

const pods = (world: ControllerWorld) => world.list('pods').filter((pod) => pod.metadata.deletionTimestamp === undefined)
const images = (world: ControllerWorld) =>
  pods(world).map((pod) => (pod.spec as { containers: { image: string }[] }).containers[0]?.image)
const statusOf = (world: ControllerWorld, name: string) =>
  world.get('deployments.apps', `default/${name}`)?.status as Record<string, number>
const conditionsOf = (world: ControllerWorld, name: string) =>
  Object.fromEntries(
    (statusOf(world, name).conditions as unknown as { type: string; status: string; reason: string }[]).map((c) => [
      c.type,
      `${c.status} ${c.reason}`,
    ]),
  )

describe('a Deployment', () => {
  test('brings up its pods, spread over the nodes, and says so', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 3))
    converge(world)
    expect(new Set(pods(world).map((pod) => (pod.spec as { nodeName: string }).nodeName)).size).toBe(3)
    expect(statusOf(world, 'web')).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
    })
    expect(conditionsOf(world, 'web')).toEqual({
      Available: 'True MinimumReplicasAvailable',
      Progressing: 'True NewReplicaSetAvailable',
    })
    expect(world.get('deployments.apps', 'default/web')?.metadata.annotations).toEqual({
      'deployment.kubernetes.io/revision': '1',
    })
    expect(world.events('SuccessfulCreate')).toHaveLength(3)
    expect(world.events('ScalingReplicaSet')[0]).toMatch(/^Scaled up replica set web-[a-z0-9]+ from 0 to 3$/)
    expect(world.events('Scheduled')[0]).toMatch(/^Successfully assigned default\/web-\S+ to node-\d$/)
  })

  test('[I26] writes nothing more once all is as it should be', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 3))
    converge(world)
    const before = world.requests.length
    world.advance(3_600_000)
    expect(world.requests.slice(before).map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)).toEqual([])
  })

  test.each([
    { replicas: 4, maxSurge: '25%', maxUnavailable: '25%', most: 5, least: 3 },
    { replicas: 3, maxSurge: 1, maxUnavailable: 0, most: 4, least: 3 },
    { replicas: 10, maxSurge: 0, maxUnavailable: 3, most: 10, least: 7 },
    { replicas: 1, maxSurge: '25%', maxUnavailable: '25%', most: 2, least: 1 },
    { replicas: 5, maxSurge: '100%', maxUnavailable: '100%', most: 10, least: 0 },
  ])(
    '[I19] rolls $replicas pods with surge $maxSurge, unavailable $maxUnavailable, never past its posts',
    ({ replicas, maxSurge, maxUnavailable, most, least }) => {
      const world = cluster()
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } }
      world.create('deployments.apps', deployment('web', replicas, 'app:v1', { strategy }))
      converge(world)
      const newTemplate = { spec: { template: { spec: { containers: [{ name: 'app', image: 'app:v2' }] } } } }
      world.change('deployments.apps', 'default/web', newTemplate)
      converge(world, () => {
        const sets = world.list('replicasets.apps')
        expect(sets.reduce((sum, set) => sum + (set.spec as { replicas: number }).replicas, 0)).toBeLessThanOrEqual(most)
        const ready = pods(world).filter((pod) => (pod.status as { phase: string }).phase === 'Running').length
        expect(ready).toBeGreaterThanOrEqual(least)
      })
      expect(images(world)).toEqual(Array(replicas).fill('app:v2'))
      expect(world.get('deployments.apps', 'default/web')?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2')
    },
  )

  test('undo gives the old ReplicaSet the newest revision, and history remembers the old one [C3]', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 2))
    converge(world)
    for (const image of ['app:v2', 'app:v1']) {
      world.change('deployments.apps', 'default/web', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } })
      converge(world)
    }
    const sets = world.list('replicasets.apps')
    expect(sets).toHaveLength(2)
    const first = sets.find((set) => (set.spec as { replicas: number }).replicas === 2)
    expect(first?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    })
    expect(images(world)).toEqual(['app:v1', 'app:v1'])
  })

  test('paused, it scales but does not roll; resumed, it rolls [C3]', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 2))
    converge(world)
    world.change('deployments.apps', 'default/web', {
      spec: { paused: true, template: { spec: { containers: [{ name: 'app', image: 'app:v2' }] } } },
    })
    converge(world)
    world.change('deployments.apps', 'default/web', { spec: { replicas: 3 } })
    converge(world)
    expect(images(world)).toEqual(['app:v1', 'app:v1', 'app:v1'])
    expect(conditionsOf(world, 'web').Progressing).toBe('Unknown DeploymentPaused')
    world.change('deployments.apps', 'default/web', { spec: { paused: null } })
    converge(world)
    expect(images(world)).toEqual(['app:v2', 'app:v2', 'app:v2'])
    expect(conditionsOf(world, 'web').Progressing).toBe('True NewReplicaSetAvailable')
  })

  test('Recreate has no new pod before the last old one is gone [C4]', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 3, 'app:v1', { strategy: { type: 'Recreate' } }))
    converge(world)
    world.change('deployments.apps', 'default/web', {
      spec: { template: { spec: { containers: [{ name: 'app', image: 'app:v2' }] } } },
    })
    converge(world, () => {
      const all = world.list('pods').map((pod) => (pod.spec as { containers: { image: string }[] }).containers[0]?.image)
      expect(new Set(all).size).toBeLessThanOrEqual(1)
    })
    expect(images(world)).toEqual(['app:v2', 'app:v2', 'app:v2'])
  })

  test('a rollout that stands still exceeds its deadline', () => {
    const world = cluster(0)
    world.create('deployments.apps', deployment('web', 1, 'app:v1', { progressDeadlineSeconds: 60 }))
    world.settle()
    expect(conditionsOf(world, 'web').Progressing).toBe('True ReplicaSetUpdated')
    world.advance(65_000)
    expect(conditionsOf(world, 'web').Progressing).toBe('False ProgressDeadlineExceeded')
  })

  test('says why its pods cannot be made, as long as they cannot', () => {
    const world = cluster()
    const failing = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'pods "x" is forbidden: exceeded quota',
    }
    world.refuse = ({ verb, resource }) =>
      verb === 'create' && resource === 'pods'
        ? { ok: false, status: forbidden({ group: '', resource: 'pods', name: 'x' }, 'exceeded quota') }
        : undefined
    world.create('deployments.apps', deployment('web', 1))
    world.advance(5000)
    const [set] = world.list('replicasets.apps')
    expect(set?.status).toMatchObject({ replicas: 0, conditions: [failing] })
    expect(statusOf(world, 'web').conditions).toContainEqual(expect.objectContaining(failing))
    expect(world.events('FailedCreate')).toEqual(['Error creating: pods "x" is forbidden: exceeded quota'])
    const writes = () => world.requests.filter(({ subresource }) => subresource === 'status').length
    const before = writes()
    world.advance(60_000)
    expect(writes()).toBe(before)
    world.refuse = undefined
    world.advance(1_000_000)
    converge(world)
    expect(conditionsOf(world, 'web')).toEqual({
      Available: 'True MinimumReplicasAvailable',
      Progressing: 'True NewReplicaSetAvailable',
    })
    expect(world.list('replicasets.apps')[0]?.status).not.toHaveProperty('conditions')
  })

  test('keeps no more history than it is told', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 1, 'app:v1', { revisionHistoryLimit: 1 }))
    converge(world)
    for (const image of ['app:v2', 'app:v3', 'app:v4']) {
      world.change('deployments.apps', 'default/web', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } })
      converge(world)
    }
    expect(
      world
        .list('replicasets.apps')
        .map((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision'])
        .toSorted(),
    ).toEqual(['3', '4'])
  })

  test('deleted, it leaves nothing', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 3))
    converge(world)
    world.remove('deployments.apps', 'default/web')
    converge(world)
    expect([...world.list('replicasets.apps'), ...world.list('pods')]).toEqual([])
  })
})

describe('the chart', () => {
  const controlling = (decide: Controller['decide'], world = new ControllerWorld()) => {
    for (const { inspect } of taken) world.inspectors.push(inspect)
    const controller: Controller = { name: 'test', user: 'test', observes: [itself('configmaps')], decide }
    const { view, host, apiAs } = world
    const actor = world.start(controllerMachine, { controller, view, host, api: apiAs('test') })
    stops.push(() => actor.stop())
    world.settle()
    return { world, actor, state: () => actor.getSnapshot().value }
  }
  const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })
  const touching = (object: KubeObject): Wish => ({ request: patchOwn('configmaps', object, { data: { touched: 'yes' } }) })

  test('an object that a decision cannot stomach keeps nobody else waiting, and is tried ever more rarely [C11]', () => {
    const decided: string[] = []
    const { world, state, actor } = controlling((key) => {
      decided.push(key)
      if (key === 'default/bad') throw new Error('cannot read this')
      return NOTHING
    })
    world.create('configmaps', map('bad'))
    world.create('configmaps', map('good'))
    world.settle()
    expect([state(), actor.getSnapshot().context.lastFailure]).toEqual(['backingOff', 'default/bad: cannot read this'])
    world.advance(10_000)
    expect(decided.filter((key) => key === 'default/good')).toHaveLength(1)
    expect(decided.filter((key) => key === 'default/bad').length).toBeLessThan(14)
    world.create('configmaps', map('other'))
    world.settle()
    expect(decided).toContain('default/other')
  })

  test('a key that waits for its time is decided then, also while another is in flight', () => {
    const decidedAt: Record<string, number[]> = {}
    const { world, state } = controlling((key, { view, nowMs }) => {
      decidedAt[key] = [...(decidedAt[key] ?? []), nowMs - START_MS]
      const object = view.get<KubeObject>('configmaps', 'default', key.split('/')[1] ?? '')
      if (key !== 'default/slow' || object === undefined)
        return { wishes: [], ...(nowMs < START_MS + 300 ? { againAfterMs: 300 } : {}) }
      return { wishes: object.data === undefined ? [touching(object)] : [] }
    })
    world.create('configmaps', map('timed'))
    world.settle()
    expect(state()).toBe('idle')
    world.slowMs = 1000
    world.advance(100)
    world.create('configmaps', map('slow'))
    world.settle()
    expect(state()).toBe('awaitingAnswers')
    world.advance(2000)
    expect([decidedAt, state()]).toEqual([{ 'default/timed': [0, 300], 'default/slow': [100, 1100] }, 'idle'])
  })

  test('a key is not decided again before all its answers are there, then once if it changed', () => {
    let decisions = 0
    const { world } = controlling((key, { view }) => {
      const object = view.get<KubeObject>('configmaps', 'default', key.split('/')[1] ?? '')
      decisions += 1
      return { wishes: object !== undefined && object.data === undefined ? [touching(object), touching(object)] : [] }
    })
    world.slowMs = 100
    world.create('configmaps', map('a'))
    world.change('configmaps', 'default/a', { metadata: { labels: { changed: 'meanwhile' } } })
    world.advance(99)
    expect(decisions).toBe(1)
    world.advance(500)
    expect(decisions).toBe(2)
  })

  test('stops, and hears nothing any more', () => {
    const { world, actor } = controlling(() => NOTHING)
    actor.send({ type: 'controller.stop' })
    world.create('configmaps', map('a'))
    expect(actor.getSnapshot().status).toBe('done')
  })

  test('a controller that fails begins anew after a second, and the others go on [C11]', () => {
    let failures = 1
    const failing = fromCallback<AnyEventObject, ControllerInput>(({ input }) => {
      if (input.controller.name === 'deployment-controller' && failures-- > 0) throw new Error('a bug')
    })
    const world = new ControllerWorld()
    for (const { inspect } of taken) world.inspectors.push(inspect)
    const { view, host, apiAs } = world
    const machine = controllersMachine.provide({ actors: { controller: failing } as never })
    const actor = world.start(machine, { settings: { caCertificate: 'PEM' }, view, apiAs, host })
    const status = () => actor.getSnapshot().context.controllers.deployment?.getSnapshot().status
    expect([actor.getSnapshot().status, status()]).toEqual(['active', 'error'])
    world.advance(1000)
    expect(status()).toBe('active')
    actor.send({ type: 'controllers.stop' })
    expect([actor.getSnapshot().status, Object.keys(actor.getSnapshot().children)]).toEqual(['done', []])
  })

  test('[I19] failing and unknown answers lead neither to loss nor to a pod too many', () => {
    const world = cluster()
    let asked = 0
    world.refuse = () => (asked++ % 3 === 0 ? { ok: false, status: internalError('disk on fire') } : undefined)
    world.create('deployments.apps', deployment('web', 5))
    for (let second = 0; second < 60; second += 1) {
      world.advance(1000)
      kubelets(world)
      expect(pods(world).length).toBeLessThanOrEqual(5)
    }
    world.refuse = undefined
    world.advance(60_000)
    converge(world)
    expect(statusOf(world, 'web')).toMatchObject({ availableReplicas: 5 })
  })

  test('a pod that is deleted is replaced', () => {
    const world = cluster()
    world.create('deployments.apps', deployment('web', 2))
    converge(world)
    const [victim] = pods(world)
    world.perform({
      verb: 'delete',
      group: '',
      version: 'v1',
      resource: 'pods',
      namespace: 'default',
      name: victim?.metadata.name,
      body: { contentType: '', value: {} },
    })
    converge(world)
    expect(pods(world)).toHaveLength(2)
    expect(pods(world).map((pod) => pod.metadata.uid)).not.toContain(victim?.metadata.uid)
  })
})

describe('a Service', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] },
  }
  const endpoints = (world: ControllerWorld) =>
    world
      .list('endpointslices.discovery.k8s.io')
      .flatMap((slice) => slice.endpoints as { conditions: { ready: boolean; terminating: boolean } }[])

  test('has one slice with its ready pods; a pod told to end is terminating at once [C5]', () => {
    const world = cluster()
    world.create('services', service)
    world.create('deployments.apps', deployment('web', 3))
    converge(world)
    expect(endpoints(world).map(({ conditions }) => conditions.ready)).toEqual([true, true, true])
    expect(world.list('endpointslices.discovery.k8s.io')[0]).toMatchObject({
      addressType: 'IPv4',
      ports: [{ port: 8080, protocol: 'TCP' }],
    })
    const [victim] = pods(world)
    world.change('pods', `default/${victim?.metadata.name}`, { metadata: { deletionTimestamp: '2026-01-01T00:01:00Z' } })
    world.settle()
    expect(endpoints(world).filter(({ conditions }) => conditions.terminating)).toHaveLength(1)
    expect(endpoints(world).filter(({ conditions }) => conditions.ready)).toHaveLength(2)
    expect(world.field<{ addresses: unknown[] }[]>('endpoints', 'default/web', 'subsets')[0]?.addresses).toHaveLength(2)
  })

  test('hands its labels on, and takes them back', () => {
    const world = cluster()
    world.create('services', { ...service, metadata: { ...service.metadata, labels: { tier: 'front', team: 'shop' } } })
    world.settle()
    world.change('services', 'default/web', { metadata: { labels: { tier: 'back', team: null } } })
    world.settle()
    for (const resource of ['endpointslices.discovery.k8s.io', 'endpoints'])
      expect(Object.entries(world.list(resource)[0]?.metadata.labels ?? {}).filter(([key]) => !key.includes('/'))).toEqual([
        ['tier', 'back'],
      ])
    const before = world.requests.length
    world.advance(60_000)
    expect(world.requests.length).toBe(before)
  })

  test('that goes takes its slices and Endpoints with it', () => {
    const world = cluster()
    world.create('services', service)
    world.create('deployments.apps', deployment('web', 1))
    converge(world)
    world.remove('services', 'default/web')
    converge(world)
    expect([...world.list('endpointslices.discovery.k8s.io'), ...world.list('endpoints')]).toEqual([])
  })
})

describe('a namespace', () => {
  test('has a service account and the authority; deleted, it leaves nothing [C8]', () => {
    const world = cluster()
    world.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop' },
      spec: { finalizers: ['kubernetes'] },
      status: {},
    })
    const web = deployment('web', 2)
    world.create('deployments.apps', { ...web, metadata: { ...web.metadata, namespace: 'shop' } })
    converge(world)
    expect(world.get('serviceaccounts', 'shop/default')).toBeDefined()
    expect(world.get('configmaps', 'shop/kube-root-ca.crt')).toMatchObject({ data: { 'ca.crt': 'PEM' } })
    world.change('namespaces', 'shop', {
      metadata: { deletionTimestamp: '2026-01-01T00:01:00Z' },
      status: { phase: 'Terminating' },
    })
    converge(world)
    expect(world.get('namespaces', 'shop')).toBeUndefined()
    for (const resource of ['pods', 'replicasets.apps', 'deployments.apps', 'configmaps', 'serviceaccounts', 'events'])
      expect(world.list(resource, 'shop')).toEqual([])
  })
})
