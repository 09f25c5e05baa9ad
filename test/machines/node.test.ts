// Nodes as the Master sees them: the chart walked through every transition, and what a cluster sees of a node that is lost.
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type AnyActorRef, createActor, fromCallback } from 'xstate'
import { controllersMachine } from '../../actors/master/controllers/controllers.machine.ts'
import { FAILURE_DETECTION } from '../../actors/master/nodes/failure-detection.ts'
import { nodeMachine } from '../../actors/master/nodes/node.machine.ts'
import type { NodeEvent, NodeReport } from '../../actors/master/nodes/node.protocol.ts'
import { nodesMachine } from '../../actors/master/nodes/nodes.machine.ts'
import { zoneMachine } from '../../actors/master/nodes/zone.machine.ts'
import { internalError } from '../../model/status.ts'
import { formatTime } from '../../model/time.ts'
import { ControllerWorld, readyNode, runningStatus } from './controller-world.ts'
import { TakenTransitions } from './transitions.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const taken = [nodeMachine, zoneMachine, nodesMachine].map((machine) => new TakenTransitions(machine))
afterAll(() => expect(taken.flatMap(({ untaken }) => untaken)).toEqual([]))

const FAST = FAILURE_DETECTION.fast
const LEASES = 'leases.coordination.k8s.io'

const phaseOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value).replaceAll(/[{}"]/g, ''))

describe('the chart', () => {
  /** Starts a chart; `steps` are events, numbers (milliseconds), or `settle`. */
  function walk(ready: boolean, steps: readonly (NodeEvent | number | (() => void))[], world = new ControllerWorld()) {
    world.create('nodes', readyNode('node-1'))
    const reports: NodeReport[] = []
    const zone = world.start(
      fromCallback<NodeReport>(({ receive }) => receive((report) => reports.push(report))),
      undefined,
    )
    const { view, host, apiAs } = world
    const actor = createActor(nodeMachine, {
      input: { nodeName: 'node-1', ready, detection: FAST, view, host, api: apiAs('nodes'), zone: zone as never },
      clock: world.clock,
      inspect: (event) => {
        for (const { inspect } of taken) inspect(event)
      },
    })
    stops.push(() => actor.stop())
    const seen: string[] = []
    actor.subscribe(({ value }) => {
      const phase = phaseOf(value)
      if (seen.at(-1) !== phase) seen.push(phase)
    })
    actor.start()
    for (const step of steps) {
      if (typeof step === 'number') world.advance(step)
      else if (typeof step === 'function') step()
      else actor.send(step)
    }
    return { phase: phaseOf(actor.getSnapshot().value), seen, reports, world, actor }
  }

  const readyFalse: NodeEvent = { type: 'node.readyChanged', ready: false }
  const readyTrue: NodeEvent = { type: 'node.readyChanged', ready: true }
  const connected: NodeEvent = { type: 'node.connected' }
  const disconnected: NodeEvent = { type: 'node.disconnected' }
  const missed: NodeEvent = { type: 'heartbeat.missed' }
  const seen: NodeEvent = { type: 'heartbeat.seen' }
  const allowed: NodeEvent = { type: 'eviction.allowed' }
  const deleted: NodeEvent = { type: 'node.deleted' }
  const lost = [disconnected, 800, 0]
  const evicting = [...lost, allowed, 0]

  test.each<[name: string, ready: boolean, steps: (NodeEvent | number)[], phase: string]>([
    ['joins', false, [], 'joining'],
    ['was ready when the Master began', true, [], 'ready'],
    ['joining becomes ready', false, [readyTrue], 'ready'],
    ['joining stays so when told again', false, [readyFalse], 'joining'],
    ['joining loses its connection', false, [disconnected], 'suspect'],
    ['joining falls silent', false, [missed], 'suspect'],
    ['joining is deleted', false, [deleted], 'gone'],
    ['ready reports not ready', true, [readyFalse], 'joining'],
    ['ready loses its connection', true, [disconnected], 'suspect'],
    ['ready falls silent', true, [missed], 'suspect'],
    ['ready is deleted', true, [deleted], 'gone'],
    ['suspect comes back in time', true, [disconnected, 790, connected], 'ready'],
    ['suspect that was not ready comes back', false, [disconnected, connected], 'joining'],
    ['suspect that changed its mind meanwhile', true, [disconnected, readyFalse, connected], 'joining'],
    ['a renewal on its way says nothing about a lost connection', true, [disconnected, seen], 'suspect'],
    ['a renewal ends a silence', true, [missed, seen], 'ready'],
    ['suspect is deleted', true, [disconnected, deleted], 'gone'],
    ['suspect does not come back', true, [disconnected, 799, 1], 'unreachable:marked'],
    ['unreachable is marked', true, lost, 'unreachable:marked'],
    ['unreachable comes back', true, [...lost, readyFalse, connected], 'joining'],
    ['unreachable is heard again', true, [...lost, readyFalse, seen], 'joining'],
    ['unreachable is deleted', true, [...lost, deleted], 'gone'],
    ['eviction is allowed', true, [...lost, allowed], 'evicting:tainting'],
    ['eviction has begun', true, evicting, 'evicting:tainted'],
    ['evicting comes back', true, [...evicting, readyFalse, connected], 'joining'],
    ['evicting is heard again', true, [...evicting, readyFalse, seen], 'joining'],
    ['evicting is deleted', true, [...evicting, deleted], 'gone'],
  ])('%s', (_, ready, steps, phase) => {
    expect(walk(ready, steps).phase).toBe(phase)
  })

  test('says every phase to its zone, and asks before it evicts', () => {
    const { reports } = walk(true, evicting)
    expect(reports.map((report) => (report.type === 'eviction.wanted' ? report.type : report.phase))).toEqual([
      'joining',
      'ready',
      'suspect',
      'unreachable',
      'eviction.wanted',
      'evicting',
    ])
  })

  test.each(['markUnknown', 'giveUp'])('%s is written again when it fails', (action) => {
    const world = new ControllerWorld()
    const fail = () => {
      let left = 2
      world.refuse = ({ resource }) =>
        resource === 'nodes' && left-- > 0 ? { ok: false, status: internalError('no') } : undefined
    }
    const { phase, seen } =
      action === 'markUnknown' ? walk(true, [fail, ...lost, 1000], world) : walk(true, [...lost, fail, allowed, 1000], world)
    expect(seen.filter((value) => value.endsWith('retrying'))).toHaveLength(2)
    expect(phase).toBe(action === 'markUnknown' ? 'unreachable:marked' : 'evicting:tainted')
  })
})

describe('a cluster', () => {
  function cluster(nodes: number, mode: 'fast' | 'stock' = 'fast', machine = nodesMachine, connecting = true) {
    const world = new ControllerWorld()
    for (const { inspect } of taken) world.inspectors.push(inspect)
    const { view, host, apiAs } = world
    const detection = FAILURE_DETECTION[mode]
    for (let n = 1; n <= nodes; n += 1) {
      world.create('nodes', readyNode(`node-${n}`))
      world.create(LEASES, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: `node-${n}`, namespace: 'kube-node-lease' },
      })
      world.create('pods', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `pod-${n}`, namespace: 'default' },
        spec: {
          nodeName: `node-${n}`,
          containers: [],
          tolerations: (mode === 'stock' ? ['unreachable', 'not-ready'] : []).map((key) => ({
            key: `node.kubernetes.io/${key}`,
            operator: 'Exists',
            effect: 'NoExecute',
            tolerationSeconds: 300,
          })),
        },
        status: runningStatus(world.nowMs, `10.0.0.${n}`),
      })
    }
    const phases = new Map<string, string>()
    const master = world.start(
      fromCallback<{ type: string; nodeName: string; phase: string }>(({ receive }) =>
        receive(({ nodeName, phase }) => phases.set(nodeName, phase)),
      ),
      undefined,
    )
    const supervisor = world.start(machine, { detection, view, host, api: apiAs('nodes'), master: master as never })
    const settings = { caCertificate: 'PEM' }
    const controllers = world.start(controllersMachine, { settings, view, apiAs, host })
    stops.push(
      () => supervisor.stop(),
      () => controllers.stop(),
    )
    const alive = new Set(Array.from({ length: nodes }, (_, at) => `node-${at + 1}`))
    /** Lets time pass while those alive renew their leases. */
    const run = (ms: number, stepMs = detection.heartbeatMs) => {
      for (let passed = 0; passed < ms; passed += stepMs) {
        for (const nodeName of alive)
          world.change(LEASES, `kube-node-lease/${nodeName}`, { spec: { renewTime: formatTime(world.nowMs) } })
        world.advance(Math.min(stepMs, ms - passed))
      }
    }
    const cut = (nodeName: string, told = true) => {
      alive.delete(nodeName)
      if (told) supervisor.send({ type: 'node.disconnected', nodeName })
    }
    const back = (nodeName: string, told = true) => {
      alive.add(nodeName)
      if (!told) return
      supervisor.send({ type: 'node.connected', nodeName })
      world.change('nodes', nodeName, {
        status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(world.nowMs) }] },
      })
    }
    for (const nodeName of alive) if (connecting) supervisor.send({ type: 'node.connected', nodeName })
    world.settle()
    return { world, phases, cut, back, run, supervisor }
  }

  const evicted = (world: ControllerWorld) =>
    world
      .list('pods')
      .filter((pod) => pod.metadata.deletionTimestamp !== undefined)
      .map((pod) => pod.metadata.name)
  const taints = (world: ControllerWorld, nodeName: string) =>
    (world.field<{ taints?: { key: string; effect: string }[] }>('nodes', nodeName, 'spec').taints ?? []).map(
      ({ key, effect }) => `${key}:${effect}`,
    )
  const podReady = (world: ControllerWorld, name: string) =>
    world
      .field<{ conditions: { type: string; status: string }[] }>('pods', `default/${name}`, 'status')
      .conditions.find(({ type }) => type === 'Ready')?.status

  test('a node that loses its connection is evicted after 800 ms, and only it [N4]', () => {
    const { world, cut, run, phases } = cluster(3)
    cut('node-2')
    run(790, 10)
    expect([phases.get('node-2'), podReady(world, 'pod-2'), evicted(world)]).toEqual(['suspect', 'True', []])
    run(200, 10)
    expect([phases.get('node-2'), podReady(world, 'pod-2'), evicted(world)]).toEqual(['evicting', 'False', ['pod-2']])
    expect(taints(world, 'node-2')).toEqual(
      ['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute'].toSorted().toReversed(),
    )
    expect(world.requests.find(({ verb, resource }) => verb === 'delete' && resource === 'pods')?.why).toMatchObject({
      decision: 'Evicted',
    })
  })

  test('an agent that is started again within 800 ms costs nothing [N3]', () => {
    const { world, cut, back, run, phases } = cluster(3)
    const before = world.requests.length
    cut('node-2')
    run(700, 100)
    back('node-2')
    run(10_000)
    expect(phases.get('node-2')).toBe('ready')
    expect([world.requests.length - before, evicted(world)]).toEqual([0, []])
  })

  test('a node that falls silent with its connection standing is found by its lease [N2]', () => {
    const { world, cut, run } = cluster(3)
    run(3000)
    cut('node-3', false)
    run(FAST.graceMs + FAST.suspectMs.silent + 1500)
    expect(evicted(world)).toEqual(['pod-3'])
  })

  test('a node that returns loses its taints [N8]', () => {
    const { world, cut, back, run, phases } = cluster(3)
    cut('node-1')
    run(3000)
    expect(taints(world, 'node-1')).toHaveLength(2)
    back('node-1')
    run(1000)
    expect([phases.get('node-1'), taints(world, 'node-1')]).toEqual(['ready', []])
  })

  test('[I29] when all fall silent together nobody is evicted; when one returns the others are', () => {
    const { world, cut, back, run } = cluster(3)
    for (const nodeName of ['node-1', 'node-2', 'node-3']) cut(nodeName)
    run(60_000)
    expect(evicted(world)).toEqual([])
    expect(podReady(world, 'pod-1')).toBe('False')
    back('node-2')
    run(2000)
    expect(evicted(world)).toEqual(['pod-1', 'pod-3'])
  })

  test('a node that is heard again after a silence is ready again', () => {
    const { cut, back, run, phases } = cluster(3)
    cut('node-3', false)
    run(FAST.graceMs + 100)
    expect(phases.get('node-3')).toBe('suspect')
    back('node-3', false)
    run(3000)
    expect(phases.get('node-3')).toBe('ready')
  })

  test('[I29] a large zone disrupted in part evicts slowly; the brakes follow what is silent', () => {
    const { world, cut, back, run, supervisor } = cluster(60)
    const brake = () => {
      const zone = (supervisor.getSnapshot().children as Record<string, AnyActorRef>)['zone//0']
      const state: string | object = zone?.getSnapshot().value.eviction
      return typeof state === 'string' ? state : Object.keys(state)[0]
    }
    const names = Array.from({ length: 60 }, (_, at) => `node-${at + 1}`)
    for (const nodeName of names.slice(0, 40)) cut(nodeName)
    run(5000)
    expect([brake(), evicted(world).length]).toEqual(['partial', 1])
    run(100_000)
    expect(evicted(world)).toHaveLength(2)
    for (const nodeName of names.slice(40)) cut(nodeName)
    expect(brake()).toBe('full')
    for (const nodeName of names.slice(0, 10)) back(nodeName)
    world.settle()
    expect(brake()).toBe('partial')
    for (const nodeName of names.slice(10)) back(nodeName)
    world.settle()
    expect(brake()).toBe('none')
  })

  test.each([
    ['node', 3],
    ['zone', 2],
  ])('a %s chart that fails begins anew, and no other', (part, expected) => {
    let starts = 0
    const failing = fromCallback<{ type: string; nodeName?: string }>(({ receive }) => {
      starts += 1
      receive(({ type }) => {
        if (type === 'node.disconnected') throw new Error('a bug')
      })
    })
    const machine =
      part === 'zone'
        ? nodesMachine.provide({ actors: { zone: failing } as never })
        : nodesMachine.provide({ actors: { zone: zoneMachine.provide({ actors: { node: failing } as never }) } })
    const { supervisor } = cluster(2, 'fast', machine)
    supervisor.send({ type: 'node.disconnected', nodeName: 'node-1' })
    expect([starts, supervisor.getSnapshot().status]).toEqual([expected, 'active'])
    supervisor.send({ type: 'nodes.stop' })
    expect(supervisor.getSnapshot().status).toBe('done')
  })

  test('a node that reports not ready is no longer ready, until it does', () => {
    const { world, phases } = cluster(2)
    for (const [status, phase] of [
      ['False', 'joining'],
      ['True', 'ready'],
    ]) {
      world.change('nodes', 'node-2', { status: { conditions: [{ type: 'Ready', status }] } })
      world.settle()
      expect(phases.get('node-2')).toBe(phase)
    }
  })

  test('[I29] most of a zone silent: eviction stops in a small zone', () => {
    const { world, cut, run } = cluster(5)
    for (const nodeName of ['node-1', 'node-2', 'node-3']) cut(nodeName)
    run(60_000)
    expect(evicted(world)).toEqual([])
  })

  test('[I29] evictions of a zone keep their rate', () => {
    const { world, cut, run } = cluster(20)
    for (let n = 1; n <= 10; n += 1) cut(`node-${n}`)
    run(1200, 50)
    const soon = evicted(world).length
    expect(soon).toBeGreaterThan(1)
    expect(soon).toBeLessThanOrEqual(6)
    run(3000, 50)
    expect(evicted(world)).toHaveLength(10)
  })

  test('[I29] a Master that was stopped itself excuses everybody', () => {
    const { world, run, phases } = cluster(3)
    run(3000)
    world.nowMs += 600_000
    run(3000)
    expect([...phases.values()]).toEqual(['ready', 'ready', 'ready'])
  })

  test('[I29] a Master that begins evicts only who has not made itself heard by then', () => {
    const { world, run, cut, supervisor } = cluster(3, 'fast', nodesMachine, false)
    cut('node-2', false)
    supervisor.send({ type: 'node.connected', nodeName: 'node-1' })
    run(FAST.contactMs - 100)
    expect(evicted(world)).toEqual([])
    run(FAST.suspectMs.silent + 1000)
    expect(evicted(world)).toEqual(['pod-2'])
  })

  test('stock timings: unreachable after 50 s, evicted 300 s later [N6]', () => {
    const { world, cut, run } = cluster(3, 'stock')
    cut('node-2')
    run(49_000, 1000)
    expect(podReady(world, 'pod-2')).toBe('True')
    run(2000, 1000)
    expect([podReady(world, 'pod-2'), evicted(world)]).toEqual(['False', []])
    run(298_000, 1000)
    expect(evicted(world)).toEqual([])
    run(3000, 1000)
    expect(evicted(world)).toEqual(['pod-2'])
  })

  test('a Node that is deleted and made again begins anew; more nodes than a supervisor holds get another', () => {
    const { world, phases, supervisor } = cluster(205)
    expect(Object.keys(supervisor.getSnapshot().children).filter((id) => id.startsWith('zone'))).toHaveLength(2)
    world.remove('nodes', 'node-7')
    world.settle()
    expect(phases.get('node-7')).toBe('gone')
    world.create('nodes', readyNode('node-7'))
    world.settle()
    expect(phases.get('node-7')).toBe('ready')
  })
})
