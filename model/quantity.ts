// Kubernetes' resource.Quantity: exact decimal amounts with a suffix, as `100m`, `1.5Gi` and `12e6`.
// An amount is held in billionths, the finest that Kubernetes keeps; what is finer is rounded away from zero.

export interface Quantity {
  readonly nanos: bigint
  readonly format: QuantityFormat
}

/** How a quantity prefers to be written: `1k`, `1Ki` or `1e3`. */
type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

export class QuantityError extends Error {}

const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const SUFFIX_WRONG = "unable to parse quantity's suffix"

const NANO = 1_000_000_000n
const MAX_BINARY = (2n ** 63n - 1n) * NANO
/** An exponent beyond this is refused: Kubernetes would compute with it, and `1e1000000000` is a number of 400 MB. */
const MAX_EXPONENT = 1000

const decimalSuffixes: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binarySuffixes: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const decimalNames = new Map(Object.entries(decimalSuffixes).map(([suffix, exponent]) => [exponent, suffix]))
const binaryNames = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

interface Parts {
  readonly negative: boolean
  /** Without leading zeros; `0` for none. */
  readonly whole: string
  readonly fraction: string
  readonly exponent: number
  readonly format: QuantityFormat
}

const shape = /^([+-]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/

function split(text: string): Parts {
  const match = text === '' ? null : shape.exec(text)
  if (!match) throw new QuantityError(FORMAT_WRONG)
  const suffix = match[4] ?? ''
  const parts = { negative: match[1] === '-', whole: match[2] || '0', fraction: match[3] ?? '' }
  const decimal = decimalSuffixes[suffix]
  if (decimal !== undefined) return { ...parts, exponent: decimal, format: 'DecimalSI' }
  const binary = binarySuffixes[suffix]
  if (binary !== undefined) return { ...parts, exponent: binary, format: 'BinarySI' }
  const exponent = /^[eE]([-+]?\d+)$/.exec(suffix)
  if (!exponent || Math.abs(Number(exponent[1])) > MAX_EXPONENT) throw new QuantityError(SUFFIX_WRONG)
  return { ...parts, exponent: Number(exponent[1]), format: 'DecimalExponent' }
}

/** Throws QuantityError, with Kubernetes' words, for what is not a quantity. */
export function parseQuantity(text: string): Quantity {
  return amountOf(split(text))
}

/** As `parseQuantity`, undefined for what is not one. */
export function tryParseQuantity(text: string): Quantity | undefined {
  try {
    return parseQuantity(text)
  } catch {
    return undefined
  }
}

function amountOf({ negative, whole, fraction, exponent, format }: Parts): Quantity {
  const digits = BigInt(whole + fraction)
  const binary = format === 'BinarySI'
  const scaled = binary ? digits << BigInt(exponent) : digits
  let nanos = scaleUp(scaled, (binary ? 0 : exponent) - fraction.length + 9)
  if (binary && nanos > MAX_BINARY) nanos = MAX_BINARY
  const kept = binary && nanos > 0n && nanos < NANO ? 'DecimalSI' : format
  return { nanos: negative ? -nanos : nanos, format: kept }
}

/** `value * 10^power` for a value that is not negative, rounded up. */
function scaleUp(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power)
  const divisor = 10n ** BigInt(-power)
  return (value + divisor - 1n) / divisor
}

/** Forms that are canonical at a glance: nearly all quantities that are ever written. */
const plainlyCanonical = /^(?:0|[1-9]\d{0,2}(?:m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?)$/

/**
 * The text by which an API server answers a quantity. Mostly the canonical form, `1000m` → `1`; but what Kubernetes takes for
 * canonical at a glance keeps its spelling, so `+5` and `1E3` stay. Throws QuantityError.
 */
export function canonicalQuantity(text: string): string {
  if (plainlyCanonical.test(text)) return text
  const parts = split(text)
  return keepsItsSpelling(parts) ? text : formatQuantity(amountOf(parts))
}

function keepsItsSpelling({ whole, fraction, exponent, format }: Parts): boolean {
  const digits = whole + fraction
  if (format === 'BinarySI') {
    const room = 14 - whole.length - Math.trunc((exponent * 3) / 10)
    return room >= 0 && fraction === '' && (BigInt(digits) & 7n) !== 0n
  }
  const scale = exponent - fraction.length
  return digits.length <= 18 && scale >= -9 && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

/** The canonical form: no fraction, and the largest suffix that leaves none. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const whole = nanos / NANO
  const binary = format === 'BinarySI' && whole * NANO === nanos && (whole >= 1024n || whole <= -1024n)
  if (binary) return binaryText(whole)
  let digits = nanos
  let exponent = -9
  while (digits % 1000n === 0n && (exponent < 18 || format === 'DecimalExponent')) {
    digits /= 1000n
    exponent += 3
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${digits}` : `${digits}e${exponent}`
  return `${digits}${decimalNames.get(exponent) ?? ''}`
}

function binaryText(whole: bigint): string {
  let amount = whole
  let power = 0
  while (amount % 1024n === 0n && power < binaryNames.length - 1) {
    amount /= 1024n
    power += 1
  }
  return `${amount}${binaryNames[power] ?? ''}`
}

export const compareQuantities = (a: Quantity, b: Quantity): number => (a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0)

/** A sum is written as its first operand, unless that is zero. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nanos: a.nanos + b.nanos,
  format: a.nanos === 0n ? b.format : a.format,
})

export const subtractQuantities = (a: Quantity, b: Quantity): Quantity => addQuantities(a, { ...b, nanos: -b.nanos })

/** Rounded away from zero to thousandths, as Kubernetes rounds the amounts of resource lists. */
export const roundUpToMilli = (text: string): string => {
  if (plainlyCanonical.test(text)) return text
  const quantity = parseQuantity(text)
  const rounded = roundAway(quantity.nanos, 1_000_000n) * 1_000_000n
  return rounded === quantity.nanos ? canonicalQuantity(text) : formatQuantity({ ...quantity, nanos: rounded })
}

/** In whole units, rounded away from zero: bytes, pods. */
export const quantityValue = (quantity: Quantity): number => Number(roundAway(quantity.nanos, NANO))

/** In thousandths, rounded away from zero: CPU. */
export const quantityMillis = (quantity: Quantity): number => Number(roundAway(quantity.nanos, 1_000_000n))

export const quantityFromMillis = (millis: number): Quantity => ({
  nanos: BigInt(Math.ceil(millis)) * 1_000_000n,
  format: 'DecimalSI',
})

function roundAway(value: bigint, unit: bigint): bigint {
  return value < 0n ? -((-value + unit - 1n) / unit) : (value + unit - 1n) / unit
}
