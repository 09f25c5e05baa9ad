// The scheduler's chart over a small world: bindings, failures, and when a pod is tried again.
import { afterAll, afterEach, expect, test } from 'vitest'
import { schedulerMachine } from '../../actors/master/scheduler/scheduler.machine.ts'
import { conflict, internalError } from '../../model/status.ts'
import { ControllerWorld, readyNode } from './controller-world.ts'
import { TakenTransitions } from './transitions.ts'

const taken = [schedulerMachine].map((machine) => new TakenTransitions(machine))
afterAll(() => expect(taken.flatMap(({ untaken }) => untaken)).toEqual([]))

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

function scheduling(...nodes: string[]) {
  const world = new ControllerWorld()
  for (const { inspect } of taken) world.inspectors.push(inspect)
  for (const name of nodes) world.create('nodes', readyNode(name))
  const { view, host, apiAs } = world
  const actor = world.start(schedulerMachine, { view, host, api: apiAs('system:kube-scheduler') })
  stops.push(() => actor.stop())
  world.settle()
  return { world, actor, state: () => actor.getSnapshot().value }
}
const pod = (name: string, cpu = '1', more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }], ...more },
})
const nodeOf = (world: ControllerWorld, name: string) =>
  world.field<{ nodeName?: string }>('pods', `default/${name}`, 'spec').nodeName

test('idle with nothing to do, working while a binding is on its way, idle again', () => {
  const { world, state } = scheduling('a')
  expect(state()).toBe('idle')
  world.create('pods', pod('p'))
  expect(state()).toBe('binding')
  world.settle()
  expect([state(), nodeOf(world, 'p')]).toEqual(['idle', 'a'])
  expect(world.requests[0]?.why).toMatchObject({ decision: 'Scheduled', perNode: { a: expect.stringMatching(/^score \d+$/) } })
})

test('says why a pod stays pending: event, condition, each node; and repeats itself only in the count [D5]', () => {
  const { world, state } = scheduling('a', 'b')
  world.create('pods', pod('p', '5'))
  world.settle()
  expect(state()).toBe('backingOff')
  const message = expect.stringMatching(/^0\/2 nodes are available: 2 Insufficient cpu\. preemption: /)
  expect(world.events('FailedScheduling')).toEqual([message])
  expect(world.field('pods', 'default/p', 'status')).toMatchObject({
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
  })
  expect(world.requests.find(({ subresource }) => subresource === 'status')?.why?.perNode).toEqual({
    a: 'Insufficient cpu',
    b: 'Insufficient cpu',
  })
  const before = world.requests.length
  world.advance(301_000)
  expect(world.requests.slice(before).map(({ resource, verb }) => `${verb} ${resource}`)).toEqual(['patch events'])
  expect(world.list('events')[0]?.count).toBe(2)
})

test.each<[string, (world: ControllerWorld) => void]>([
  ['a node joins', (world) => void world.create('nodes', readyNode('big', { cpu: '8' }))],
  ['a node grows', (world) => void world.change('nodes', 'a', { status: { allocatable: { cpu: '16' } } })],
  ['a pod leaves', (world) => world.remove('pods', 'default/other')],
  ['a pod ends', (world) => void world.change('pods', 'default/other', { status: { phase: 'Succeeded' } })],
])('tried again when %s', (_, help) => {
  const { world } = scheduling('a')
  world.create('pods', pod('other', '2', { nodeName: 'a' }))
  world.create('pods', pod('p', '3'))
  world.advance(60_000)
  expect(nodeOf(world, 'p')).toBeUndefined()
  help(world)
  world.advance(10)
  expect(nodeOf(world, 'p')).toBeDefined()
})

test('heartbeats of nodes wake nobody', () => {
  const { world } = scheduling('a')
  world.create('pods', pod('p', '5'))
  world.advance(60_000)
  const before = world.requests.length
  world.change('nodes', 'a', { status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: 'now' }] } })
  world.advance(10_000)
  expect(world.requests.length).toBe(before)
})

