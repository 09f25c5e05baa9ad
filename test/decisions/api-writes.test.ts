// What becomes of an object that is created, replaced or patched: whose fields are whose, which versions are refused.
import { expect, test } from 'vitest'
import type { Json, KubeObject } from '../../model/object.ts'
import { ApiWorld, at, configMap, deleting, deployment, on, patching, pod } from './api-world.ts'

test('what a server says of a new object is not taken from its author [A6]', () => {
  const world = new ApiWorld()
  const made = world.create({
    ...deployment('web'),
    metadata: {
      name: 'web',
      uid: 'mine',
      generation: 7,
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
    },
    status: { replicas: 9 },
  } as unknown as KubeObject)
  expect(made.metadata).toMatchObject({ generation: 1, creationTimestamp: '2026-11-25T00:00:00Z', namespace: 'default' })
  expect([
    made.metadata.uid === 'mine',
    made.metadata.deletionTimestamp,
    (made.status as { replicas?: number }).replicas,
  ]).toEqual([false, undefined, undefined])
  expect(world.outcome(on('create', configMap('a', {}, { resourceVersion: '5' })))).toMatch(
    /resourceVersion should not be set on objects to be created/,
  )
})

test('a name is generated until it is free, then conflicts say so', () => {
  const world = new ApiWorld()
  const suffixes = ['aaaaa', 'aaaaa', 'bbbbb']
  world.host.ids.suffix = () => suffixes.shift() ?? 'ccccc'
  const generated = () => world.create(configMap('', {}, { generateName: 'web-', name: undefined })).metadata.name
  expect([generated(), generated(), generated()]).toEqual(['web-aaaaa', 'web-bbbbb', 'web-ccccc'])
  expect(world.outcome(on('create', configMap('', {}, { generateName: 'web-', name: undefined })))).toMatch(/^409 AlreadyExists/)
  const long = world.create(configMap('', {}, { generateName: 'x'.repeat(80), name: undefined })).metadata.name
  expect(long).toBe(`${'x'.repeat(58)}ccccc`)
})

test('two generated names of one turn differ [A7]', () => {
  const world = new ApiWorld()
  const suffixes = ['aaaaa', 'aaaaa', 'bbbbb']
  world.host.ids.suffix = () => suffixes.shift() ?? 'ccccc'
  const asked = [1, 2].map(() => world.ask(on('create', configMap('', {}, { generateName: 'web-', name: undefined }))))
  world.host.settle()
  expect(asked.map(({ answer }) => answer?.kind === 'object' && answer.entry.object.metadata.name)).toEqual([
    'web-aaaaa',
    'web-bbbbb',
  ])
})

test.each([
  ['its own namespace', configMap('a', {}, { namespace: 'default' }), {}, '201'],
  [
    'another namespace',
    configMap('a', {}, { namespace: 'other' }),
    { namespace: 'default' },
    /^400 BadRequest: the namespace of the provided object does not match/,
  ],
  ['a namespace that is not there', configMap('a'), { namespace: 'nowhere' }, '404 NotFound: namespaces "nowhere" not found'],
  [
    'no name',
    configMap(''),
    {},
    /^422 Invalid: ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required/,
  ],
  ['a kind that is none of the path', configMap('a'), { resource: 'secrets' }, /^400 BadRequest/],
  [
    'no such resource',
    configMap('a'),
    { resource: 'nothings' },
    /^404 NotFound: the server could not find the requested resource/,
  ],
] as const)('create with %s', (_, object, path, outcome) => {
  expect(new ApiWorld().outcome({ ...on('create', object), ...path })).toMatch(outcome)
})

test('nothing is made in a namespace that is going', () => {
  const world = new ApiWorld()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'old' } })
  world.answer(deleting('Namespace', 'old'))
  expect((world.get('Namespace', 'old').status as { phase: string }).phase).toBe('Terminating')
  expect(world.outcome(on('create', configMap('a', {}, { namespace: 'old' })))).toBe(
    '403 Forbidden: configmaps "a" is forbidden: unable to create new content in namespace old because it is being terminated',
  )
})

