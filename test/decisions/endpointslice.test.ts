// Endpoints of a Service: conditions, ports, and their spreading over slices.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupEndpoints } from '../../actors/master/controllers/endpointslice/endpoints.ts'
import { MAX_ENDPOINTS, planSlices } from '../../actors/master/controllers/endpointslice/slices.ts'
import type { Pod, Service, ServicePort } from '../../model/schema/kinds/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../model/schema/kinds/discovery-v1.ts'

const service = (more: object = {}, ports: ServicePort[] = [{ port: 80, targetPort: 8080 }]): Service =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { ports, ...more } }) as Service

interface Facts {
  readonly ip?: string
  readonly ready?: boolean
  readonly ending?: boolean
  readonly phase?: string
  readonly port?: number
}
const pod = (name: string, { ip = '10.0.0.1', ready = true, ending = false, phase = 'Running', port = 8080 }: Facts = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name, ...(ending ? { deletionTimestamp: 'now' } : {}) },
    spec: { nodeName: 'node-1', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }] },
    status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as Pod
const groups = (of: Service, pods: Pod[]) => groupEndpoints(of, pods, () => undefined)

describe('conditions', () => {
  test.each<[string, object, Facts, object | undefined]>([
    ['ready', {}, {}, { ready: true, serving: true, terminating: false }],
    ['not ready', {}, { ready: false }, { ready: false, serving: false, terminating: false }],
    ['terminating, still serving', {}, { ending: true }, { ready: false, serving: true, terminating: true }],
    ['terminating, serving no more', {}, { ending: true, ready: false }, { ready: false, serving: false, terminating: true }],
    [
      'published although not ready',
      { publishNotReadyAddresses: true },
      { ready: false },
      { ready: true, serving: false, terminating: false },
    ],
    ['without an address', {}, { ip: '' }, undefined],
    ['ended', {}, { phase: 'Succeeded' }, undefined],
    ['failed', {}, { phase: 'Failed' }, undefined],
  ])('%s', (_, spec, facts, expected) => {
    expect(groups(service(spec), [pod('p', facts)])[0]?.endpoints[0]?.conditions).toEqual(expected)
  })

  test('an endpoint says which pod it is, and where', () => {
    expect(groups(service(), [pod('p')])[0]?.endpoints[0]).toEqual({
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', namespace: 'default', name: 'p', uid: 'p' },
    })
  })
})

describe('ports', () => {
  test.each<[string, ServicePort[], object[][]]>([
    ['a number', [{ port: 80, targetPort: 8080 }], [[{ name: '', port: 8080, protocol: 'TCP' }]]],
    ['none: the port itself', [{ port: 80 }], [[{ name: '', port: 80, protocol: 'TCP' }]]],
    [
      'a name, of each pod its own',
      [{ name: 'web', port: 80, targetPort: 'http' }],
      [[{ name: 'web', port: 8080, protocol: 'TCP' }], [{ name: 'web', port: 9090, protocol: 'TCP' }]],
    ],
    ['a name that no pod has', [{ port: 80, targetPort: 'grpc' }], [[]]],
    ['a name of another protocol', [{ port: 80, targetPort: 'http', protocol: 'UDP' }], [[]]],
  ])('%s', (_, ports, expected) => {
    expect(groups(service({}, ports), [pod('p'), pod('q', { port: 9090 })]).map((group) => group.ports)).toEqual(expected)
  })
})

describe('slices', () => {
  const endpoint = (n: number, ready = true): Endpoint => ({
    addresses: [`10.0.0.${n}`],
    conditions: { ready },
    targetRef: { uid: `u${n}` },
  })
  const ports = [{ name: '', port: 80, protocol: 'TCP' }]
  const slice = (name: string, endpoints: Endpoint[], of = ports): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: { name },
    ports: of,
    endpoints,
  })

  test('a Service without pods has one empty slice, and keeps it', () => {
    expect(planSlices([], [])).toEqual({ create: [{ ports: [], endpoints: [] }], update: [], remove: [] })
    expect(planSlices([], [slice('a', [], [])])).toEqual({ create: [], update: [], remove: [] })
    expect(planSlices([], [slice('a', [endpoint(1)])])).toMatchObject({
      create: [],
      update: [{ content: { endpoints: [], ports: [] } }],
      remove: [],
    })
  })

  test('an endpoint that changes stays where it is', () => {
    const before = slice('a', [endpoint(1), endpoint(2)])
    const plan = planSlices([{ ports, endpoints: [endpoint(2, false), endpoint(1)] }], [before])
    expect(plan).toEqual({
      create: [],
      update: [{ slice: before, content: { ports, endpoints: [endpoint(1), endpoint(2, false)] } }],
      remove: [],
    })
  })

  test('a port that changes writes the slice over instead of replacing it', () => {
    const before = slice('a', [endpoint(1)])
    const others = [{ name: '', port: 81, protocol: 'TCP' }]
    expect(planSlices([{ ports: others, endpoints: [endpoint(1)] }], [before])).toEqual({
      create: [],
      update: [{ slice: before, content: { ports: others, endpoints: [endpoint(1)] } }],
      remove: [],
    })
  })

  test('whatever was there: each endpoint once, no slice too full, nothing more to do afterwards', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 250 })
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 4 }), numbers, (before, wanted) => {
        const existing = before.map((each, at) =>
          slice(
            `s${at}`,
            each.slice(0, MAX_ENDPOINTS).map((n) => endpoint(n)),
          ),
        )
        const group = wanted.length === 0 ? [] : [{ ports, endpoints: wanted.map((n) => endpoint(n)) }]
        const plan = planSlices(group, existing)
        const after = existing
          .filter((each) => !plan.remove.includes(each))
          .map((each) => {
            const content = plan.update.find((update) => update.slice === each)?.content
            return content === undefined ? each : { ...each, endpoints: content.endpoints, ports: content.ports as typeof ports }
          })
          .concat(
            plan.create.map((content, at) => ({
              ...slice(`new${at}`, [...content.endpoints]),
              ports: content.ports as typeof ports,
            })),
          )
        const all = after.flatMap((each) => (each.endpoints ?? []).map(({ addresses }) => addresses[0]))
        expect(all.toSorted()).toEqual(wanted.map((n) => `10.0.0.${n}`).toSorted())
        expect(after.every((each) => (each.endpoints ?? []).length <= MAX_ENDPOINTS)).toBe(true)
        expect(planSlices(group, after)).toEqual({ create: [], update: [], remove: [] })
      }),
      { seed: 1, numRuns: 50 },
    )
  })
})
