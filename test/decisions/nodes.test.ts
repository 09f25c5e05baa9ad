// Taints that follow from conditions, evictions that follow from taints, and when they must wait.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventRecorder } from '../../actors/master/controllers/events.ts'
import { KeyedQueue } from '../../actors/master/controllers/keyed-queue.ts'
import { decideTaints } from '../../actors/master/controllers/node-taints/node-taints.ts'
import { evictionMs } from '../../actors/master/controllers/taint-eviction/taint-eviction.ts'
import { Deadlines } from '../../actors/master/deadlines.ts'
import { disruption, evictionsPerSecond, nextEvictionMs } from '../../actors/master/nodes/brakes.ts'
import type { Node, Taint, Toleration } from '../../model/schema/kinds/core-v1.ts'
import { bodyOf } from '../machines/controller-world.ts'

const taint = (text: string): Taint => {
  const [key = '', effect = ''] = text.split(':')
  return { key: key.startsWith('x') ? key : `node.kubernetes.io/${key}`, effect }
}
const node = (ready: string | undefined, taints: string[] = [], more: object = {}, conditions: object[] = []): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    spec: { taints: taints.map(taint), ...more },
    status: { conditions: [...(ready === undefined ? [] : [{ type: 'Ready', status: ready }]), ...conditions] },
  }) as unknown as Node

