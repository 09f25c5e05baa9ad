// Services × EndpointSlices → listeners: whose connections go where, and that following changes ends where a fresh look does.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WatchEvent } from '../../actors/ports/api.ts'
import type { Listener } from '../../actors/ports/network.ts'
import { backendsOf, listenersOf, ProxyTable } from '../../actors/proxy/table.ts'
import type { KubeObject } from '../../model/object.ts'
import type { Service, ServiceSpec } from '../../model/schema/kinds/core-v1.ts'
import type { Endpoint, EndpointConditions, EndpointSlice } from '../../model/schema/kinds/discovery-v1.ts'

const service = (spec: ServiceSpec | undefined, name = 'web'): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', uid: `uid-${name}` },
  ...(spec ? { spec } : {}),
})

const endpoint = (address: string, conditions?: EndpointConditions): Endpoint => ({
  addresses: [address],
  ...(conditions ? { conditions } : {}),
})

const slice = (endpoints: readonly Endpoint[] | null, more: Partial<EndpointSlice> = {}, of = 'web'): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${of}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  // Kubernetes writes null where there are none.
  endpoints: endpoints as readonly Endpoint[],
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  ...more,
})

const brief = ({ kind, address, port, backends }: Listener): string =>
  `${kind} ${address}:${port} → ${backends.map((backend) => `${backend.address}:${backend.port}`).join(' ') || 'nothing'}`

describe('listeners of a Service', () => {
  const ready = [slice([endpoint('127.1.1.2')])]
  it.each<[name: string, spec: ServiceSpec | undefined, expected: readonly string[]]>([
    ['ClusterIP', { clusterIP: '127.1.128.9', ports: [{ port: 80 }] }, ['clusterIP 127.1.128.9:80 → 127.1.1.2:8080']],
    [
      'NodePort',
      { type: 'NodePort', clusterIP: '127.1.128.9', ports: [{ port: 80, nodePort: 30_100 }] },
      ['clusterIP 127.1.128.9:80 → 127.1.1.2:8080', 'nodePort 127.0.0.1:30100 → 127.1.1.2:8080'],
    ],
    [
      'LoadBalancer without node ports',
      { type: 'LoadBalancer', clusterIP: '127.1.128.9', ports: [{ port: 80 }] },
      ['clusterIP 127.1.128.9:80 → 127.1.1.2:8080'],
    ],
    [
      'a node port left over from another type',
      { type: 'ClusterIP', clusterIP: '127.1.128.9', ports: [{ port: 80, nodePort: 30_100 }] },
      ['clusterIP 127.1.128.9:80 → 127.1.1.2:8080'],
    ],
    [
      'UDP beside TCP',
      { clusterIP: '127.1.128.9', ports: [{ port: 53, protocol: 'UDP' }, { port: 80 }] },
      ['clusterIP 127.1.128.9:80 → 127.1.1.2:8080'],
    ],
    [
      'a port of another name',
      { clusterIP: '127.1.128.9', ports: [{ name: 'x', port: 81 }] },
      ['clusterIP 127.1.128.9:81 → nothing'],
    ],
    ['headless', { clusterIP: 'None', ports: [{ port: 80 }] }, []],
    ['ExternalName', { type: 'ExternalName', externalName: 'example.com', ports: [{ port: 80 }] }, []],
    ['no address yet', { ports: [{ port: 80 }] }, []],
    ['no ports', { clusterIP: '127.1.128.9', ports: null as never }, []],
    ['no spec', undefined, []],
  ])('%s', (_name, spec, expected) => expect(listenersOf(service(spec), ready).map(brief)).toEqual(expected))

  it('take affinity from the Service', () => {
    const spec = { clusterIP: '127.1.128.9', ports: [{ port: 80 }] }
    expect(listenersOf(service({ ...spec, sessionAffinity: 'ClientIP' }), ready)[0]?.affinity).toBe('client')
    expect(listenersOf(service({ ...spec, sessionAffinity: 'None' }), ready)[0]?.affinity).toBe('none')
  })
})

describe('backends', () => {
  const terminating = { ready: false, serving: true, terminating: true }
  it.each<[name: string, slices: readonly EndpointSlice[], expected: readonly string[]]>([
    ['ready ones', [slice([endpoint('a', { ready: true }), endpoint('b')])], ['a', 'b']],
    ['not those that are not ready', [slice([endpoint('a', { ready: false }), endpoint('b')])], ['b']],
    ['not those that terminate while others are ready', [slice([endpoint('a', terminating), endpoint('b')])], ['b']],
    [
      'those that still serve when no other is there',
      [slice([endpoint('a', terminating), endpoint('b', { ready: false })])],
      ['a'],
    ],
    ['not those that no longer serve', [slice([endpoint('a', { ...terminating, serving: false })])], []],
    ['one that stands in two slices once', [slice([endpoint('a')]), slice([endpoint('a'), endpoint('b')])], ['a', 'b']],
    ['in an order of their own', [slice([endpoint('b'), endpoint('a')])], ['a', 'b']],
    ['none of another family', [slice([endpoint('::1')], { addressType: 'IPv6' })], []],
    ['none where the slice says null', [slice(null, { ports: null as never }), slice(null)], []],
    ['none without a number', [slice([endpoint('a')], { ports: [{ name: '' }] })], []],
  ])('%s', (_name, slices, expected) => expect(backendsOf({ port: 80 }, slices).map(({ address }) => address)).toEqual(expected))
})

