// Which pod of a node has which address.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AddressPool } from '../../actors/kubelet/addresses.ts'

const pool = (cidr = '127.64.1.0/24'): AddressPool => {
  const made = new AddressPool()
  made.setRange(cidr)
  return made
}

test('in turn from the second address of the range', () => {
  const addresses = pool()
  expect(['a', 'b', 'a'].map((uid) => addresses.claim(uid, undefined))).toEqual(['127.64.1.1', '127.64.1.2', '127.64.1.1'])
})

test('what a pod has it keeps; what another has it does not get', () => {
  const addresses = pool()
  expect(addresses.claim('a', '127.64.1.9')).toBe('127.64.1.9')
  expect(addresses.claim('b', '127.64.1.9')).toBe('127.64.1.1')
})

test('an address is not soon given again', () => {
  const addresses = pool()
  addresses.claim('a', undefined)
  addresses.release('a')
  expect(addresses.claim('b', undefined)).toBe('127.64.1.2')
})

test.each([
  ['127.64.1.0/29', 6],
  ['127.64.1.4/30', 2],
  ['127.64.1.0/31', 0],
  ['', 0],
  ['nonsense', 0],
  ['300.0.0.0/24', 0],
])('%s holds %i pods', (cidr, count) => {
  const addresses = pool(cidr)
  const claimed = Array.from({ length: 300 }, (_, i) => addresses.claim(String(i), undefined)).filter(Boolean)
  expect([claimed.length, new Set(claimed).size]).toEqual([count, count])
})

test('whatever is claimed and released, no two pods share one, and none is lost', () => {
  const steps = fc.array(fc.record({ claim: fc.boolean(), uid: fc.integer({ min: 0, max: 9 }) }), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (taken) => {
      const addresses = pool('127.64.1.0/29')
      const held = new Map<number, string>()
      for (const { claim, uid } of taken) {
        if (!claim) {
          addresses.release(String(uid))
          held.delete(uid)
          continue
        }
        const address = addresses.claim(String(uid), undefined)
        expect(address === undefined).toBe(!held.has(uid) && held.size === 6)
        if (address) held.set(uid, address)
        expect(new Set(held.values()).size).toBe(held.size)
      }
    }),
  )
})