test('[I14] bindings on their way count: nothing is promised twice', () => {
  const { world } = scheduling('a', 'b')
  for (let n = 0; n < 12; n += 1) world.create('pods', pod(`p${n}`))
  world.settle()
  const bound = world.list('pods').map((each) => (each.spec as { nodeName?: string }).nodeName)
  expect(bound.filter((name) => name === 'a')).toHaveLength(4)
  expect(bound.filter((name) => name === 'b')).toHaveLength(4)
})

test('a binding that fails gives its place back and is tried again after its back-off', () => {
  const { world } = scheduling('a')
  let failures = 1
  world.refuse = ({ subresource }) =>
    subresource === 'binding' && failures-- > 0 ? { ok: false, status: internalError('no') } : undefined
  world.create('pods', pod('p', '4'))
  world.settle()
  expect(nodeOf(world, 'p')).toBeUndefined()
  world.advance(1000)
  expect(nodeOf(world, 'p')).toBe('a')
})

test('[I13] a pod that somebody else has bound meanwhile is left alone', () => {
  const { world, state } = scheduling('a', 'b')
  world.refuse = ({ subresource }) => {
    if (subresource !== 'binding') return undefined
    world.change('pods', 'default/p', { spec: { nodeName: 'b' } })
    return { ok: false, status: conflict({ group: '', resource: 'pods', name: 'p' }, 'bound') }
  }
  world.create('pods', pod('p'))
  world.advance(60_000)
  expect([nodeOf(world, 'p'), state(), world.requests.filter(({ subresource }) => subresource === 'binding').length]).toEqual([
    'b',
    'idle',
    1,
  ])
})

test.each([
  ['of another scheduler', { schedulerName: 'mine' }],
  ['with gates', { schedulingGates: [{ name: 'wait' }] }],
])('a pod %s is left alone', (_, more) => {
  const { world } = scheduling('a')
  world.create('pods', pod('p', '1', more))
  world.settle()
  expect(nodeOf(world, 'p')).toBeUndefined()
  world.change('pods', 'default/p', { spec: { schedulerName: null, schedulingGates: null } })
  world.settle()
  expect(nodeOf(world, 'p')).toBe('a')
})

test('a pod that is deleted while it waits is forgotten', () => {
  const { world, state } = scheduling('a')
  world.create('pods', pod('p', '9'))
  world.settle()
  world.remove('pods', 'default/p')
  world.advance(301_000)
  expect(state()).toBe('idle')
})

test('what waited before it began is placed', () => {
  const world = new ControllerWorld()
  for (const { inspect } of taken) world.inspectors.push(inspect)
  world.create('nodes', readyNode('a'))
  world.create('pods', pod('p'))
  const { view, host, apiAs } = world
  const actor = world.start(schedulerMachine, { view, host, api: apiAs('system:kube-scheduler') })
  stops.push(() => actor.stop())
  world.settle()
  expect(nodeOf(world, 'p')).toBe('a')
})

test('a slow answer about one pod keeps no other from its next attempt [D6]', () => {
  const { world, state } = scheduling('a')
  world.create('pods', pod('small', '3'))
  world.settle()
  world.create('pods', pod('waits', '2'))
  world.settle()
  world.slowMs = 60_000
  world.remove('pods', 'default/small')
  world.create('pods', pod('slow', '2'))
  expect(state()).toBe('binding')
  world.advance(2000)
  expect(world.requests.filter(({ subresource }) => subresource === 'binding').map(({ name }) => name)).toEqual([
    'small',
    'slow',
    'waits',
  ])
})

test('stops', () => {
  const { world, actor } = scheduling('a')
  actor.send({ type: 'scheduler.stop' })
  world.create('pods', pod('p'))
  world.settle()
  expect([actor.getSnapshot().status, nodeOf(world, 'p')]).toEqual(['done', undefined])
})
