// Exact and semantic equality of JSON.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { equalJson, semanticallyEqual } from '../../model/equality.ts'

it.each<[unknown, unknown, boolean, boolean]>([
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true, true],
  [[1, 2], [2, 1], false, false],
  [{ a: undefined }, {}, false, true],
  [{ a: null }, {}, false, true],
  [{ a: [] }, {}, false, true],
  [{ a: {} }, { a: null }, false, true],
  [{ a: { b: [] } }, {}, false, false],
  [{ a: 0 }, {}, false, false],
  [{ a: '' }, {}, false, false],
  [[null], [], false, false],
  [[{ a: null }], [{}], false, true],
  ['1', 1, false, false],
  [{ length: 0 }, [], false, false],
  [{ constructor: Object }, {}, false, false],
  [JSON.parse('{"__proto__":1}'), {}, false, false],
])('%j and %j', (a, b, exactly, semantically) => {
  expect([equalJson(a, b), equalJson(b, a)]).toEqual([exactly, exactly])
  expect([semanticallyEqual(a, b), semanticallyEqual(b, a)]).toEqual([semantically, semantically])
})

it('a copy is equal, and what is equal exactly is so semantically', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(equalJson(a, JSON.parse(JSON.stringify(a)))).toBe(true)
      if (equalJson(a, b)) expect(semanticallyEqual(a, b)).toBe(true)
    }),
  )
})
