// The Master's chart: from a store that is being read to a control plane that leads, and down again; parts that fail.
import { afterAll, afterEach, expect, test } from 'vitest'
import { type AnyActorLogic, assign, createMachine, fromCallback, setup } from 'xstate'
import { masterMachine } from '../../actors/master/master.machine.ts'
import type { MasterEvent } from '../../actors/master/master.protocol.ts'
import { FAILURE_DETECTION } from '../../actors/master/nodes/failure-detection.ts'
import { ControllerWorld, deployment, readyNode } from './controller-world.ts'
import { TakenTransitions } from './transitions.ts'

const taken = new TakenTransitions(masterMachine)
afterAll(() => expect(taken.untaken).toEqual([]))

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** Serves after 10 ms, drains in 10 ms, and can be made to fail or to end. */
const api = (drains = true) =>
  setup({ types: {} as { events: { type: 'api.drain' } | { type: 'api.fail' } | { type: 'api.end' } } }).createMachine({
    id: 'api',
    initial: 'replaying',
    on: {
      'api.fail': {
        actions: () => {
          throw new Error('the store is damaged')
        },
      },
      'api.end': '.closed',
    },
    states: {
      replaying: { after: { 10: 'serving' } },
      serving: { on: drains ? { 'api.drain': 'draining' } : {}, initial: 'a', states: { a: {} } },
      draining: { after: { 10: 'closed' } },
      closed: { type: 'final' },
    },
  })

function start(election: 'sole' | 'contested' = 'sole', actors: Record<string, AnyActorLogic> = {}) {
  const world = new ControllerWorld()
  world.inspectors.push(taken.inspect)
  world.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
  const toServices: string[] = []
  const services = fromCallback<{ type: string; nodeName: string }>(({ receive }) =>
    receive(({ type, nodeName }) => toServices.push(`${type} ${nodeName}`)),
  )
  const { view, host, apiAs } = world
  const machine = masterMachine.provide({ actors: { api: api(), services, ...actors } as never })
  const master = world.start(machine, {
    election,
    host,
    view,
    apiAs,
    detection: FAILURE_DETECTION.fast,
    settings: { caCertificate: 'PEM' },
  })
  stops.push(() => master.stop())
  const state = () => {
    const { value } = master.getSnapshot()
    return typeof value === 'string' ? value : (Object.keys(value)[0] ?? '')
  }
  return { world, master, state, toServices }
}

test('leads once its store is read, does its work, and drains', () => {
  const { world, master, state } = start()
  expect(state()).toBe('recovering')
  world.create('nodes', readyNode('node-1'))
  world.create('deployments.apps', deployment('web', 2))
  world.advance(5)
  expect(world.requests).toEqual([])
  world.advance(10)
  expect(state()).toBe('leading')
  expect(world.list('pods').map((pod) => (pod.spec as { nodeName: string }).nodeName)).toEqual(['node-1', 'node-1'])
  master.send({ type: 'master.drain' })
  expect([state(), Object.keys(master.getSnapshot().children)]).toEqual(['draining', ['api']])
  world.advance(10)
  expect(master.getSnapshot()).toMatchObject({ status: 'done', output: { failure: undefined } })
})

test('waits for its election, and steps back', () => {
  const { world, master, state } = start('contested')
  world.advance(20)
  expect(state()).toBe('standby')
  master.send({ type: 'leader.elected' })
  expect(state()).toBe('leading')
  master.send({ type: 'leader.lost' })
  expect([state(), Object.keys(master.getSnapshot().children)]).toEqual(['standby', ['api']])
})

test.each(['recovering', 'standby'])('drains while %s', (phase) => {
  const { world, master, state } = start('contested')
  if (phase === 'standby') world.advance(20)
  master.send({ type: 'master.drain' })
  expect(state()).toBe('draining')
})

test('does not wait for ever for an Api that does not drain', () => {
  const { world, master } = start('sole', { api: api(false) })
  world.advance(20)
  master.send({ type: 'master.drain' })
  world.advance(9999)
  expect(master.getSnapshot().status).toBe('active')
  world.advance(1)
  expect(master.getSnapshot().status).toBe('done')
})

