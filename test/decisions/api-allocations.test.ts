// Addresses and ports of Services, and the nodes' ranges for pods: never two owners, and free again when the owner goes [I32].
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../model/object.ts'
import { ApiWorld, deleting, on, patching, service } from './api-world.ts'

interface ServiceSpec {
  readonly type: string
  readonly clusterIP: string
  readonly clusterIPs: readonly string[]
  readonly ports: readonly { readonly nodePort?: number }[]
}
const specOf = (object: KubeObject) => object.spec as unknown as ServiceSpec
const held = (world: ApiWorld) =>
  [...world.store.rows].filter(([key]) => key.startsWith('/allocations/')).map(([key, { value }]) => [key, value])

test('a Service gets an address of the range, and a node port where it asks for one, in the commit that makes it', () => {
  const world = new ApiWorld()
  const groups = world.store.groups.length
  const { clusterIP, clusterIPs, ports } = specOf(world.create(service('web', { type: 'NodePort' })))
  expect(clusterIP).toMatch(/^127\.1\.128\.\d+$/)
  expect([clusterIPs, ports[0]?.nodePort]).toEqual([
    [clusterIP],
    expect.toSatisfy((port: number) => port >= 30000 && port <= 30003),
  ])
  expect(world.store.groups.slice(groups).map((group) => group.length)).toEqual([1])
  expect(held(world)).toEqual([
    [`/allocations/clusterips/${clusterIP}`, 'default/web'],
    [`/allocations/nodeports/${ports[0]?.nodePort}`, 'default/web'],
  ])
})

test.each([
  [
    'an address that is taken',
    { clusterIP: '127.1.128.7' },
    /spec.clusterIPs: Invalid value: \["127.1.128.7"\]: failed to allocate IP 127.1.128.7: provided IP is already allocated/,
  ],
  [
    'an address of another range',
    { clusterIP: '10.0.0.1' },
    /failed to allocate IP 10.0.0.1: the provided network does not match the current range/,
  ],
  [
    'a port that is taken',
    { type: 'NodePort', ports: [{ port: 80, nodePort: 30005 }] },
    /spec.ports\[0\].nodePort: Invalid value: 30005: provided port is already allocated/,
  ],
  [
    'a port of another range',
    { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
    /spec.ports\[0\].nodePort: Invalid value: 80: provided port is not in the valid range/,
  ],
])('refused: %s', (_, spec, words) => {
  const world = new ApiWorld()
  world.create(service('first', { type: 'NodePort', clusterIP: '127.1.128.7', ports: [{ port: 80, nodePort: 30005 }] }))
  const before = held(world)
  expect(world.outcome(on('create', service('second', spec)))).toMatch(words)
  expect(held(world)).toEqual(before)
})

test('two Services of one turn that ask for the same: one gets it [A22]', () => {
  const world = new ApiWorld()
  const asked = ['a', 'b'].map((name) => world.ask(on('create', service(name, { clusterIP: '127.1.128.7' }))))
  world.host.settle()
  expect(asked.map(({ answer }) => answer?.kind)).toEqual(['object', 'status'])
})

test('a commit is made only if what it takes is free in the store', () => {
  const world = new ApiWorld()
  world.store.rows.set('/allocations/clusterips/127.1.128.7', { value: 'by/another', revision: 2 })
  expect(world.outcome(on('create', service('a', { clusterIP: '127.1.128.7' })))).toMatch(/^409 Conflict/)
})

test('what was taken for a write that failed is free again, in memory as on disk', () => {
  const world = new ApiWorld()
  world.store.fault = () => ({ result: 'failed', message: 'I/O error' })
  world.answer(on('create', service('a', { clusterIP: '127.1.128.7' })))
  world.store.fault = undefined
  expect(world.outcome(on('create', service('b', { clusterIP: '127.1.128.7' })))).toBe('201')
  world.store.fault = () => ({ result: 'failed', message: 'I/O error' })
  world.answer(deleting('Service', 'b'))
  world.store.fault = undefined
  expect(world.outcome(on('create', service('c', { clusterIP: '127.1.128.7' })))).toMatch(/already allocated/)
})

test('a Service keeps its address and ports through updates that do not name them', () => {
  const world = new ApiWorld()
  const made = world.create(service('web', { type: 'NodePort' }))
  const again = world.object(on('update', service('web', { type: 'NodePort', selector: { a: 'b' } })))
  expect([specOf(again).clusterIP, specOf(again).ports]).toEqual([specOf(made).clusterIP, specOf(made).ports])
  const plain = world.patch('Service', 'web', { spec: { type: 'ClusterIP' } })
  expect([specOf(plain).clusterIP, specOf(plain).ports[0]?.nodePort]).toEqual([specOf(made).clusterIP, undefined])
  expect(held(world)).toHaveLength(1)
})

test('without a free address or port a Service is refused, not shared', () => {
  const world = new ApiWorld()
  const made: (number | undefined)[] = []
  for (let i = 0; i < 10; i++) made.push(specOf(world.create(service(`s${i}`, { type: 'NodePort' }))).ports[0]?.nodePort)
  expect(made.toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => 30000 + i))
  expect(world.outcome(on('create', service('last', { type: 'NodePort' })))).toMatch(
    /failed to allocate a nodePort: range is full/,
  )
})

