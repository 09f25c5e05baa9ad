// Numbers of JSON that a JavaScript number cannot hold, or whose spelling matters: 9223372036854775807, and 1.0 where an
// integer is asked for. They are kept as their source text, which JSON.stringify writes as it stands.

export interface RawNumber {
  readonly rawJSON: string
}

// Part of the language, not yet of TypeScript's library.
const raw = JSON as unknown as { rawJSON(text: string): RawNumber; isRawJSON(value: unknown): boolean }

export const isRawNumber = (value: unknown): value is RawNumber => raw.isRawJSON(value)

/** The number of a decimal integer: a plain one where that is exact. */
export function exactInteger(digits: string): number | RawNumber {
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value + 0 : raw.rawJSON(digits)
}

interface ReviverContext {
  readonly source?: string
}

/** For JSON.parse: keeps the source of whole numbers that are not written as JavaScript would write them. */
export function keepSource(_key: string, value: unknown, context?: ReviverContext): unknown {
  const source = context?.source
  if (typeof value !== 'number' || source === undefined || !Number.isInteger(value) || String(value) === source) return value
  return source === '-0' ? 0 : raw.rawJSON(source)
}

/** For data of no known type: sources are kept only of integers that a number does not hold. Copies what it changes. */
export function settleNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isRawNumber(value)) return /^-?\d+$/.test(value.rawJSON) ? exactInteger(value.rawJSON) : Number(value.rawJSON)
  if (Array.isArray(value)) {
    const settled = value.map(settleNumbers)
    return settled.some((element, i) => element !== value[i]) ? settled : value
  }
  const entries = Object.entries(value)
  const settled = entries.map(([, member]) => settleNumbers(member))
  if (entries.every(([, member], i) => member === settled[i])) return value
  return Object.fromEntries(entries.map(([key], i) => [key, settled[i]]))
}
