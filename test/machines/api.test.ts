// The API's chart: from a store that is read back to one that is let go, and what passes the gate in each state.
import { afterAll, afterEach, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { apiMachine } from '../../actors/master/api/api.machine.ts'
import { ApiEngine } from '../../actors/master/api/engine.ts'
import type { Opened, StoredRow } from '../../actors/ports/store.ts'
import { configMap, deleting, on, ScriptedStore } from '../decisions/api-world.ts'
import { SteppedHost } from './stepped-host.ts'
import { TakenTransitions } from './transitions.ts'

const taken = new TakenTransitions(apiMachine)
afterAll(() => expect(taken.untaken).toEqual([]))

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const ADMIN = { name: 'admin', groups: ['system:masters'] }

function start(prepare: (store: ScriptedStore) => void = () => {}) {
  const host = new SteppedHost()
  const store = new ScriptedStore(host)
  prepare(store)
  const engine: ApiEngine = new ApiEngine({
    host,
    store,
    config: {},
    ranges: {
      serviceCidr: '127.1.128.0/24',
      nodePorts: { first: 30000, last: 30009 },
      autoNodePorts: { first: 30000, last: 30009 },
      podCidr: () => undefined,
    },
    notify: (event) => actor.send(event),
  })
  const address = { clusterIp: '127.1.128.1', host: '127.0.0.1', port: 6443 }
  const actor = createActor(apiMachine, { input: { engine, address }, clock: host.clock as never, inspect: taken.inspect })
  actor.start()
  stops.push(() => actor.stop())
  const state = () => actor.getSnapshot().value
  const phase = () => {
    const value = state()
    return typeof value === 'string' ? value : (Object.keys(value)[0] ?? '')
  }
  const outcome = (request: Parameters<ApiEngine['request']>[1]): number => {
    let code = 0
    engine.request(ADMIN, request, (answer) => {
      code = answer.kind === 'object' ? answer.code : answer.kind === 'status' ? answer.status.code : 200
    })
    host.settle()
    return code
  }
  const writes = () => outcome(on('create', configMap('w', {}, { generateName: 'w-', name: undefined })))
  const reads = () => outcome({ ...on('create', configMap('x')), verb: 'list' })
  return { host, store, engine, actor, state, phase, outcome, writes, reads }
}

const serving = (prepare?: (store: ScriptedStore) => void) => {
  const api = start(prepare)
  api.host.settle()
  expect(api.phase()).toBe('serving')
  return api
}

test('nothing passes before the store is read back and the first objects are there [A19]', () => {
  const api = start()
  expect([api.phase(), api.engine.gate.reads, api.engine.gate.writes]).toEqual(['replaying', 'closed', 'closed'])
  api.host.settle()
  expect([api.phase(), api.reads(), api.writes()]).toEqual(['serving', 200, 201])
  expect([...api.engine.state.list('namespaces')].map(({ metadata }) => metadata.name)).toEqual([
    'default',
    'kube-node-lease',
    'kube-public',
    'kube-system',
  ])
  expect(api.engine.state.get('services', 'default', 'kubernetes')).toMatchObject({
    spec: { clusterIP: '127.1.128.1', ports: [{ port: 443, targetPort: 6443 }] },
  })
  expect(api.engine.state.get('endpointslices.discovery.k8s.io', 'default', 'kubernetes')).toMatchObject({
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ port: 6443 }],
  })
})

test('a second start finds the first objects and makes none again', () => {
  const first = serving()
  const revision = first.store.revision
  first.actor.send({ type: 'api.drain' })
  first.host.settle()
  const second = serving((store) => {
    for (const [key, row] of first.store.rows) store.rows.set(key, row)
    store.revision = revision
  })
  expect(second.store.revision).toBe(revision)
})

test.each(['version', 'in-use', 'damaged', 'failed'] as const)('a store that refuses (%s) ends it, and it says why', (reason) => {
  const api = start((store) => {
    store.open = (_row: (row: StoredRow) => void, opened: (outcome: Opened) => void) =>
      opened({ result: 'refused', reason, message: 'the words' })
  })
  api.host.settle()
  expect(api.actor.getSnapshot()).toMatchObject({ status: 'done', value: 'refused', output: { failure: `${reason}: the words` } })
  expect([api.reads(), api.writes()]).toEqual([503, 503])
})

