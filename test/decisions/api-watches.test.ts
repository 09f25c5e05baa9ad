// Watches: order, what enters and leaves a selection, resuming, and that list and watch together are the state.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../model/object.ts'
import { ADMIN, ApiWorld, at, configMap, deleting, on, patching, pod } from './api-world.ts'

test('begins with what exists, then tells every change in order [W1]', () => {
  const world = new ApiWorld()
  world.create(configMap('b'))
  world.create(configMap('a'))
  const { told } = world.watch('ConfigMap')
  expect(told.splice(0)).toEqual(['ADDED a @4', 'ADDED b @3', 'all @4'])
  world.patch('ConfigMap', 'b', { data: { x: '1' } })
  world.answer(deleting('ConfigMap', 'a'))
  world.create(configMap('a'))
  expect(told).toEqual(['MODIFIED b @5', 'DELETED a @6', 'ADDED a @7'])
})

test('nothing is told within the call, nor after stop, nor twice', () => {
  const world = new ApiWorld()
  const events: string[] = []
  const observer = {
    started: () => void events.push('started'),
    event: (type: string) => void events.push(type),
    initialEventsEnd: () => void events.push('all'),
    ended: () => void events.push('ended'),
  }
  const request = { path: at('ConfigMap'), options: {}, allowWatchBookmarks: false, sendInitialEvents: undefined }
  const created = world.ask(on('create', configMap('a')))
  const watch = world.engine.watch(ADMIN, request, observer)
  expect(events).toEqual([])
  world.host.settle()
  expect(created.answer).toBeDefined()
  expect(events.filter((each) => each === 'ADDED')).toHaveLength(1)
  watch.stop()
  world.create(configMap('b'))
  world.engine.close()
  world.host.settle()
  expect(events.filter((each) => each !== 'all' && each !== 'started')).toEqual(['ADDED'])
})

test('resumes behind a version, and not behind one that is forgotten', () => {
  const world = new ApiWorld()
  world.create(configMap('a'))
  world.create(configMap('b'))
  expect(world.watch('ConfigMap', { resourceVersion: '3' }).told).toEqual(['ADDED b @4'])
  expect(world.watch('ConfigMap', { resourceVersion: '0' }).told).toEqual(['ADDED a @3', 'ADDED b @4', 'all @4'])
  const again = new ApiWorld(world)
  expect(again.watch('ConfigMap', { resourceVersion: '3' }).told).toEqual(['ended 410 too old resource version: 3 (4)'])
  expect(again.watch('ConfigMap', { resourceVersion: 'x' }).told[0]).toMatch(/^ended 400 /)
})

test('history keeps a hundred changes for ever, and more for 75 s [W4]', () => {
  const world = new ApiWorld()
  const write = (times: number) => {
    for (let i = 0; i < times; i++) world.answer(on('update', configMap('a', { n: `${world.store.revision}` })))
  }
  world.create(configMap('a'))
  write(150)
  world.host.advance(74_000)
  write(1)
  expect(world.watch('ConfigMap', { resourceVersion: '3' }).told).toHaveLength(151)
  world.host.advance(3_600_000)
  write(1)
  const floor = world.engine.state.history.floor
  expect(world.engine.state.history.size).toBe(100)
  expect(world.watch('ConfigMap', { resourceVersion: String(floor) }).told).toHaveLength(100)
  expect(world.watch('ConfigMap', { resourceVersion: String(floor - 1) }).told).toEqual([
    `ended 410 too old resource version: ${floor - 1} (${floor})`,
  ])
})

test('an object that enters a selection is ADDED, one that leaves is DELETED at the version that took it out [I12]', () => {
  const world = new ApiWorld()
  world.create(configMap('a', {}, { labels: { tier: 'front' } }))
  const { told } = world.watch('ConfigMap', { labelSelector: 'tier=front', resourceVersion: '3' })
  world.patch('ConfigMap', 'a', { data: { x: '1' } })
  world.patch('ConfigMap', 'a', { metadata: { labels: { tier: 'back' } } })
  world.patch('ConfigMap', 'a', { data: { x: '2' } })
  world.patch('ConfigMap', 'a', { metadata: { labels: { tier: 'front' } } })
  world.answer(deleting('ConfigMap', 'a'))
  expect(told).toEqual(['MODIFIED a @4', 'DELETED a @5', 'ADDED a @7', 'DELETED a @8'])
})

