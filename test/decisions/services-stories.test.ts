// Any story of slices, pods and one node: nobody is told that a pod may stop while that node may still choose it.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Withdrawals } from '../../actors/master/services/withdrawals.ts'
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import type { EndpointSlice } from '../../model/schema/kinds/discovery-v1.ts'

const going = (uid: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: uid, namespace: 'default', uid, deletionTimestamp: '2026-11-25T00:00:00Z' },
  spec: { containers: [], nodeName: 'node-1' },
})
const slice = (name: string, uids: readonly string[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'default' },
  addressType: 'IPv4',
  endpoints: uids.map((uid) => ({
    addresses: ['127.1.1.2'],
    conditions: { ready: true },
    targetRef: { kind: 'Pod', namespace: 'default', name: uid, uid },
  })),
})

it('no pod is told to stop while a node may choose it, and what is gone is forgotten [P5]', () => {
  const step = fc.record({
    what: fc.constantFrom('slice', 'no slice', 'go', 'gone', 'take', 'again'),
    name: fc.constantFrom('one', 'two'),
    pods: fc.subarray(['p', 'q', 'r']),
    uid: fc.constantFrom('p', 'q', 'r'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const withdrawals = new Withdrawals()
      const slices = new Map<string, EndpointSlice>()
      /** Slices as the only node has programmed them. */
      let programmed = new Map<string, EndpointSlice>()
      let revision = 0
      let floor = 0
      const isChosen = (uid: string): boolean =>
        [...programmed.values()].some(({ endpoints }) => endpoints?.some(({ targetRef }) => targetRef?.uid === uid))
      for (const { what, name, pods, uid } of steps) {
        revision += 1
        const before = slices.get(name)
        if (what === 'slice') {
          const after = slice(name, pods)
          slices.set(name, after)
          withdrawals.sliceChanged(before, after, revision)
        } else if (what === 'no slice') {
          slices.delete(name)
          if (before) withdrawals.sliceChanged(before, undefined, revision)
        } else if (what === 'go') withdrawals.podChanged(going(uid), true)
        else if (what === 'gone') withdrawals.podChanged(going(uid), false)
        else if (what === 'again') withdrawals.again('node-1')
        else {
          for (const told of withdrawals.take(floor)) expect(isChosen(told.uid)).toBe(false)
          programmed = new Map(slices)
          floor = revision
          for (const told of withdrawals.take(floor)) expect(isChosen(told.uid)).toBe(false)
        }
      }
      for (const uid of ['p', 'q', 'r']) withdrawals.podChanged(going(uid), false)
      for (const before of slices.values()) withdrawals.sliceChanged(before, undefined, revision + 1)
      withdrawals.take(revision + 1)
      expect(withdrawals.size).toBe(0)
    }),
    { numRuns: 500, seed: 20_261_125 },
  )
})
