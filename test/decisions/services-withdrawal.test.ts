import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Floor, NOBODY } from '../../actors/master/services/floor.ts'
import { ServiceLedger } from '../../actors/master/services/service-ledger.ts'
import { Withdrawals } from '../../actors/master/services/withdrawals.ts'
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import type { EndpointSlice } from '../../model/schema/kinds/discovery-v1.ts'

describe('the floor', () => {
  it('does not wait for nodes that are not ready, and waits for those that have said nothing', () => {
    const floor = new Floor()
    expect(floor.revision).toBe(NOBODY)
    floor.programmed('a', 7)
    expect(floor.revision).toBe(NOBODY)
    floor.ready('a')
    expect(floor.revision).toBe(7)
    floor.ready('b')
    expect(floor.revision).toBe(0)
    floor.programmed('b', 9)
    expect(floor.revision).toBe(7)
    floor.lost('a')
    expect(floor.revision).toBe(9)
  })

  it('knows what a node that was suspected for a moment has programmed: it will not report it again', () => {
    const floor = new Floor()
    floor.ready('a')
    floor.programmed('a', 7)
    floor.lost('a')
    floor.ready('a')
    expect(floor.revision).toBe(7)
    floor.gone('a')
    floor.ready('a')
    expect(floor.revision).toBe(0)
  })

  it('is the least of all ready nodes after any story', () => {
    const node = fc.constantFrom('a', 'b', 'c', 'd')
    const step = fc.record({ what: fc.constantFrom('ready', 'lost', 'gone', 'programmed'), node, revision: fc.nat({ max: 5 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const floor = new Floor()
        const ready = new Set<string>()
        const programmed = new Map<string, number>()
        for (const { what, node, revision } of steps) {
          if (what === 'ready') {
            floor.ready(node)
            ready.add(node)
          } else if (what === 'programmed') {
            floor.programmed(node, revision)
            programmed.set(node, Math.max(programmed.get(node) ?? 0, revision))
          } else {
            ready.delete(node)
            if (what === 'gone') {
              floor.gone(node)
              programmed.delete(node)
            } else floor.lost(node)
          }
          expect(floor.revision).toBe(Math.min(NOBODY, ...[...ready].map((name) => programmed.get(name) ?? 0)))
        }
      }),
    )
  })
})

const slice = (name: string, pods: Readonly<Record<string, object>>) =>
  ({
    metadata: { namespace: 'default', name },
    endpoints: Object.entries(pods).map(([uid, conditions]) => ({
      addresses: ['a'],
      targetRef: { kind: 'Pod', uid },
      conditions,
    })),
  }) as unknown as EndpointSlice
const READY = { ready: true }
const GOING = { ready: false, serving: true, terminating: true }
const pod = (uid: string, going = true) =>
  ({
    metadata: { uid, ...(going ? { deletionTimestamp: '2026-11-25T00:00:00Z' } : {}) },
    spec: { nodeName: 'node-1' },
  }) as unknown as Pod
const P = { uid: 'p', nodeName: 'node-1' }

describe('withdrawal', () => {
  it('waits for the slice, then for the nodes, and is told once', () => {
    const withdrawals = new Withdrawals()
    withdrawals.sliceChanged(undefined, slice('s', { p: READY }), 1)
    expect(withdrawals.podChanged(pod('p'), true)).toBe(true)
    expect(withdrawals.take(9)).toEqual([])
    withdrawals.sliceChanged(slice('s', { p: READY }), slice('s', { p: GOING }), 10)
    expect(withdrawals.take(9)).toEqual([])
    expect(withdrawals.take(10)).toEqual([P])
    expect(withdrawals.podChanged(pod('p'), true)).toBe(false)
    expect(withdrawals.take(11)).toEqual([])
  })

  it.each<[string, (withdrawals: Withdrawals) => void, boolean]>([
    ['a pod in no slice: at once', () => {}, true],
    ['a pod listed as not ready: at once', (w) => w.sliceChanged(undefined, slice('s', { p: { ready: false } }), 1), true],
    // It left the slice before it was deleted, and a node has not heard.
    [
      'a pod that has just left its slice: not yet',
      (w) => {
        w.sliceChanged(undefined, slice('s', { p: READY }), 1)
        w.sliceChanged(slice('s', { p: READY }), slice('s', { p: { ready: false } }), 6)
      },
      false,
    ],
    [
      'a pod still in a second slice: not yet',
      (w) => {
        w.sliceChanged(undefined, slice('s', { p: READY }), 1)
        w.sliceChanged(undefined, slice('t', { p: READY }), 1)
        w.sliceChanged(slice('s', { p: READY }), undefined, 2)
      },
      false,
    ],
    [
      'published although not ready: at once',
      (w) => w.sliceChanged(undefined, slice('s', { p: { ready: true, terminating: true } }), 1),
      true,
    ],
  ])('%s', (_, before, atOnce) => {
    const withdrawals = new Withdrawals()
    before(withdrawals)
    withdrawals.podChanged(pod('p'), true)
    expect(withdrawals.take(5)).toEqual(atOnce ? [P] : [])
  })

  it('is told again to a node that has connected anew', () => {
    const withdrawals = new Withdrawals()
    withdrawals.podChanged(pod('p'), true)
    withdrawals.take(5)
    withdrawals.again('node-2')
    expect(withdrawals.take(5)).toEqual([])
    withdrawals.again('node-1')
    expect(withdrawals.take(5)).toEqual([P])
  })

  it('remembers nothing of pods that are gone', () => {
    const withdrawals = new Withdrawals()
    for (let round = 0; round < 100; round++) {
      const uid = `p${round}`
      withdrawals.sliceChanged(undefined, slice('s', { [uid]: READY }), round)
      withdrawals.podChanged(pod(uid, false), true)
      withdrawals.podChanged(pod(uid), true)
      withdrawals.sliceChanged(slice('s', { [uid]: READY }), undefined, round)
      withdrawals.take(round)
      withdrawals.podChanged(pod(uid), false)
    }
    expect(withdrawals.size).toBe(0)
  })
})

describe('the ledger', () => {
  it('tells of a change once and of having caught up once', () => {
    const ledger = new ServiceLedger()
    ledger.wanted('u', 'default', 'web', 5)
    const news = new Map([['default', [{ uid: 'u', name: 'web', revision: 5, removed: false }]]])
    expect([ledger.takeChanged(), ledger.takeChanged()]).toEqual([news, new Map()])
    expect([ledger.takeProgrammed(4), ledger.takeProgrammed(5), ledger.takeProgrammed(6)]).toEqual([new Map(), news, new Map()])
  })

  it('where nobody is ready nothing serves, but what is gone is let go', () => {
    const ledger = new ServiceLedger()
    ledger.wanted('u', 'default', 'web', 5)
    expect(ledger.takeProgrammed(NOBODY).size).toBe(0)
    ledger.removed('u', 6)
    expect(ledger.isEmpty('default')).toBe(false)
    expect(ledger.takeProgrammed(NOBODY).get('default')?.[0]?.removed).toBe(true)
    expect(ledger.isEmpty('default')).toBe(true)
  })
})