test('a node sees the pods bound to it, and those alone', () => {
  const world = new ApiWorld()
  const n1: string[] = []
  const watched = (node: string) => world.watch('Pod', { fieldSelector: `spec.nodeName=${node}` }).told
  const [first, second] = [watched('n1'), watched('n2')]
  world.create(pod('waiting'))
  world.create(pod('p', { nodeName: 'n1' }))
  world.patch('Pod', 'p', { status: { phase: 'Running' } }, 'status')
  world.answer(deleting('Pod', 'p', { gracePeriodSeconds: 0 }))
  n1.push(...first.filter((line) => !line.startsWith('all')))
  expect(n1).toEqual(['ADDED p @4', 'MODIFIED p @5', 'DELETED p @6'])
  expect(second.filter((line) => !line.startsWith('all'))).toEqual([])
})

test('by namespace, by name, and several kinds in one order', () => {
  const world = new ApiWorld()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } })
  const inDefault = world.watch('ConfigMap', { resourceVersion: '3' }).told
  const byName = world.watch('ConfigMap', { fieldSelector: 'metadata.name=b', resourceVersion: '3' }).told
  const all: string[] = []
  const core = { group: '', version: 'v1' }
  world.engine.as(ADMIN).watch(
    [
      { ...core, resource: 'configmaps', namespace: 'default', name: 'a' },
      { ...core, resource: 'configmaps', namespace: 'other' },
      { ...core, resource: 'secrets' },
    ],
    {
      changed: (event) =>
        all.push(
          'object' in event
            ? `${event.object.kind} ${event.object.metadata.namespace}/${event.object.metadata.name}`
            : event.type,
        ),
      ended: () => {},
    },
  )
  world.host.settle()
  world.create(configMap('a', {}, { namespace: 'other' }))
  world.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } })
  world.create(configMap('a'))
  world.create(configMap('b'))
  expect(inDefault).toEqual(['ADDED a @6', 'ADDED b @7'])
  expect(byName).toEqual(['ADDED b @7'])
  expect(all).toEqual(['SYNCED', 'ConfigMap other/a', 'Secret default/s', 'ConfigMap default/a'])
})

test('a bookmark may say all that is durable, though it was another kind', () => {
  const world = new ApiWorld()
  const { watch } = world.watch('Secret', { resourceVersion: '2' })
  world.create(configMap('a'))
  expect(watch.revision).toBe(world.store.revision)
})

test('a list at a revision, and what a watch tells from there, are the state [I10]', () => {
  const names = ['a', 'b', 'c', 'd']
  const step = fc.record({
    name: fc.constantFrom(...names),
    what: fc.constantFrom('create', 'label', 'unlabel', 'delete'),
    sameTurn: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), fc.constantFrom('', 'in=yes'), (steps, startAt, labelSelector) => {
      const world = new ApiWorld()
      const seen = new Map<string, string>()
      const versionOf = ({ metadata }: KubeObject) => metadata.resourceVersion ?? ''
      let newest = 0
      const start = () => {
        const listed = world.answer({ ...at('ConfigMap'), verb: 'list', options: { labelSelector } })
        if (listed.kind !== 'list') throw new Error('no list')
        for (const { object } of listed.entries) seen.set(object.metadata.name ?? '', versionOf(object))
        world.engine.watch(
          ADMIN,
          {
            path: at('ConfigMap'),
            options: { labelSelector, resourceVersion: String(listed.revision) },
            allowWatchBookmarks: false,
            sendInitialEvents: undefined,
          },
          {
            started: () => {},
            event: (type, { object }, revision) => {
              const { name = '' } = object.metadata
              expect(revision).toBeGreaterThan(newest)
              newest = revision
              expect(seen.has(name)).toBe(type !== 'ADDED')
              if (type === 'DELETED') seen.delete(name)
              else seen.set(name, versionOf(object))
            },
            initialEventsEnd: () => {},
            ended: () => expect.unreachable(),
          },
        )
      }
      for (const [i, { name, what, sameTurn }] of steps.entries()) {
        if (i === startAt) start()
        if (what === 'create') world.ask(on('create', configMap(name, {}, { labels: { in: 'yes' } })))
        else if (what === 'delete') world.ask(deleting('ConfigMap', name))
        else world.ask(patching('ConfigMap', name, { metadata: { labels: { in: what === 'label' ? 'yes' : 'no' } } }))
        if (!sameTurn) world.host.settle()
      }
      if (startAt >= steps.length) start()
      world.host.settle()
      const listed = world.answer({ ...at('ConfigMap'), verb: 'list', options: { labelSelector } })
      const expected = listed.kind === 'list' ? listed.entries.map(({ object }) => [object.metadata.name, versionOf(object)]) : []
      expect([...seen].toSorted()).toEqual(expected)
    }),
    { numRuns: 150, seed: 1 },
  )
})
