// How writes reach the store: a group a turn, conditions, what a failed group takes with it, and in which order all is told.
import { expect, test } from 'vitest'
import { ApiWorld, at, configMap, deleting, on, patching, pod } from './api-world.ts'

test('what arrives in one turn is one group, and nothing is answered or told before it is durable [W6]', () => {
  const world = new ApiWorld()
  const { told } = world.watch('ConfigMap', { resourceVersion: '2' })
  world.store.groups.length = 0
  world.store.isHeld = true
  const first = world.ask(on('create', configMap('a')))
  const second = world.ask(on('create', configMap('b')))
  world.host.settle()
  expect(world.store.groups.map((group) => group.length)).toEqual([2])
  expect([first.answer, second.answer, told, world.has('ConfigMap', 'a')]).toEqual([undefined, undefined, [], false])
  world.ask(on('create', configMap('c')))
  world.host.settle()
  expect(world.store.groups).toHaveLength(2)
  world.store.release()
  world.host.settle()
  expect(told).toEqual(['ADDED a @3', 'ADDED b @4', 'ADDED c @5'])
  expect(first.answer).toMatchObject({ kind: 'object', code: 201 })
})

test('index, then watchers, then answers', () => {
  const world = new ApiWorld()
  const order: string[] = []
  world.engine.state.observe(['configmaps'], ({ object }) => {
    order.push(`observed ${object.metadata.name}, indexed: ${world.has('ConfigMap', object.metadata.name ?? '')}`)
  })
  for (const name of ['a', 'b']) {
    world.engine.request({ name: 'admin', groups: ['system:masters'] }, on('create', configMap(name)), () =>
      order.push(`answered ${name}`),
    )
  }
  world.host.settle()
  expect(order).toEqual(['observed a, indexed: true', 'observed b, indexed: true', 'answered a', 'answered b'])
})

test('a request that finds its object on the way to the store sees what that write made of it', () => {
  const world = new ApiWorld()
  world.store.isHeld = true
  const created = world.ask(on('create', configMap('a', { x: '1' })))
  const again = world.ask(on('create', configMap('a')))
  const patched = world.ask(patching('ConfigMap', 'a', { data: { y: '2' } }))
  const deleted = world.ask(deleting('ConfigMap', 'a'))
  world.store.isHeld = false
  world.store.release()
  world.host.settle()
  expect(created.answer).toMatchObject({ kind: 'object', code: 201 })
  expect(again.answer).toMatchObject({ kind: 'status', status: { code: 409, reason: 'AlreadyExists' } })
  expect(patched.answer).toMatchObject({ entry: { object: { data: { x: '1', y: '2' } } } })
  expect(deleted.answer).toMatchObject({ status: { status: 'Success' } })
  expect(world.has('ConfigMap', 'a')).toBe(false)
})

test('what depended on a write that failed is decided anew without it', () => {
  const world = new ApiWorld()
  world.store.isHeld = true
  const created = world.ask(on('create', configMap('a')))
  const patched = world.ask(patching('ConfigMap', 'a', { data: { y: '2' } }))
  world.host.settle()
  world.store.fault = () => ({ result: 'failed', message: 'I/O error' })
  world.store.isHeld = false
  world.store.release()
  world.host.settle()
  expect(created.answer).toMatchObject({ status: { code: 500 } })
  expect(patched.answer).toMatchObject({ status: { code: 404 } })
})

test.each([
  ['full', 507, 'store.full'],
  ['failed', 500, 'store.failed'],
  ['unknown', 504, 'store.failed'],
] as const)('a write that ends in "%s" is answered %d, and the chart hears', (result, code, notice) => {
  const world = new ApiWorld()
  world.store.fault = () => ({ result, message: 'the disk' })
  expect(world.outcome(on('create', configMap('a')))).toMatch(new RegExp(`^${code} `))
  expect(world.notices).toContainEqual({ type: notice, message: 'the disk' })
  expect(world.has('ConfigMap', 'a')).toBe(false)
  world.store.fault = undefined
  expect(world.outcome(on('create', configMap('a')))).toBe('201')
})

