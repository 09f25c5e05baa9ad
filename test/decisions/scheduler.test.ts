// Where pods go and why not: filters in Kubernetes' words, scores, queue.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NodeCache, needsOf } from '../../actors/master/scheduler/node-cache.ts'
import { nodesToFind, place } from '../../actors/master/scheduler/placement.ts'
import { PodQueue } from '../../actors/master/scheduler/pod-queue.ts'
import { podRequests } from '../../actors/master/scheduler/requests.ts'
import { tolerates } from '../../actors/master/scheduler/tolerations.ts'
import type { Node, Pod, PodSpec, Taint, Toleration } from '../../model/schema/kinds/core-v1.ts'
import { readyNode, seeded } from '../machines/controller-world.ts'

const pod = (spec: Partial<PodSpec> = {}, name = 'p', labels: Record<string, string> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels },
  spec: { containers: [{ name: 'c' }], ...spec },
})
const asking = (requests: Record<string, string>): Partial<PodSpec> => ({ containers: [{ name: 'c', resources: { requests } }] })
const node = (name: string, more: Parameters<typeof readyNode>[1] = {}, spec: object = {}): Node =>
  ({ ...readyNode(name, more), spec }) as unknown as Node

function cacheOf(...nodes: Node[]): NodeCache {
  const cache = new NodeCache()
  for (const each of nodes) cache.setNode(each)
  return cache
}
const placed = (wanted: Pod, cache: NodeCache) => place(wanted, needsOf(wanted), cache, seeded(1))
const said = (wanted: Pod, ...nodes: Node[]) => {
  const placement = placed(wanted, cacheOf(...nodes))
  return placement.nodeName === undefined ? placement.message.split(' preemption')[0] : placement.nodeName
}

const tainted = (effect: string) => node('a', {}, { taints: [{ key: 'k', value: 'v', effect }] })
const term = (operator: string, values?: string[]) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator, values }] }],
      },
    },
  },
})
const ssd = node('a', { labels: { disk: 'ssd', size: '4' } })

describe('filters [D3]', () => {
  test.each<[string, Pod, Node[], string]>([
    ['no nodes', pod(), [], 'no nodes available to schedule pods'],
    ['fits', pod(asking({ cpu: '4' })), [node('a')], 'a'],
    ['too much CPU', pod(asking({ cpu: '4001m' })), [node('a')], '0/1 nodes are available: 1 Insufficient cpu.'],
    [
      'several resources at once',
      pod(asking({ cpu: '5', memory: '9Gi', 'example.com/gpu': '1' })),
      [node('a'), node('b', { cpu: '8' })],
      '0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient example.com/gpu, 2 Insufficient memory.',
    ],
    ['too many pods', pod(), [node('a', { pods: '0' })], '0/1 nodes are available: 1 Too many pods.'],
    ['cordoned', pod(), [node('a', {}, { unschedulable: true })], '0/1 nodes are available: 1 node(s) were unschedulable.'],
    [
      'cordoned, tolerated',
      pod({ tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] }),
      [node('a', {}, { unschedulable: true })],
      'a',
    ],
    ['tainted', pod(), [tainted('NoSchedule')], '0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.'],
    ['tainted NoExecute', pod(), [tainted('NoExecute')], '0/1 nodes are available: 1 node(s) had untolerated taint {k: v}.'],
    ['only preferred', pod(), [tainted('PreferNoSchedule')], 'a'],
    ['tolerated', pod({ tolerations: [{ key: 'k', value: 'v' }] }), [tainted('NoSchedule')], 'a'],
    ['nodeSelector', pod({ nodeSelector: { disk: 'ssd' } }), [node('x'), ssd], 'a'],
    [
      'nodeSelector nowhere',
      pod({ nodeSelector: { disk: 'hdd' } }),
      [ssd],
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    ],
    ['affinity In', pod(term('In', ['ssd'])), [node('x'), ssd], 'a'],
    ['affinity NotIn', pod(term('NotIn', ['ssd'])), [node('x'), ssd], 'x'],
    ['affinity DoesNotExist', pod(term('DoesNotExist')), [node('x'), ssd], 'x'],
    [
      'a mixture, sorted',
      pod(asking({ cpu: '5' })),
      [node('a'), node('b'), node('c', {}, { unschedulable: true })],
      '0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.',
    ],
  ])('%s', (_, wanted, nodes, expected) => {
    expect(said(wanted, ...nodes)).toBe(expected)
  })

  test('says what preemption could do', () => {
    const placement = placed(pod(asking({ cpu: '5' })), cacheOf(node('a'), node('b', { cpu: '8' }, { unschedulable: true })))
    expect(placement).toMatchObject({
      message:
        '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
      perNode: { a: 'Insufficient cpu', b: 'node(s) were unschedulable' },
    })
  })

  test.each([
    [{ hostPort: 80 }, { hostPort: 80 }, false],
    [{ hostPort: 80, hostIP: '10.0.0.1' }, { hostPort: 80 }, false],
    [{ hostPort: 80, hostIP: '10.0.0.1' }, { hostPort: 80, hostIP: '10.0.0.2' }, true],
    [{ hostPort: 80, protocol: 'UDP' }, { hostPort: 80 }, true],
    [{ hostPort: 81 }, { hostPort: 80 }, true],
  ])('host ports %j and %j together: %s', (first, second, together) => {
    const withPort = (port: object, name: string) =>
      pod({ containers: [{ name: 'c', ports: [{ containerPort: 1, ...port }] }] }, name)
    const cache = cacheOf(node('a'))
    cache.setPod('default/x', 'a', needsOf(withPort(first, 'x')))
    expect(placed(withPort(second, 'y'), cache).nodeName !== undefined).toBe(together)
  })
})

