// Options that do not go together, lists by watching, and the finer rules of what a write keeps, as a real server was
// recorded to have them.
import { describe, expect, test } from 'vitest'
import type { RequestOptions } from '../../actors/ports/api.ts'
import { ADMIN, ApiWorld, at, configMap, deleting, deployment, on, patching, pod, service } from './api-world.ts'

describe('refused before anything is looked at', () => {
  const lists: [RequestOptions, RegExp][] = [
    [{ resourceVersionMatch: 'Exact' }, /resourceVersionMatch is forbidden unless resourceVersion is provided/],
    [{ resourceVersionMatch: 'Exact', resourceVersion: '0' }, /"exact" is forbidden for resourceVersion "0"/],
    [{ resourceVersionMatch: 'Odd', resourceVersion: '2' }, /Unsupported value: "Odd"/],
    [{ resourceVersionMatch: 'Exact', resourceVersion: '2', continue: 'x' }, /forbidden when continue is provided/],
    [{ resourceVersion: 'x' }, /^400 .*invalid syntax/],
    [{ resourceVersion: '999' }, /^504 Timeout: Too large resource version: 999, current: 2/],
  ]
  test.each(lists)('a list with %j', (options, words) => {
    expect(new ApiWorld().outcome({ ...at('ConfigMap'), verb: 'list', options })).toMatch(words)
  })

  const deletes: [object, RegExp][] = [
    [{ propagationPolicy: 'Odd' }, /supported values: "Foreground", "Background", "Orphan", "nil"/],
    [{ propagationPolicy: 'Orphan', orphanDependents: true }, /cannot be both set/],
    [{ dryRun: ['Some'] }, /\[\]string\{"Some"\}: supported values: "All"/],
  ]
  test.each(deletes)('a deletion with %j', (options, words) => {
    const world = new ApiWorld()
    world.create(configMap('a'))
    expect(world.outcome(deleting('ConfigMap', 'a', options as never))).toMatch(/^422 Invalid/)
    expect(world.outcome(deleting('ConfigMap', 'a', options as never))).toMatch(words)
    expect(world.has('ConfigMap', 'a')).toBe(true)
  })
})

describe('a list by watching', () => {
  function watched(world: ApiWorld, options: RequestOptions, sendInitialEvents: boolean | undefined): string[] {
    const told: string[] = []
    world.engine.watch(
      ADMIN,
      { path: at('ConfigMap'), options, allowWatchBookmarks: true, sendInitialEvents },
      {
        started: () => told.push('started'),
        event: (type, { object }) => told.push(`${type} ${object.metadata.name}`),
        initialEventsEnd: (revision) => told.push(`all @${revision}`),
        ended: ({ code, message }) => told.push(`${code} ${message}`),
      },
    )
    world.host.settle()
    return told
  }
  const match = { resourceVersionMatch: 'NotOlderThan' }

  test.each(['', '0', '2'])('not older than "%s" tells what exists, says when that was all, and goes on', (resourceVersion) => {
    const world = new ApiWorld()
    world.create(configMap('a'))
    const told = watched(world, { ...match, resourceVersion }, true)
    expect(told.splice(0)).toEqual(['started', 'ADDED a', 'all @3'])
    world.patch('ConfigMap', 'a', { data: { x: '1' } })
    world.answer(deleting('ConfigMap', 'a'))
    expect(told).toEqual(['MODIFIED a', 'DELETED a'])
  })

  test('leaves out what exists when that is asked', () => {
    const world = new ApiWorld()
    world.create(configMap('a'))
    const told = watched(world, match, false)
    world.create(configMap('b'))
    expect(told).toEqual(['started', 'ADDED b'])
  })

  const refusals: [RequestOptions, boolean | undefined, RegExp][] = [
    [{}, true, /^422 .*sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/],
    [match, undefined, /^422 .*forbidden for watch unless sendInitialEvents is provided/],
    [{ resourceVersionMatch: 'Exact' }, true, /supported values: "NotOlderThan"/],
    [{ ...match, resourceVersion: '999' }, true, /^504 Too large resource version/],
  ]
  test.each(refusals)('with %j and sendInitialEvents %s is refused', (options, initial, words) => {
    expect(watched(new ApiWorld(), options, initial)).toEqual([expect.stringMatching(words)])
  })

  test('two selections of one kind are one watch: an object that both select is told once', () => {
    const world = new ApiWorld()
    for (const name of ['a', 'b', 'c']) world.create(configMap(name))
    const told: string[] = []
    const selection = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' }
    world.engine.watchSelections(
      ADMIN,
      [
        { ...selection, name: 'a' },
        { ...selection, fieldSelector: 'metadata.name!=c' },
      ],
      {
        started: () => {},
        event: (type, { object }) => told.push(`${type} ${object.metadata.name}`),
        initialEventsEnd: () => told.push('all'),
        ended: () => told.push('ended'),
      },
    )
    world.host.settle()
    world.patch('ConfigMap', 'a', { data: { x: '1' } })
    world.patch('ConfigMap', 'c', { data: { x: '1' } })
    world.patch('ConfigMap', 'b', { data: { x: '1' } })
    expect(told).toEqual(['ADDED a', 'ADDED b', 'all', 'MODIFIED a', 'MODIFIED b'])
  })
})

