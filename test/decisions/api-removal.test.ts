// How an object goes: at once, after a grace, or when those who hold it let go.
import { expect, test } from 'vitest'
import type { KubeObject } from '../../model/object.ts'
import { ApiWorld, at, configMap, deleting, deployment, on, patching, pod } from './api-world.ts'

const marks = ({ metadata }: KubeObject) => [metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds]

test('an object without finalizers is gone, and the answer names it', () => {
  const world = new ApiWorld()
  const { uid } = world.create(configMap('a')).metadata
  expect(world.answer(deleting('ConfigMap', 'a'))).toMatchObject({
    status: { status: 'Success', details: { name: 'a', kind: 'configmaps', uid } },
  })
  expect(world.outcome(deleting('ConfigMap', 'a'))).toBe('404 NotFound: configmaps "a" not found')
  expect([...world.store.rows.keys()].filter((key) => key.includes('configmaps'))).toEqual([])
})

test('one with finalizers is marked, counts a generation, and goes with the last of them [I8]', () => {
  const world = new ApiWorld()
  world.create({ ...deployment('web'), metadata: { name: 'web', finalizers: ['example.com/a', 'example.com/b'] } })
  world.host.advance(5000)
  const marked = world.object(deleting('Deployment', 'web'))
  expect([...marks(marked), marked.metadata.generation]).toEqual(['2026-11-25T00:00:05Z', 0, 2])
  world.host.advance(5000)
  expect(world.object(deleting('Deployment', 'web'))).toEqual(marked)
  expect(world.outcome(patching('Deployment', 'web', { metadata: { finalizers: ['example.com/c'] } }))).toMatch(/^422 /)
  const freed = world.patch('Deployment', 'web', { metadata: { finalizers: ['example.com/b'], deletionTimestamp: null } })
  expect(marks(freed)).toEqual(marks(marked))
  const last = world.patch('Deployment', 'web', { metadata: { finalizers: null } })
  expect([last.metadata.finalizers ?? [], last.metadata.uid]).toEqual([[], marked.metadata.uid])
  expect(world.has('Deployment', 'web')).toBe(false)
})

test.each([
  ['Background', {}, undefined],
  ['Foreground', { propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
  ['Orphan', { propagationPolicy: 'Orphan' }, ['orphan']],
  ['Orphan, the old way', { orphanDependents: true }, ['orphan']],
])('a policy is a finalizer: %s', (_, options, finalizers) => {
  const world = new ApiWorld()
  world.create(deployment('web'))
  world.answer(deleting('Deployment', 'web', options))
  expect(world.has('Deployment', 'web') ? world.get('Deployment', 'web').metadata.finalizers : undefined).toEqual(finalizers)
})

test.each([
  ['unbound', {}, {}, {}, undefined],
  ['finished', { nodeName: 'n' }, { phase: 'Succeeded' }, {}, undefined],
  ['bound', { nodeName: 'n' }, {}, {}, ['2026-11-25T00:00:30Z', 30]],
  ['bound, with a grace of its own', { nodeName: 'n', terminationGracePeriodSeconds: 5 }, {}, {}, ['2026-11-25T00:00:05Z', 5]],
  ['bound, told how long', { nodeName: 'n' }, {}, { gracePeriodSeconds: 2 }, ['2026-11-25T00:00:02Z', 2]],
  ['bound, and forced', { nodeName: 'n' }, {}, { gracePeriodSeconds: 0 }, undefined],
])('a pod that is %s', (_, spec, status, options, expected) => {
  const world = new ApiWorld()
  world.create(pod('p', spec))
  if ('phase' in status) world.patch('Pod', 'p', { status }, 'status')
  world.answer(deleting('Pod', 'p', options))
  expect(world.has('Pod', 'p') ? marks(world.get('Pod', 'p')) : undefined).toEqual(expected)
})

test('a second delete may shorten the grace, never lengthen it, and a kubelet ends it [A12]', () => {
  const world = new ApiWorld()
  world.create(pod('p', { nodeName: 'n' }))
  const grace = (gracePeriodSeconds: number) =>
    world.object(deleting('Pod', 'p', { gracePeriodSeconds })).metadata.deletionGracePeriodSeconds
  expect([grace(20), grace(40), grace(10), grace(15)]).toEqual([20, 20, 10, 10])
  world.answer(deleting('Pod', 'p', { gracePeriodSeconds: 0 }))
  expect(world.has('Pod', 'p')).toBe(false)
})

test('preconditions', () => {
  const world = new ApiWorld()
  const { uid = '', resourceVersion = '' } = world.create(configMap('a')).metadata
  const refused = /^409 Conflict: .*Precondition failed/
  expect(world.outcome(deleting('ConfigMap', 'a', { preconditions: { uid: 'another' } }))).toMatch(refused)
  expect(world.outcome(deleting('ConfigMap', 'a', { preconditions: { resourceVersion: '1' } }))).toMatch(refused)
  expect(world.outcome(deleting('ConfigMap', 'a', { preconditions: { uid, resourceVersion } }))).toBe('200')
})

test('a namespace is held by its own finalizers until they are taken from its spec', () => {
  const world = new ApiWorld()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'old' } })
  world.answer(deleting('Namespace', 'old'))
  const namespace = world.get('Namespace', 'old')
  expect(world.outcome(on('update', { ...namespace, spec: {} } as KubeObject))).toBe('200')
  expect(world.has('Namespace', 'old')).toBe(true)
  world.answer({ ...on('update', { ...namespace, metadata: { name: 'old' }, spec: {} } as KubeObject), subresource: 'finalize' })
  expect(world.has('Namespace', 'old')).toBe(false)
})

test('what a collection is narrowed to goes, and nothing else', () => {
  const world = new ApiWorld()
  for (const name of ['a', 'b', 'c']) world.create(configMap(name, {}, { labels: { keep: name === 'b' ? 'yes' : 'no' } }))
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } })
  world.create(configMap('d', {}, { namespace: 'other', labels: { keep: 'no' } }))
  expect(world.outcome({ ...at('ConfigMap'), verb: 'deletecollection', options: { labelSelector: 'keep=no' } })).toBe('200')
  expect([...world.engine.state.list('configmaps')].map(({ metadata }) => metadata.name)).toEqual(['b', 'd'])
})

test('an eviction deletes, and answers as one', () => {
  const world = new ApiWorld()
  world.create(pod('p', { nodeName: 'n' }))
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'p' },
    deleteOptions: { gracePeriodSeconds: 7 },
  }
  expect(
    world.outcome({
      ...on('create', pod('p')),
      name: 'p',
      subresource: 'eviction',
      body: { contentType: 'application/json', value: eviction },
    }),
  ).toBe('201')
  expect(world.get('Pod', 'p').metadata.deletionGracePeriodSeconds).toBe(7)
})