test.each<[Partial<PodSpec>, Record<string, number>]>([
  [asking({ cpu: '100m', memory: '1Ki' }), { cpu: 100, memory: 1024 }],
  [{ ...asking({ cpu: '100m' }), overhead: { cpu: '10m' } }, { cpu: 110 }],
  [{ ...asking({ cpu: '100m' }), initContainers: [{ name: 'i', resources: { requests: { cpu: '300m' } } }] }, { cpu: 300 }],
  [
    {
      ...asking({ cpu: '100m' }),
      initContainers: [
        { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '50m' } } },
        { name: 'i', resources: { requests: { cpu: '300m' } } },
      ],
    },
    { cpu: 350 },
  ],
  [{ ...asking({ cpu: '100m' }), resources: { requests: { cpu: '1' } } }, { cpu: 1000 }],
])('%j asks for %j', (spec, expected) => {
  expect(podRequests({ containers: [], ...spec })).toEqual(expected)
})

test.each<[Toleration, Taint, boolean]>([
  [{ operator: 'Exists' }, { key: 'k', effect: 'NoExecute' }, true],
  [{ key: 'k', operator: 'Exists' }, { key: 'k', value: 'v', effect: 'NoSchedule' }, true],
  [{ key: 'k', value: 'w' }, { key: 'k', value: 'v', effect: 'NoSchedule' }, false],
  [{ key: 'k', value: 'v', effect: 'NoExecute' }, { key: 'k', value: 'v', effect: 'NoSchedule' }, false],
  [{ key: 'other', operator: 'Exists' }, { key: 'k', effect: 'NoSchedule' }, false],
  [{ value: '' }, { key: 'k', effect: 'NoSchedule' }, false],
])('%j tolerates %j: %s', (toleration, taint, expected) => {
  expect(tolerates(toleration, taint)).toBe(expected)
})