test('a commit whose conditions fail is decided anew, so often and no oftener [A8]', () => {
  const world = new ApiWorld()
  world.create(configMap('a', { x: '1' }))
  let conflicts = 0
  const failing = (times: number) => () => {
    conflicts += 1
    return conflicts > times ? undefined : ({ result: 'conflict', condition: { epoch: 1 } } as const)
  }
  world.store.fault = failing(3)
  expect(world.patch('ConfigMap', 'a', { data: { x: '2' } }).data).toEqual({ x: '2' })
  conflicts = 0
  world.store.fault = failing(1000)
  expect(world.outcome(patching('ConfigMap', 'a', { data: { x: '3' } }))).toMatch(/^409 Conflict: .*has been modified/)
  expect(conflicts).toBeLessThan(20)
})

test('a commit names the version it was made from and the epoch of its store', () => {
  const world = new ApiWorld()
  const key = '/registry/configmaps/default/a'
  const { resourceVersion } = world.create(configMap('a')).metadata
  world.patch('ConfigMap', 'a', { data: { x: '1' } })
  expect(world.store.groups.slice(-2).map(([commit]) => commit?.when)).toEqual([
    [{ key, absent: true }, { epoch: 1 }],
    [{ key, revision: Number(resourceVersion) }, { epoch: 1 }],
  ])
  new ApiWorld(world)
  expect(world.outcome(on('create', configMap('b')))).toMatch(/^409 /)
})

test('while only deletes are let through, the others hear why at once', () => {
  const world = new ApiWorld()
  world.create(configMap('a'))
  Object.assign(world.engine.gate, { writes: 'deletesOnly', reason: 'no space left on the device' })
  const groups = world.store.groups.length
  expect(world.outcome(on('create', configMap('b')))).toBe('507 InsufficientStorage: no space left on the device')
  expect(world.outcome(patching('ConfigMap', 'a', { data: { x: '1' } }))).toMatch(/^507 /)
  expect(world.store.groups).toHaveLength(groups)
  expect(world.has('ConfigMap', 'a')).toBe(true)
  expect(world.outcome(deleting('ConfigMap', 'a'))).toBe('200')
  Object.assign(world.engine.gate, { reads: 'closed', writes: 'closed', reason: 'starting' })
  expect(world.outcome({ ...at('ConfigMap', 'a'), verb: 'get' })).toBe('503 ServiceUnavailable: starting')
  expect(world.outcome(deleting('ConfigMap', 'a'))).toBe('503 ServiceUnavailable: starting')
})

test('closing finishes what this turn has proposed', () => {
  const world = new ApiWorld()
  const { told } = world.watch('ConfigMap', { resourceVersion: '2' })
  const asked = world.ask(on('create', configMap('a')))
  world.engine.close()
  world.host.settle()
  expect(asked.answer).toMatchObject({ kind: 'object', code: 201 })
  expect(told.at(-1)).toMatch(/^ended 503 /)
  expect(world.notices.at(-1)).toEqual({ type: 'store.closed' })
})

test('all of it is there again after a restart, and versions go on', () => {
  const world = new ApiWorld()
  world.create(pod('p', { nodeName: 'n1' }, { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'owner' }] }))
  const before = world.create(configMap('a', { x: '1' }))
  world.create(configMap('b'))
  world.answer(deleting('ConfigMap', 'b'))
  const again = new ApiWorld(world)
  expect(again.get('ConfigMap', 'a')).toEqual(before)
  expect(again.has('ConfigMap', 'b')).toBe(false)
  expect([...again.engine.state.podsOnNode('n1')]).toEqual([...again.engine.state.ownedBy('pods', 'owner')])
  expect([...again.engine.state.dependentsOf('owner')]).toHaveLength(1)
  expect(Number(again.create(configMap('c')).metadata.resourceVersion)).toBe(again.store.revision)
})

test('an object beyond the limit is refused and not stored', () => {
  const world = new ApiWorld()
  const groups = world.store.groups.length
  expect(world.outcome(on('create', configMap('a', { x: 'y'.repeat(1_600_000) })))).toMatch(/^4(13|22) /)
  expect(world.store.groups).toHaveLength(groups)
})