describe('taints', () => {
  test.each<[string, Node, string[] | null | undefined]>([
    ['ready, none', node('True'), undefined],
    ['new, nothing said yet', node(undefined), ['not-ready:NoSchedule']],
    ['not ready', node('False'), ['not-ready:NoSchedule', 'not-ready:NoExecute']],
    ['silent', node('Unknown'), ['unreachable:NoSchedule']],
    ['silent, given up: stays so', node('Unknown', ['unreachable:NoExecute', 'unreachable:NoSchedule']), undefined],
    ['back', node('True', ['unreachable:NoSchedule', 'unreachable:NoExecute']), null],
    [
      'back, but not ready',
      node('False', ['unreachable:NoSchedule', 'unreachable:NoExecute']),
      ['not-ready:NoSchedule', 'not-ready:NoExecute'],
    ],
    ['of somebody else', node('True', ['x:NoSchedule', 'not-ready:NoSchedule']), ['x:NoSchedule']],
    ['cordoned', node('True', [], { unschedulable: true }), ['unschedulable:NoSchedule']],
    ['under pressure', node('True', [], {}, [{ type: 'DiskPressure', status: 'True' }]), ['disk-pressure:NoSchedule']],
  ])('%s', (_, of, expected) => {
    const [wish] = decideTaints(of, 0).wishes
    const taints = (wish?.request.body as { value: { spec: { taints: Taint[] | null } } } | undefined)?.value.spec.taints
    expect(taints?.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`) ?? taints).toEqual(expected)
  })
})

describe('eviction', () => {
  const lost = taint('unreachable:NoExecute')
  const other = taint('x:NoExecute')
  test.each<[string, Toleration[], Taint[], number]>([
    ['not tolerated: at once', [], [lost], Number.NEGATIVE_INFINITY],
    ['tolerated for ever', [{ operator: 'Exists' }], [lost, other], Number.POSITIVE_INFINITY],
    ['for a while', [{ key: lost.key, operator: 'Exists', tolerationSeconds: 300 }], [lost], 301_000],
    ['no time at all', [{ key: lost.key, operator: 'Exists', tolerationSeconds: -5 }], [lost], 1000],
    ['one of two not', [{ key: lost.key, operator: 'Exists', tolerationSeconds: 300 }], [lost, other], Number.NEGATIVE_INFINITY],
    [
      'the shorter counts',
      [
        { key: 'x', operator: 'Exists', tolerationSeconds: 10 },
        { operator: 'Exists', tolerationSeconds: 300 },
      ],
      [lost, other],
      11_000,
    ],
  ])('%s', (_, tolerations, taints, expected) => {
    expect(evictionMs(tolerations, taints, () => 1000)).toBe(expected)
  })

  test.each([
    [3, 0, 'none'],
    [3, 1, 'none'],
    [3, 2, 'none'],
    [3, 3, 'full'],
    [1, 1, 'full'],
    [0, 0, 'none'],
    [5, 3, 'partial'],
    [8, 4, 'none'],
    [100, 55, 'partial'],
    [100, 100, 'full'],
  ] as const)('[I29] of %i nodes %i silent: %s', (nodes, silent, expected) => {
    expect(disruption(nodes, silent)).toBe(expected)
  })

  test.each([
    ['none', 3, 10],
    ['partial', 50, 0],
    ['partial', 51, 0.01],
    ['full', 1000, 0],
  ] as const)('[I29] %s in a zone of %i: %d a second', (state, nodes, expected) => {
    expect(evictionsPerSecond(state, nodes, 10)).toBe(expected)
  })

  test('[I29] one after the other', () => {
    expect([
      nextEvictionMs(10, undefined, 5),
      nextEvictionMs(10, 0, 60),
      nextEvictionMs(10, 0, 100),
      nextEvictionMs(0, 0, 9e9),
    ]).toEqual([0, 40, 0, Number.POSITIVE_INFINITY])
  })
})

test('deadlines come up as a sorted list would have them', () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant('set' as const), key: fc.integer({ min: 0, max: 5 }), at: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ op: fc.constant('delete' as const), key: fc.integer({ min: 0, max: 5 }), at: fc.constant(0) }),
    fc.record({ op: fc.constant('due' as const), key: fc.constant(0), at: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ op: fc.constant('first' as const), key: fc.constant(0), at: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new Deadlines()
      let model: { key: string; at: number }[] = []
      const sorted = () => model.toSorted((a, b) => a.at - b.at)
      for (const { op, key, at } of steps) {
        if (op === 'set') {
          heap.set(`k${key}`, at)
          model = [...model.filter((each) => each.key !== `k${key}`), { key: `k${key}`, at }]
        } else if (op === 'delete') {
          heap.delete(`k${key}`)
          model = model.filter((each) => each.key !== `k${key}`)
        } else if (op === 'first') {
          const [first] = sorted()
          expect(heap.takeFirst()).toBe(first?.key)
          model = model.filter((each) => each !== first)
        } else {
          const due = sorted().filter((each) => each.at <= at)
          expect(heap.takeDue(at)).toEqual(due.map((each) => each.key))
          model = model.filter((each) => each.at > at)
        }
        expect([heap.next(), heap.size]).toEqual([sorted()[0]?.at, model.length])
      }
    }),
    { seed: 1 },
  )
})

describe("a controller's queue", () => {
  test('a key once, in the order of arrival, and again if it changed in flight', () => {
    const queue = new KeyedQueue()
    for (const key of ['b', 'a', 'b']) queue.add(key)
    expect(queue.take(0, 1)).toEqual(['b'])
    queue.add('b')
    expect([queue.take(0, 2), queue.take(0, 2)]).toEqual([['a'], []])
    queue.done('a', 0)
    queue.done('b', 0)
    expect(queue.take(0, 2)).toEqual(['b'])
  })

  test('backs off 5 ms, twice as long each time, until it succeeds; a change does not wait', () => {
    const queue = new KeyedQueue()
    queue.add('a')
    for (const waitMs of [5, 10, 20, 40]) {
      queue.take(0, 1)
      queue.failed('a', 0)
      expect([queue.nextDueMs, queue.take(waitMs - 1, 1), queue.hasFailed]).toEqual([waitMs, [], true])
      queue.add('a')
    }
    queue.take(0, 1)
    queue.done('a', 0, 100)
    expect([queue.hasFailed, queue.nextDueMs, queue.take(99, 1), queue.take(100, 1)]).toEqual([false, 100, [], ['a']])
  })
})

describe('events', () => {
  const note = (message: string, name = 'web') => ({
    type: 'Normal' as const,
    about: { kind: 'Pod', namespace: 'default', name, uid: name },
    reason: 'Said',
    message,
  })
  const of = (request: ReturnType<EventRecorder['record']>) =>
    request ? `${request.verb} ${bodyOf<{ count: number }>(request).count}` : undefined

  test('equal ones are counted on one object', () => {
    const recorder = new EventRecorder('c')
    expect([of(recorder.record(note('a'), 0)), of(recorder.record(note('a'), 1)), of(recorder.record(note('b'), 2))]).toEqual([
      'create 1',
      'patch 2',
      'create 1',
    ])
  })

  test('ever new messages of one reason are folded together', () => {
    const recorder = new EventRecorder('c')
    const verbs = Array.from({ length: 12 }, (_, n) => recorder.record(note(`message ${n}`), n)?.verb)
    expect(verbs).toEqual([...Array(11).fill('create'), 'patch'])
    expect(bodyOf<{ message: string }>(recorder.record(note('another'), 20)).message).toBe(
      '(combined from similar events): another',
    )
  })

  test('an object that says too much is cut off, others are not; it may speak again later', () => {
    const recorder = new EventRecorder('c')
    const told = Array.from({ length: 40 }, () => recorder.record(note('a'), 0)).filter((each) => each !== undefined)
    expect(told).toHaveLength(25)
    expect(recorder.record(note('a', 'other'), 0)).toBeDefined()
    expect([recorder.record(note('a'), 299_000), recorder.record(note('a'), 300_000)?.verb]).toEqual([undefined, 'patch'])
  })

  test('one that has expired is made anew', () => {
    const recorder = new EventRecorder('c')
    const created = recorder.record(note('a'), 0)
    recorder.forget(bodyOf<{ metadata: { name: string } }>(created).metadata.name)
    expect(recorder.record(note('a'), 5)?.verb).toBe('create')
  })
})