describe('what a write keeps', () => {
  test('a PUT that leaves out what was defaulted changes nothing', () => {
    const world = new ApiWorld()
    const made = world.create(deployment('web', 1))
    expect(world.object(on('update', deployment('web', 1)))).toEqual(made)
    expect(world.object(on('update', deployment('web', 2))).metadata.generation).toBe(2)
  })

  test("annotations of a Deployment count, for its controller hands them on; labels don't", () => {
    const world = new ApiWorld()
    world.create(deployment('web'))
    expect(world.patch('Deployment', 'web', { metadata: { labels: { a: 'b' } } }).metadata.generation).toBe(1)
    expect(world.patch('Deployment', 'web', { metadata: { annotations: { a: 'b' } } }).metadata.generation).toBe(2)
  })

  test('uid and deletion are not for a client to say', () => {
    const world = new ApiWorld()
    const { uid = '' } = world.create(configMap('a')).metadata
    const deletionTimestamp = '2001-01-01T00:00:00Z'
    expect(world.outcome(patching('ConfigMap', 'a', { metadata: { uid } }))).toBe('200')
    expect(world.outcome(patching('ConfigMap', 'a', { metadata: { uid: 'x' } }))).toMatch(/^422 Invalid.*field is immutable/)
    expect(world.outcome(on('update', configMap('a', {}, { uid: 'x' })))).toMatch(/^409 Conflict/)
    expect(world.outcome(on('update', configMap('a', {}, { deletionTimestamp })))).toMatch(/^422 Invalid/)
  })

  test('a patch that makes no object of the kind is the fault of the patch', () => {
    const world = new ApiWorld()
    world.create(configMap('a'))
    expect(world.outcome(patching('ConfigMap', 'a', { data: 'text' }))).toMatch(
      /^422 Invalid: {2}"" is invalid: patch: Invalid value/,
    )
    expect(world.outcome(patching('ConfigMap', 'a', { metadata: { name: null } }))).toMatch(/^400 .*name must be provided/)
  })

  test('a pod that goes at once is told with the marks of its deletion', () => {
    const world = new ApiWorld()
    world.create(pod('p'))
    let last: unknown
    world.engine.state.observe(['pods'], ({ type, object }) => {
      if (type === 'DELETED') last = object.metadata
    })
    const answered = world.object(deleting('Pod', 'p')).metadata
    expect(answered).toMatchObject({ deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String) })
    expect(last).toEqual(answered)
  })

  test('the last finalizer that goes: the answer is what the client made of it, at the version that was', () => {
    const world = new ApiWorld()
    world.create(configMap('a', {}, { finalizers: ['x.io/hold'] }))
    const { resourceVersion } = world.object(deleting('ConfigMap', 'a')).metadata
    const answered = world.patch('ConfigMap', 'a', { metadata: { finalizers: null } }).metadata
    expect(answered.finalizers).toBeUndefined()
    expect(answered.resourceVersion).toBe(resourceVersion)
    expect(world.has('ConfigMap', 'a')).toBe(false)
  })

  test.each(['kube-system', 'kube-public', 'default'])('the namespace %s stays', (name) => {
    const world = new ApiWorld()
    if (name !== 'default') world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    expect(world.outcome(deleting('Namespace', name))).toMatch(/^403 Forbidden.*may not be deleted/)
  })

  test('a dry run answers as if, at the version that is, and writes nothing', () => {
    const world = new ApiWorld()
    const { resourceVersion } = world.create(configMap('a')).metadata
    const groups = world.store.groups.length
    const options = { dryRun: true }
    const patched = world.object({ ...patching('ConfigMap', 'a', { data: { k: 'v' } }), options })
    expect(patched).toMatchObject({ data: { k: 'v' }, metadata: { resourceVersion } })
    expect(world.outcome({ ...deleting('ConfigMap', 'a'), options })).toBe('200')
    expect(world.outcome(on('create', configMap('b'), options))).toBe('201')
    expect(world.store.groups.length).toBe(groups)
  })
})

describe('node ports within one Service', () => {
  const ports = (...protocols: string[]) =>
    protocols.map((protocol, i) => ({ name: `p${i}`, port: 80 + i, nodePort: 30_001, protocol }))

  test.each([
    [
      'of one protocol are not shared',
      ports('TCP', 'TCP'),
      /^422 .*spec.ports\[1\].nodePort.*provided port is already allocated/,
    ],
    ['of two protocols may be the same', ports('TCP', 'UDP'), /^201$/],
  ])('%s', (_, ports, outcome) => {
    expect(new ApiWorld().outcome(on('create', service('s', { type: 'NodePort', ports })))).toMatch(outcome)
  })

  test('a load balancer may do without', () => {
    const spec = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] }
    expect(new ApiWorld().create(service('s', spec)).spec).toMatchObject({ ports: [{ port: 80, targetPort: 80 }] })
    expect(JSON.stringify(new ApiWorld().create(service('s', spec)))).not.toContain('nodePort"')
  })
})