test('each node gets a range for its pods, which comes back when the node goes', () => {
  const world = new ApiWorld()
  const node = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
  const cidr = (name: string) => (world.create(node(name)).spec as { podCIDR: string }).podCIDR
  expect(['a', 'b', 'c'].map(cidr)).toEqual(['127.1.1.0/24', '127.1.2.0/24', '127.1.3.0/24'])
  expect(world.outcome(on('create', node('d')))).toMatch(/^503 /)
  world.answer(deleting('Node', 'b'))
  const again = new ApiWorld(world)
  expect((again.create(node('e')).spec as { podCIDR: string }).podCIDR).toBe('127.1.2.0/24')
})

test('whatever is done to Services, what is held is what they say, and nothing twice', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const address = fc.constantFrom(undefined, 'None', '127.1.128.7', '127.1.128.8')
  const step = fc.record({
    what: fc.constantFrom('create', 'create', 'type', 'delete', 'ports'),
    name,
    address,
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'),
    nodePort: fc.constantFrom(undefined, 30001, 30005),
    fails: fc.boolean(),
    sameTurn: fc.boolean(),
    restart: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let world = new ApiWorld()
      for (const { what, name, address, type, nodePort, fails, sameTurn, restart } of steps) {
        const ports = [{ port: 80, ...(nodePort ? { nodePort } : {}) }]
        const withoutAddress = { externalName: 'example.com', clusterIP: null, clusterIPs: null }
        const typed = type === 'ExternalName' ? { type, ...withoutAddress } : { type }
        world.store.fault = fails ? () => ({ result: 'failed', message: 'I/O error' }) : undefined
        const addressed = type !== 'ExternalName' && address ? { clusterIP: address } : {}
        const named = type === 'ExternalName' ? { externalName: 'example.com' } : {}
        if (what === 'create') world.ask(on('create', service(name, { type, ports, ...named, ...addressed })))
        else if (what === 'delete') world.ask(deleting('Service', name))
        else if (what === 'ports') world.ask(patching('Service', name, { spec: { ports } }))
        else world.ask(patching('Service', name, { spec: typed }))
        if (sameTurn) continue
        world.host.settle()
        if (restart) world = new ApiWorld(world)
      }
      world.host.settle()
      const expected: string[][] = []
      for (const object of world.engine.state.list('services')) {
        const { clusterIP, ports, type } = specOf(object)
        const owner = `default/${object.metadata.name}`
        if (clusterIP && clusterIP !== 'None') expected.push([`/allocations/clusterips/${clusterIP}`, owner])
        if (type === 'NodePort' || type === 'LoadBalancer')
          for (const { nodePort } of ports) expected.push([`/allocations/nodeports/${nodePort}`, owner])
      }
      expect(held(world).toSorted()).toEqual(expected.toSorted())
      expect(new Set(expected.map(([key]) => key)).size).toBe(expected.length)
      // Memory agrees with the disk: what is free can be had, what is held cannot.
      world.store.fault = undefined
      const isHeld = expected.some(([key]) => key === '/allocations/clusterips/127.1.128.7')
      expect(world.outcome(on('create', service('probe', { clusterIP: '127.1.128.7' })))).toMatch(
        isHeld ? /already allocated/ : /^201$/,
      )
    }),
    { numRuns: 150, seed: 3 },
  )
})