describe('the table', () => {
  const told = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: unknown, revision: number): WatchEvent => ({
    type,
    object: object as KubeObject,
    revision,
  })
  const spec: ServiceSpec = { clusterIP: '127.1.128.9', ports: [{ port: 80 }] }

  it('hands out what has changed, once, and has news with every revision', () => {
    const table = new ProxyTable()
    expect(table.hasNews).toBe(false)
    table.change(told('ADDED', service(spec), 3))
    table.change({ type: 'SYNCED', revision: 5 })
    expect(table.take().set.map(brief)).toEqual(['clusterIP 127.1.128.9:80 → nothing'])
    expect(table.hasNews).toBe(false)
    table.change({ type: 'BOOKMARK', revision: 6 })
    expect([table.hasNews, table.revision]).toEqual([true, 6])
    expect(table.take()).toEqual({ set: [], removed: [] })
    // Something that does not matter here.
    table.change(told('MODIFIED', { ...service(spec), status: {} }, 7))
    expect(table.take()).toEqual({ set: [], removed: [] })
    table.change(told('ADDED', slice([endpoint('a')]), 8))
    expect(table.take().set.map(brief)).toEqual(['clusterIP 127.1.128.9:80 → a:8080'])
    table.change(told('DELETED', service(spec), 9))
    expect(table.take()).toEqual({ set: [], removed: ['default/web: 127.1.128.9:80'] })
  })

  it('follows a slice to another Service', () => {
    const table = new ProxyTable()
    table.change(told('ADDED', service(spec), 1))
    table.change(told('ADDED', service({ ...spec, clusterIP: '127.1.128.10' }, 'other'), 2))
    table.change(told('ADDED', slice([endpoint('a')]), 3))
    table.take()
    const moved = slice([endpoint('a')])
    const labels = { 'kubernetes.io/service-name': 'other' }
    table.change(told('MODIFIED', { ...moved, metadata: { ...moved.metadata, labels } }, 4))
    expect(table.take().set.map(brief).sort()).toEqual([
      'clusterIP 127.1.128.10:80 → a:8080',
      'clusterIP 127.1.128.9:80 → nothing',
    ])
  })

  it('that takes over removes what its predecessor had and it does not want', () => {
    const before = new ProxyTable()
    before.change(told('ADDED', service(spec), 1))
    before.change(told('ADDED', service({ ...spec, clusterIP: '127.1.128.10' }, 'gone'), 2))
    before.take()
    const after = new ProxyTable()
    after.change(told('ADDED', service(spec), 1))
    after.change({ type: 'SYNCED', revision: 2 })
    const table = after.replacing(before)
    expect(table.hasNews).toBe(true)
    expect(table.take()).toEqual({ set: [], removed: ['default/gone: 127.1.128.10:80'] })
  })

  const names = ['a', 'b']
  const change = fc.record({
    of: fc.constantFrom(...names),
    what: fc.constantFrom('service', 'slice-1', 'slice-2'),
    deleted: fc.boolean(),
    last: fc.integer({ min: 1, max: 3 }),
    nodePort: fc.boolean(),
    conditions: fc.constantFrom<EndpointConditions | undefined>(
      undefined,
      { ready: false },
      { ready: false, serving: true, terminating: true },
    ),
    label: fc.constantFrom(...names),
    take: fc.boolean(),
    reconnect: fc.boolean(),
  })

  it('comes to the same as a fresh look, whatever changes and whenever it is asked', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const services = new Map<string, Service>()
        const slices = new Map<string, EndpointSlice>()
        const sockets = new Map<string, Listener>()
        let table = new ProxyTable()
        const take = (): void => {
          const { set, removed } = table.take()
          for (const key of removed) expect(sockets.delete(key)).toBe(true)
          for (const listener of set) sockets.set(listener.key, listener)
        }
        changes.forEach(({ of, what, deleted, last, nodePort, conditions, label, take: now, reconnect }, index) => {
          const known: Map<string, unknown> = what === 'service' ? services : slices
          const made =
            what === 'service'
              ? service(
                  {
                    type: 'NodePort',
                    clusterIP: `127.1.128.${last}`,
                    ports: [{ port: 80, ...(nodePort ? { nodePort: 30_000 + last } : {}) }],
                  },
                  of,
                )
              : slice([endpoint(`127.1.1.${last}`, conditions)], {
                  metadata: { name: what, namespace: 'default', labels: { 'kubernetes.io/service-name': label } },
                })
          const id = made.metadata.name ?? ''
          if (deleted && !known.has(id)) return
          const type = deleted ? 'DELETED' : known.has(id) ? 'MODIFIED' : 'ADDED'
          table.change(told(type, deleted ? known.get(id) : made, index + 1))
          if (deleted) known.delete(id)
          else known.set(id, made)
          if (reconnect) {
            const fresh = new ProxyTable()
            for (const object of [...services.values(), ...slices.values()]) fresh.change(told('ADDED', object, index + 1))
            table = fresh.replacing(table)
          }
          if (now) take()
        })
        take()
        const expected = [...services.values()].flatMap((one) =>
          listenersOf(
            one,
            [...slices.values()].filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === one.metadata.name),
          ),
        )
        expect([...sockets.values()].map(brief).sort()).toEqual(expected.map(brief).sort())
      }),
      { numRuns: 300, seed: 20_261_125 },
    )
  })
})