test('ends with its Api, and says why', () => {
  const failing = start()
  failing.world.advance(20)
  failing.master.getSnapshot().children.api?.send({ type: 'api.fail' })
  expect(failing.master.getSnapshot()).toMatchObject({ status: 'done', output: { failure: 'the store is damaged' } })
  const ending = start()
  ending.master.getSnapshot().children.api?.send({ type: 'api.end' })
  expect(ending.master.getSnapshot().status).toBe('done')
})

test.each(['scheduler', 'controllers', 'nodes', 'services'])(
  '%s that fails begins anew after a second, and takes nobody with it',
  (part) => {
    let starts = 0
    const failing = fromCallback(() => {
      starts += 1
      if (starts === 1) throw new Error('a bug')
    })
    const { world, master, state } = start('sole', { [part]: failing })
    world.advance(500)
    const children = () => Object.keys(master.getSnapshot().children).toSorted()
    expect([state(), children()]).toEqual([
      'leading',
      ['api', 'controllers', 'nodes', 'scheduler', 'services'].filter((name) => name !== part),
    ])
    world.advance(1000)
    expect([starts, children()]).toEqual([2, ['api', 'controllers', 'nodes', 'scheduler', 'services']])
  },
)

test('Services hear of a node when its link stands and it is Ready, and again when they begin anew', () => {
  let fail = (): void => {}
  const heard: string[] = []
  const services = createMachine({
    context: {},
    on: {
      fail: {
        actions: () => {
          throw new Error('a bug')
        },
      },
      '*': { actions: [assign({}), ({ event }) => void heard.push(`${event.type} ${event.nodeName}`)] },
    },
  })
  const { world, master } = start('sole', { services })
  const send = (event: MasterEvent) => {
    master.send(event)
    world.settle()
  }
  send({ type: 'node.connected', nodeName: 'node-1' })
  world.advance(20)
  expect(heard.splice(0)).toEqual(['node.lost node-1'])
  world.create('nodes', readyNode('node-1'))
  world.settle()
  expect(heard.splice(0).at(-1)).toBe('node.ready node-1')
  send({ type: 'proxy.programmed', nodeName: 'node-1', revision: 7 })
  send({ type: 'node.disconnected', nodeName: 'node-1' })
  expect(heard.splice(0)).toEqual(['proxy.programmed node-1', 'node.lost node-1', 'node.lost node-1'])
  send({ type: 'node.connected', nodeName: 'node-1' })
  send({ type: 'proxy.programmed', nodeName: 'node-1', revision: 9 })
  expect(heard.splice(0)).toContain('node.ready node-1')
  fail = () => master.getSnapshot().children.services?.send({ type: 'fail' })
  send({ type: 'node.connected', nodeName: 'node-1' })
  expect(heard.splice(0)).toEqual(['node.ready node-1'])
  send({ type: 'proxy.programmed', nodeName: 'node-1', revision: 9 })
  heard.splice(0)
  fail()
  world.create('nodes', readyNode('node-2'))
  master.send({ type: 'node.connected', nodeName: 'node-2' })
  world.advance(1000)
  expect(heard).toEqual(['node.ready node-1', 'proxy.programmed node-1', 'node.ready node-2'])
  world.remove('nodes', 'node-1')
  world.settle()
  expect(heard.at(-1)).toBe('node.lost node-1')
})

test('what links say before it leads is not forgotten', () => {
  const { world, master, toServices } = start('contested')
  master.send({ type: 'node.connected', nodeName: 'a' })
  master.send({ type: 'proxy.programmed', nodeName: 'a', revision: 3 })
  master.send({ type: 'node.connected', nodeName: 'b' })
  master.send({ type: 'node.disconnected', nodeName: 'b' })
  world.advance(20)
  master.send({ type: 'leader.elected' })
  expect(toServices).toEqual(['node.lost a', 'proxy.programmed a'])
})