test('a version that is not the newest is refused, for PUT as for PATCH, and no version means whichever', () => {
  const world = new ApiWorld()
  const first = world.create(configMap('a', { x: '1' }))
  const second = world.object(on('update', { ...first, data: { x: '2' } } as KubeObject))
  const stale = /^409 Conflict: Operation cannot be fulfilled on configmaps "a": the object has been modified/
  expect(world.outcome(on('update', { ...first, data: { x: '3' } } as KubeObject))).toMatch(stale)
  const versioned = (resourceVersion = ''): Json => ({ metadata: { resourceVersion }, data: { x: '4' } })
  expect(world.outcome(patching('ConfigMap', 'a', versioned(first.metadata.resourceVersion)))).toMatch(stale)
  expect(world.outcome(patching('ConfigMap', 'a', versioned(second.metadata.resourceVersion)))).toBe('200')
  expect(world.outcome(on('update', configMap('a', { x: '5' })))).toBe('200')
  expect(world.outcome(on('update', configMap('a', {}, { uid: 'another' })))).toMatch(/^409 Conflict/)
  expect(world.outcome(on('update', configMap('b')))).toBe('404 NotFound: configmaps "b" not found')
})

test('of writers that saw the same version exactly one succeeds [I5]', () => {
  const world = new ApiWorld()
  const seen = world.create(configMap('a', { n: '0' }))
  const asked = [1, 2, 3, 4].map((n) => world.ask(on('update', { ...seen, data: { n: String(n) } } as KubeObject)))
  world.host.settle()
  expect(asked.map(({ answer }) => (answer?.kind === 'object' ? 200 : answer?.kind === 'status' && answer.status.code))).toEqual([
    200, 409, 409, 409,
  ])
})

test('a write that changes nothing makes no version and no event [A9]', () => {
  const world = new ApiWorld()
  const made = world.create(deployment('web'))
  const { told } = world.watch('Deployment', { resourceVersion: made.metadata.resourceVersion ?? '' })
  const groups = world.store.groups.length
  expect(world.object(on('update', deployment('web')))).toEqual(made)
  expect(world.patch('Deployment', 'web', { spec: { replicas: 1 } })).toEqual(made)
  expect(world.patch('Deployment', 'web', {}, 'status')).toEqual(made)
  expect([told, world.store.groups.length - groups]).toEqual([[], 0])
})

test('the generation counts changes of what is wanted, and neither part writes the other [I7]', () => {
  const world = new ApiWorld()
  world.create(deployment('web'))
  const generation = (object: KubeObject) => object.metadata.generation
  expect(generation(world.patch('Deployment', 'web', { metadata: { labels: { a: 'b' } } }))).toBe(1)
  expect(generation(world.patch('Deployment', 'web', { spec: { replicas: 2 } }))).toBe(2)
  const told = world.patch('Deployment', 'web', { spec: { replicas: 9 }, status: { replicas: 2 } }, 'status')
  expect([generation(told), told.spec, told.status]).toMatchObject([2, { replicas: 2 }, { replicas: 2 }])
  const wanted = world.patch('Deployment', 'web', { spec: { replicas: 3 }, status: { replicas: 7 } })
  expect([generation(wanted), wanted.spec, wanted.status]).toMatchObject([3, { replicas: 3 }, { replicas: 2 }])
})

test('a scale is read and written in a kind of its own', () => {
  const world = new ApiWorld()
  world.create(deployment('web', 2))
  const scale = { ...at('Deployment', 'web'), subresource: 'scale' }
  expect(world.object({ ...scale, verb: 'get' })).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 2 },
    status: { selector: 'app=web' },
  })
  expect(world.object(patching('Deployment', 'web', { spec: { replicas: 5 } }, 'scale'))).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 5 },
  })
  expect(world.get('Deployment', 'web')).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } })
  expect(world.outcome(patching('Deployment', 'web', { spec: { replicas: -1 } }, 'scale'))).toMatch(
    /^422 Invalid: Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1/,
  )
})