describe('scores [D4]', () => {
  test('a workload is spread before anything is filled', () => {
    const cache = cacheOf(node('a'), node('b'), node('c'))
    const nodes = Array.from({ length: 6 }, (_, n) => {
      const wanted = pod(asking({ cpu: '100m' }), `p${n}`, { app: 'web' })
      const { nodeName } = placed(wanted, cache)
      cache.setPod(`default/p${n}`, nodeName ?? '', needsOf(wanted))
      return nodeName
    })
    expect(nodes.toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
  })

  test('the emptier node, the preferred node, the node that does not mind', () => {
    const cache = cacheOf(node('a'), node('b'))
    cache.setPod('default/x', 'a', needsOf(pod(asking({ cpu: '3', memory: '6Gi' }))))
    expect(placed(pod(), cache).nodeName).toBe('b')
    const preferred = {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
          ],
        },
      },
    }
    expect(said(pod(preferred), node('x'), node('y'), ssd)).toBe('a')
    expect(said(pod(), tainted('PreferNoSchedule'), node('b'))).toBe('b')
  })

  test('the lot among equals falls on all of them, and the same way each time', () => {
    const draw = (seed: number) => {
      const random = seeded(seed)
      const cache = cacheOf(node('a'), node('b'), node('c'))
      return Array.from({ length: 30 }, () => place(pod(), needsOf(pod()), cache, random).nodeName)
    }
    expect(new Set(draw(7)).size).toBe(3)
    expect(draw(7)).toEqual(draw(7))
  })

  test('looks at all of few nodes and at a share of many', () => {
    expect([1, 100, 200, 1000, 5000, 10_000].map(nodesToFind)).toEqual([1, 100, 100, 420, 500, 500])
  })
})

describe('the cache', () => {
  test('[I14] is the sum of what is there, in whatever order it came', () => {
    const step = fc.record({
      pod: fc.integer({ min: 0, max: 5 }),
      node: fc.constantFrom('a', 'b', 'later'),
      cpu: fc.integer({ min: 0, max: 9 }),
      gone: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const cache = cacheOf(node('a'), node('b'))
        const expected = new Map<string, { node: string; cpu: number }>()
        for (const { pod: n, node: nodeName, cpu, gone } of steps) {
          const key = `default/p${n}`
          if (gone) expect(cache.removePod(key)).toBe(expected.delete(key))
          else {
            cache.setPod(key, nodeName, needsOf(pod(asking({ cpu: `${cpu}m` }))))
            expected.set(key, { node: nodeName, cpu })
          }
        }
        cache.setNode(node('later'))
        for (const info of cache.nodes()) {
          const here = [...expected.values()].filter((each) => each.node === info.name)
          expect([info.pods.size, info.requested.cpu ?? 0]).toEqual([here.length, here.reduce((sum, { cpu }) => sum + cpu, 0)])
        }
      }),
    )
  })
})

describe('the queue', () => {
  test('highest priority first, then the order of arrival', () => {
    const queue = new PodQueue()
    for (const [key, priority] of [
      ['a', 0],
      ['b', 5],
      ['c', 0],
      ['d', 5],
    ] as const)
      queue.add(key, priority)
    expect([1, 2, 3, 4, 5].map(() => queue.take(0))).toEqual(['b', 'd', 'a', 'c', undefined])
  })

  test('backs off 1 s, 2 s, 4 s, at most 10 s [D6]', () => {
    const queue = new PodQueue()
    queue.add('a', 0)
    const waits: number[] = []
    for (let attempt = 0, nowMs = 0; attempt < 6; attempt += 1) {
      expect(queue.take(nowMs)).toBe('a')
      queue.failed('a', nowMs)
      waits.push((queue.nextDueMs ?? 0) - nowMs)
      nowMs = queue.nextDueMs ?? 0
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
  })

  test('an unschedulable pod waits for a change, its back-off all the same, or five minutes', () => {
    const queue = new PodQueue()
    queue.add('a', 0)
    queue.take(0)
    queue.unschedulable('a', 0)
    expect([queue.take(299_999), queue.nextDueMs]).toEqual([undefined, 300_000])
    queue.retryUnschedulable(500)
    expect([queue.take(999), queue.take(1000)]).toEqual([undefined, 'a'])
    queue.unschedulable('a', 1000)
    expect(queue.take(301_000)).toBe('a')
    queue.unschedulable('a', 301_000)
    queue.delete('a')
    queue.retryUnschedulable(400_000)
    expect([queue.take(900_000), queue.waitingCount]).toEqual([undefined, 0])
  })
})
