// What is remembered of decisions, for how long, and that events do not stay for ever.
import { expect, test } from 'vitest'
import { expiredEvents } from '../../actors/master/api/event-expiry.ts'
import type { Reason } from '../../actors/ports/api.ts'
import type { KubeObject } from '../../model/object.ts'
import { ApiWorld, configMap, on, patching } from './api-world.ts'

const why = (decision: string, about?: Reason['about']): { why: Reason } => ({
  why: { decision, message: `${decision} it`, cause: 'a test', ...(about ? { about } : {}) },
})
const decisions = (world: ApiWorld) => [...world.store.rows.keys()].filter((key) => key.startsWith('/decisions/'))

test('a reason is kept beside the write that it explains, by whom and at which revision, and survives a restart [C10]', () => {
  const world = new ApiWorld()
  const groups = world.store.groups.length
  world.host.advance(1500)
  world.answer({ ...on('create', configMap('a')), ...why('Made') }, { name: 'system:kube-scheduler', groups: [] })
  expect(world.store.groups.slice(groups).map((group) => group.map(({ puts }) => puts.length))).toEqual([[2]])
  const expected = [
    {
      time: '2026-11-25T00:00:01.500000Z',
      revision: 3,
      actor: 'system:kube-scheduler',
      decision: 'Made',
      message: 'Made it',
      cause: 'a test',
    },
  ]
  expect(world.engine.reasons('configmaps', 'default', 'a')).toEqual(expected)
  expect(new ApiWorld(world).engine.reasons('configmaps', 'default', 'a')).toEqual(expected)
})

test('it may be about another object than the one written', () => {
  const world = new ApiWorld()
  const about = { resource: 'pods', namespace: 'default', name: 'p' }
  world.answer({ ...on('create', configMap('a')), ...why('Evicted', about) })
  expect(world.engine.reasons('configmaps', 'default', 'a')).toEqual([])
  expect(world.engine.reasons('pods', 'default', 'p')).toMatchObject([{ decision: 'Evicted' }])
})

test('nothing is remembered of what was not carried out, or changed nothing', () => {
  const world = new ApiWorld()
  world.create(configMap('a', { x: '1' }))
  world.answer({ ...on('create', configMap('a')), ...why('Made') })
  world.answer({ ...patching('ConfigMap', 'a', { data: { x: '1' } }), ...why('Changed') })
  world.answer({ ...on('create', configMap('b'), { dryRun: true }), ...why('Made') })
  world.store.fault = () => ({ result: 'failed', message: 'I/O error' })
  world.answer({ ...on('create', configMap('c')), ...why('Made') })
  expect([decisions(world), ...['a', 'b', 'c'].map((name) => world.engine.reasons('configmaps', 'default', name))]).toEqual([
    [],
    [],
    [],
    [],
  ])
})

test('of one object the last 32 are kept, oldest first, also when they are read back [C10]', () => {
  const world = new ApiWorld()
  for (let n = 0; n < 40; n++) {
    world.answer({ ...on('create', configMap(`c${n}`)), ...why(`D${n}`, { resource: 'pods', namespace: '', name: 'p' }) })
  }
  const expected = Array.from({ length: 32 }, (_, i) => `D${i + 8}`)
  const told = (of: ApiWorld) => of.engine.reasons('pods', '', 'p').map(({ decision }) => decision)
  expect([told(world), told(new ApiWorld(world)), decisions(world).length]).toEqual([expected, expected, 32])
})

test('beyond 20,000 objects those decided about longest ago are forgotten, on disk too', () => {
  const world = new ApiWorld()
  const decide = (name: string) =>
    world.ask({ ...on('create', configMap(`for-${name}`)), ...why('Made', { resource: 'pods', namespace: '', name }) })
  for (let n = 0; n < 20_000; n++) {
    decide(`p${n}`)
    if (n % 1000 === 0) world.host.settle()
  }
  world.host.settle()
  world.answer({ ...on('create', configMap('again')), ...why('Made', { resource: 'pods', namespace: '', name: 'p0' }) })
  decide('one-more')
  world.host.settle()
  expect(['p0', 'p1', 'p2', 'one-more'].map((name) => world.engine.reasons('pods', '', name).length)).toEqual([2, 0, 1, 1])
  expect(decisions(world)).toHaveLength(20_001)
})

test('events are deleted an hour after they last happened [A18]', () => {
  const world = new ApiWorld()
  const event = (name: string, times: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
    ...times,
  })
  world.create(event('created-first', {}))
  world.create(event('seen-again', { lastTimestamp: '2026-11-25T00:30:00Z' }))
  world.host.advance(3_599_000)
  world.create(event('young', {}))
  const left = () => {
    world.engine.expireEvents()
    world.host.settle()
    return [...world.engine.state.list('events')].map(({ metadata }) => metadata.name)
  }
  expect(left()).toEqual(['created-first', 'seen-again', 'young'])
  world.host.advance(2000)
  expect(left()).toEqual(['seen-again', 'young'])
  world.host.advance(1_800_000)
  expect(left()).toEqual(['young'])
})

test.each([
  ['all are young and few', { keptAtMost: 5, sweptAtOnce: 5 }, []],
  ['too many', { keptAtMost: 3, sweptAtOnce: 5 }, ['series', 'last']],
  ['too many for one sweep', { keptAtMost: 0, sweptAtOnce: 3 }, ['series', 'last', 'event-time']],
])('events that go before their time: %s', (_, limits, gone) => {
  const times = (minute: number) => `2026-01-01T00:0${minute}:00Z`
  const event = (name: string, created: number, rest: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, creationTimestamp: times(created) },
    lastTimestamp: null,
    ...rest,
  })
  const events = [
    event('created', 5),
    event('again', 0, { lastTimestamp: times(4) }),
    event('last', 0, { lastTimestamp: times(2) }),
    event('series', 0, { eventTime: times(0), series: { lastObservedTime: times(1) } }),
    event('event-time', 0, { eventTime: times(3) }),
  ]
  const found = expiredEvents(events, Date.parse(times(6)), { keptMs: 3_600_000, ...limits })
  expect(found.map(({ metadata }) => metadata.name)).toEqual(gone)
})