test('a pod is bound once and never again [I13]', () => {
  const world = new ApiWorld()
  const { uid = '' } = world.create(pod('p')).metadata
  const bind = (target: string, metadata: object = {}) =>
    world.outcome({
      ...at('Pod', 'p'),
      verb: 'create',
      subresource: 'binding',
      body: {
        contentType: 'application/json',
        value: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: 'p', ...metadata },
          target: { kind: 'Node', name: target },
        } as unknown as Json,
      },
    })
  expect(bind('')).toMatch(/^422 Invalid: .*target.name: Required value/)
  expect(bind('n1', { uid: 'another' })).toMatch(/^409 Conflict/)
  expect(bind('n1', { uid })).toBe('201')
  expect(world.get('Pod', 'p')).toMatchObject({
    spec: { nodeName: 'n1' },
    status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
  })
  expect(bind('n2')).toMatch(/^409 Conflict: .*pod p is already assigned to node "n1"/)
  expect(world.outcome(patching('Pod', 'p', { spec: { nodeName: 'n2' } }))).toMatch(/^422 /)
})

test.each([
  ['create', on('create', configMap('b'), { dryRun: true })],
  ['update', on('update', configMap('a', { x: '2' }), { dryRun: true })],
  ['patch', { ...patching('ConfigMap', 'a', { data: { x: '2' } }), options: { dryRun: true } }],
  ['delete', deleting('ConfigMap', 'a', { dryRun: ['All'] })],
] as const)('a dry run of %s answers as if, and does nothing', (_, request) => {
  const world = new ApiWorld()
  const made = world.create(configMap('a', { x: '1' }))
  const groups = world.store.groups.length
  expect(world.outcome(request)).toMatch(/^20[01]$/)
  expect([world.store.groups.length, world.get('ConfigMap', 'a'), world.has('ConfigMap', 'b')]).toEqual([groups, made, false])
})

test('fields that nobody knows warn, refuse or pass, as is asked', () => {
  const world = new ApiWorld()
  const odd = (name: string) => ({ ...configMap(name), unknown: 1 }) as unknown as KubeObject
  expect(world.answer(on('create', odd('a')))).toMatchObject({ code: 201, warnings: ['unknown field "unknown"'] })
  expect(world.outcome(on('create', odd('b'), { fieldValidation: 'Strict' }))).toMatch(
    /^400 BadRequest: .*strict decoding error: unknown field "unknown"/,
  )
  expect(world.answer(on('create', odd('c'), { fieldValidation: 'Ignore' })).warnings ?? []).toEqual([])
})

test('kinds that a PUT may create', () => {
  const world = new ApiWorld()
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' }, spec: { holderIdentity: 'me' } }
  expect(world.outcome(on('update', lease as KubeObject))).toBe('201')
  expect(world.outcome(on('update', lease as KubeObject))).toBe('200')
})

test('stored objects are shared with nobody who could change them by a request', () => {
  const world = new ApiWorld()
  const body = configMap('a', { x: '1' }, { labels: { l: '1' } })
  world.create(body)
  ;(body.data as Record<string, string>).x = 'changed'
  ;(body.metadata.labels as Record<string, string>).l = 'changed'
  const before = JSON.stringify(world.get('ConfigMap', 'a'))
  expect(before).not.toContain('changed')
  const old = world.get('ConfigMap', 'a')
  world.patch('ConfigMap', 'a', { data: { y: '2' }, metadata: { labels: { m: '2' } } })
  expect(JSON.stringify(old)).toBe(before)
})

test('whose dependents an object is, and on which node, is known of its newest version only', () => {
  const world = new ApiWorld()
  const ownerReferences = [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'owner' }]
  world.create(pod('p', { nodeName: 'n1' }, { ownerReferences }))
  const { state } = world.engine
  const found = () =>
    [[...state.ownedBy('pods', 'owner')], [...state.dependentsOf('owner')], [...state.podsOnNode('n1')]].map(
      ({ length }) => length,
    )
  expect(found()).toEqual([1, 1, 1])
  world.patch('Pod', 'p', { status: { phase: 'Running' } }, 'status')
  expect([...state.podsOnNode('n1')]).toMatchObject([{ status: { phase: 'Running' } }])
  world.patch('Pod', 'p', { metadata: { ownerReferences: null } })
  expect(found()).toEqual([0, 0, 1])
  world.answer(deleting('Pod', 'p', { gracePeriodSeconds: 0 }))
  expect(found()).toEqual([0, 0, 0])
})
