// Times and durations as Kubernetes writes them. A time is milliseconds since 1970 in UTC; microseconds are its fraction.

const DAY_MS = 86_400_000

/** Days since 1970-01-01 of a date of the civil calendar (proleptic Gregorian); eras of 400 years repeat exactly. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  }
}

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`)

function toTheSecond(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const rest = seconds - days * 86_400
  const { year, month, day } = civilFromDays(days)
  const clock = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}`
}

/** metav1.Time: `2026-11-25T12:00:00Z`; what is less than a second is dropped. */
export const formatTime = (ms: number): string => `${toTheSecond(Math.floor(ms / 1000))}Z`

/** metav1.MicroTime: always six digits, `2026-11-25T12:00:00.000000Z`. */
export function formatMicroTime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const micros = Math.round((ms - seconds * 1000) * 1000)
  return micros === 1_000_000
    ? formatMicroTime((seconds + 1) * 1000)
    : `${toTheSecond(seconds)}.${String(micros).padStart(6, '0')}Z`
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(?:Z|([+-])(\d\d):(\d\d))$/

/** Milliseconds of an RFC 3339 time, with a fraction where the text has one; undefined for what is none. */
export function parseTime(text: string): number | undefined {
  const match = rfc3339.exec(text)
  if (!match) return undefined
  const part = (i: number): number => Number(match[i])
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const offset = match[8] === undefined ? 0 : (match[8] === '-' ? -1 : 1) * (part(9) * 60 + part(10))
  if (match[8] !== undefined && (part(9) > 24 || part(10) > 60)) return undefined
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7].slice(1, 10)}`) * 1000
  const whole = daysFromCivil(year, month, day) * DAY_MS + ((hour * 60 + minute - offset) * 60 + second) * 1000
  return whole + fraction
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Why Go would not parse a time, in Go's words: at which element of the layout it stopped, or what is out of range. */
export function timeError(text: string, micro: boolean): string {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00'
  let rest = text
  for (const [element, pattern] of micro ? microElements : elements) {
    const match = pattern.exec(rest)
    if (!match) return `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(rest)} as "${element}"`
    rest = rest.slice(match[0].length)
  }
  if (rest !== '') return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`
  return `parsing time ${JSON.stringify(text)}: ${outOfRange(text)} out of range`
}

function outOfRange(text: string): string {
  const at = (from: number): number => Number(text.slice(from, from + 2))
  if (at(5) < 1 || at(5) > 12) return 'month'
  if (at(11) > 23) return 'hour'
  if (at(14) > 59) return 'minute'
  return at(17) > 59 ? 'second' : 'day'
}

type LayoutElement = readonly [element: string, pattern: RegExp]
const untilSeconds: readonly LayoutElement[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
]
const zone: LayoutElement = ['Z07:00', /^(?:Z|[+-]\d\d:\d\d)/]
const elements: readonly LayoutElement[] = [...untilSeconds, ['05', /^\d\d(?:[.,]\d+)?/], zone]
const microElements: readonly LayoutElement[] = [...untilSeconds, ['05', /^\d\d/], ['.000000', /^[.,]\d{6}(?!\d)/], zone]

/**
 * An age as kubectl and Tables print it, with two units at most: 90 s → `90s`, 150 s → `2m30s`, 3 h 5 min → `3h5m`.
 * Clocks may differ by a second; what lies further in the future is `<invalid>`.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 24 * 8) return withRest(days, 'd', hours % 24, 'h')
  if (days < 365 * 2) return `${days}d`
  const years = Math.trunc(days / 365)
  return days < 365 * 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`
}

const withRest = (n: number, unit: string, rest: number, restUnit: string): string =>
  rest === 0 ? `${n}${unit}` : `${n}${unit}${rest}${restUnit}`

const nanosOf: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** Go's text of a duration, `1h2m3.5s`, as nanoseconds; undefined for what is none. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)
  if (!match) return /^[+-]?0$/.test(text) ? 0n : undefined
  let total = 0n
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const nanos = nanosOf[unit] ?? 0n
    total += BigInt(whole || '0') * nanos + (BigInt(fraction || '0') * nanos) / 10n ** BigInt(fraction.length)
  }
  return text.startsWith('-') ? -total : total
}

/** As Go prints a duration: `1h2m3.5s`, `1.5ms`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  if (nanos < 0n) return `-${formatDuration(-nanos)}`
  if (nanos < 1_000n) return `${nanos}ns`
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}µs`
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 6)}ms`
  const minutes = nanos / 60_000_000_000n
  const seconds = `${decimal(nanos % 60_000_000_000n, 9)}s`
  if (minutes === 0n) return seconds
  const hours = minutes / 60n
  return hours === 0n ? `${minutes}m${seconds}` : `${hours}h${minutes % 60n}m${seconds}`
}

function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  const whole = digits.slice(0, -places)
  return fraction === '' ? whole : `${whole}.${fraction}`
}
