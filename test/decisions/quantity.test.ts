import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantityError,
  quantityFromMillis,
  quantityMillis,
  quantityValue,
  roundUpToMilli,
  subtractQuantities,
} from '../../model/quantity.ts'

describe('quantities', () => {
  // What a real API server answers to each.
  test.each([
    ['1', '1'],
    ['1000m', '1'],
    ['1.5', '1500m'],
    ['0.5', '500m'],
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['1k', '1k'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['1Ki', '1Ki'],
    ['1.5Gi', '1536Mi'],
    ['0.1Gi', '107374182400m'],
    ['1024Mi', '1Gi'],
    ['1000000000000', '1T'],
    ['12e6', '12e6'],
    ['1E', '1E'],
    ['0', '0'],
    ['0.000', '0'],
    ['-0', '0'],
    ['+5', '+5'],
    ['1.0', '1'],
    ['1Ei', '1Ei'],
    ['9223372036854775807', '9223372036854775807'],
    ['9223372036854775808', '9223372036854775808'],
    ['123456789012345678901', '123456789012345678901'],
    ['.5', '500m'],
    ['5.', '5.'],
    ['1.25Ki', '1280'],
    ['0.5Ki', '512'],
    ['100m', '100m'],
    ['3e-3', '3e-3'],
    ['Gi', '0'],
    ['16Ei', '9223372036854775807'],
    ['0.1n', '1n'],
    ['-0.1n', '-1n'],
    ['1500e-3', '1500e-3'],
    ['1e-12', '1e-9'],
    ['2048e3', '2048e3'],
    ['1000e3', '1e6'],
    ['1536Mi', '1536Mi'],
  ])('%s is answered as %s', (text, answer) => {
    expect(canonicalQuantity(text)).toBe(answer)
  })

  test.each(['', 'abc', '1 Gi', '1KiB', '0x10', '1,5', '٣', ' 1', '1 ', '1.1.1'])('%j is not of the form', (text) => {
    expect(() => parseQuantity(text)).toThrow('quantities must match the regular expression')
  })

  test.each(['1kk', '--1', '1e', '1Mi5', '1ki', '1e1000000000', '1mm'])('%j has no known suffix', (text) => {
    expect(() => parseQuantity(text)).toThrow("unable to parse quantity's suffix")
  })

  test.each([
    ['0.0001', '1m'],
    ['100n', '1m'],
    ['1.0005', '1001m'],
    ['+5', '+5'],
    ['1.5Gi', '1536Mi'],
    ['-1n', '-1m'],
    ['0', '0'],
  ])('%s in a resource list is %s', (text, rounded) => {
    expect(roundUpToMilli(text)).toBe(rounded)
  })

  const amounts = fc.tuple(
    fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'e2', 'e-5', 'E4'),
  )
  const texts = amounts.map(([digits, suffix]) => `${digits}${suffix}`)

  test('the canonical form has the same value and is its own canonical form', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const canonical = canonicalQuantity(text)
        expect(compareQuantities(parseQuantity(canonical), parseQuantity(text))).toBe(0)
        expect(canonicalQuantity(canonical)).toBe(canonical)
        const formatted = formatQuantity(parseQuantity(text))
        expect(formatQuantity(parseQuantity(formatted))).toBe(formatted)
      }),
    )
  })

  test('sums and differences undo each other', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const [x, y] = [parseQuantity(a), parseQuantity(b)]
        expect(subtractQuantities(addQuantities(x, y), y).nanos).toBe(x.nanos)
      }),
    )
  })

  test('any text gives a quantity or a QuantityError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.eEinumkKMGTP]{0,12}$/)), (text) => {
        try {
          parseQuantity(text)
        } catch (error) {
          expect(error).toBeInstanceOf(QuantityError)
        }
      }),
    )
  })

  test('values and thousandths are rounded up', () => {
    expect(quantityValue(parseQuantity('1500m'))).toBe(2)
    expect(quantityValue(parseQuantity('1Gi'))).toBe(1073741824)
    expect(quantityMillis(parseQuantity('0.0001'))).toBe(1)
    expect(quantityMillis(parseQuantity('2'))).toBe(2000)
    expect(formatQuantity(quantityFromMillis(1500))).toBe('1500m')
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi')))).toBe('1Gi')
    expect(formatQuantity(subtractQuantities(parseQuantity('1Gi'), parseQuantity('512Mi')))).toBe('512Mi')
  })
})