test('it does not serve without its first objects', () => {
  const api = start((store) => {
    store.fault = () => ({ result: 'failed', message: 'I/O error' })
  })
  api.host.settle()
  expect(api.actor.getSnapshot()).toMatchObject({ status: 'done', output: { failure: expect.stringContaining('I/O error') } })
  expect(api.store.isClosed).toBe(true)
})

test('a full disk: reads go on, deletes are tried, writes are refused until one is tried again [T5]', () => {
  const api = serving()
  api.outcome(on('create', configMap('a')))
  api.store.fault = ({ puts }) => (puts.length > 0 ? { result: 'full', message: 'no room' } : undefined)
  expect([api.writes(), api.state()]).toMatchObject([507, { serving: { store: 'readOnly' } }])
  const groups = api.store.groups.length
  expect([api.reads(), api.writes(), api.store.groups.length]).toEqual([200, 507, groups])
  api.host.advance(1999)
  expect([api.writes(), api.store.groups.length]).toEqual([507, groups])
  api.host.advance(1)
  expect([api.state(), api.writes(), api.state()]).toMatchObject([
    { serving: { store: 'writable' } },
    507,
    { serving: { store: 'readOnly' } },
  ])
  api.store.fault = undefined
  expect([api.outcome(deleting('ConfigMap', 'a')), api.state(), api.writes()]).toMatchObject([
    200,
    { serving: { store: 'writable' } },
    201,
  ])
})

test.each(['writable', 'readOnly'])('a store that fails while %s is not written to any more, and is still read', (before) => {
  const api = serving()
  api.outcome(on('create', configMap('a')))
  if (before === 'readOnly') {
    api.store.fault = () => ({ result: 'full', message: 'no room' })
    api.writes()
  }
  api.store.fault = () => ({ result: 'unknown', message: 'the thread is gone' })
  const code = before === 'readOnly' ? api.outcome(deleting('ConfigMap', 'a')) : api.writes()
  api.store.fault = undefined
  const groups = api.store.groups.length
  expect([code, api.state()]).toMatchObject([504, { serving: { store: 'failed' } }])
  api.host.advance(600_000)
  expect([api.reads(), api.writes(), api.outcome(deleting('ConfigMap', 'a')), api.store.groups.length]).toEqual([
    200,
    503,
    503,
    groups,
  ])
})

test('too much load is a state', () => {
  const api = serving()
  api.actor.send({ type: 'load.exceeded' })
  expect(api.state()).toMatchObject({ serving: { load: 'shedding' } })
  api.actor.send({ type: 'load.eased' })
  expect(api.state()).toMatchObject({ serving: { load: 'normal' } })
})

test('looks for old events every minute', () => {
  const api = serving()
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
  }
  expect(api.outcome(on('create', event as never))).toBe(201)
  api.host.advance(3_600_000)
  expect([...api.engine.state.list('events')]).toHaveLength(1)
  api.host.advance(120_000)
  expect([...api.engine.state.list('events')]).toHaveLength(0)
})

test('draining refuses what is new, finishes what was begun, ends watches, lets go of the store', () => {
  const api = serving()
  let ended = 0
  api.engine.watch(
    ADMIN,
    {
      path: { group: '', version: 'v1', resource: 'configmaps' },
      options: {},
      allowWatchBookmarks: false,
      sendInitialEvents: undefined,
    },
    {
      started: () => {},
      event: () => {},
      initialEventsEnd: () => {},
      ended: ({ code }) => {
        ended = code
      },
    },
  )
  api.host.settle()
  let begun = 0
  api.engine.request(ADMIN, on('create', configMap('begun')), (answer) => {
    begun = answer.kind === 'object' ? answer.code : 500
  })
  api.actor.send({ type: 'api.drain' })
  expect(api.phase()).toBe('draining')
  let refused = 0
  api.engine.request(ADMIN, on('create', configMap('late')), (answer) => {
    refused = answer.kind === 'status' ? answer.status.code : 200
  })
  api.host.settle()
  expect([begun, refused, ended, api.store.isClosed, api.actor.getSnapshot().status]).toEqual([201, 503, 503, true, 'done'])
})

test.each(['replaying', 'bootstrapping'])('drains while %s', (phase) => {
  const api = start((store) => {
    store.isHeld = true
    if (phase === 'replaying') store.open = () => {}
  })
  api.host.settle()
  expect(api.phase()).toBe(phase)
  api.actor.send({ type: 'api.drain' })
  api.host.settle()
  expect([api.store.isClosed, api.actor.getSnapshot().status]).toEqual([true, 'done'])
})
