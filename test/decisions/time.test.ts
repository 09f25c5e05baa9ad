import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scaledValue } from '../../model/intstr.ts'
import {
  formatDuration,
  formatMicroTime,
  formatTime,
  humanDuration,
  parseDuration,
  parseTime,
  timeError,
} from '../../model/time.ts'

const year = { min: Date.UTC(1, 0, 1), max: Date.UTC(9999, 11, 31) }

describe('times', () => {
  test('agree with the calendar of the language', () => {
    fc.assert(
      fc.property(fc.integer(year), (ms) => {
        const iso = new Date(ms).toISOString()
        expect(formatTime(ms)).toBe(`${iso.slice(0, 19)}Z`)
        expect(formatMicroTime(ms)).toBe(`${iso.slice(0, 23)}000Z`)
        expect(parseTime(iso)).toBeCloseTo(ms, 3)
        expect(parseTime(formatTime(ms))).toBe(Math.floor(ms / 1000) * 1000)
      }),
      { numRuns: 1000 },
    )
  })

  test('microseconds survive', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), fc.integer({ min: 0, max: 999_999 }), (seconds, micros) => {
        const text = `${formatTime(seconds * 1000).slice(0, -1)}.${String(micros).padStart(6, '0')}Z`
        expect(formatMicroTime(parseTime(text) ?? 0)).toBe(text)
      }),
    )
  })

  test.each([
    ['2026-11-25T12:00:00+02:00', '2026-11-25T10:00:00Z'],
    ['2026-11-25T12:00:00.999Z', '2026-11-25T12:00:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['1969-12-31T23:59:59.5-00:30', '1970-01-01T00:29:59Z'],
  ])('%s is %s', (text, utc) => {
    expect(formatTime(parseTime(text) ?? Number.NaN)).toBe(utc)
  })

  test.each([
    ['yesterday', 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
    ['2026-11-25', 'parsing time "2026-11-25" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
    ['2026-11-25T12:00:00', 'parsing time "2026-11-25T12:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'],
    ['2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
    ['2023-13-01T00:00:00Z', 'parsing time "2023-13-01T00:00:00Z": month out of range'],
    ['2023-12-01T00:00:00Zzz', 'parsing time "2023-12-01T00:00:00Zzz": extra text: "zz"'],
  ])('%s is refused', (text, message) => {
    expect(parseTime(text)).toBeUndefined()
    expect(timeError(text, false)).toBe(message)
  })

  test('ages in the words of kubectl', () => {
    const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]
    const ages: readonly (readonly [number, string])[] = [
      [-2 * second, '<invalid>'],
      [-second, '0s'],
      [119 * second, '119s'],
      [120 * second, '2m'],
      [150 * second, '2m30s'],
      [10 * minute, '10m'],
      [179 * minute, '179m'],
      [180 * minute, '3h'],
      [185 * minute, '3h5m'],
      [8 * hour, '8h'],
      [47 * hour, '47h'],
      [48 * hour, '2d'],
      [51 * hour, '2d3h'],
      [8 * day, '8d'],
      [729 * day, '729d'],
      [730 * day, '2y'],
      [800 * day, '2y70d'],
      [3000 * day, '8y'],
    ]
    for (const [ms, text] of ages) expect(humanDuration(ms)).toBe(text)
  })

  test('durations in the words of Go', () => {
    for (const text of ['0s', '1ns', '1.5µs', '30ms', '1m0s', '1h2m3.5s', '-2s', '100h0m0s']) {
      expect(formatDuration(parseDuration(text) ?? -1n)).toBe(text)
    }
    for (const text of ['', '1', '1x', 's', '1s ', '--1s']) expect(parseDuration(text)).toBeUndefined()
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }), (ns) => parseDuration(formatDuration(ns)) === ns))
  })

  test('numbers and percentages', () => {
    expect(scaledValue(3, 10, 'up')).toBe(3)
    expect(scaledValue('25%', 10, 'up')).toBe(3)
    expect(scaledValue('25%', 10, 'down')).toBe(2)
    expect(scaledValue('http', 10, 'down')).toBeUndefined()
  })
})
