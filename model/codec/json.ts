// JSON from outside: its size is looked at before it is parsed, because JSON.parse takes nesting that breaks everything
// after it, and holds the event loop for as long as there are keys.
import type { Json } from '../object.ts'
import { CodecError } from './codec-error.ts'
import { duplicateFields, syntaxError } from './json-text.ts'
import { keepSource } from './number.ts'

export interface JsonLimits {
  /** Nesting of objects and lists. */
  readonly depth: number
  readonly keys: number
  /** Keys and elements together. */
  readonly values: number
}

export const OWN_KINDS: JsonLimits = { depth: 100, keys: 50_000, values: 500_000 }
export const OTHER_KINDS: JsonLimits = { ...OWN_KINDS, depth: 500 }

interface JsonScan {
  readonly keys: number
  /** There are numbers with a fraction, an exponent or many digits. */
  readonly unusualNumbers: boolean
}

export interface ParsedText {
  readonly value: Json
  /** What a strict decoder objects to, in Kubernetes' words: `duplicate field "metadata.name"`. */
  readonly problems: readonly string[]
}

const QUOTE = 34
const BACKSLASH = 92

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Looks at a text without parsing it; what is not JSON passes. Throws CodecError at a limit. */
function scanJson(text: string, limits: JsonLimits = OWN_KINDS): JsonScan {
  let depth = 0
  let keys = 0
  let commas = 0
  let unusualNumbers = false
  const end = text.length
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      i = endOfString(text, i + 1)
    } else if (code === 123 || code === 91) {
      depth += 1
      if (depth > limits.depth) throw new CodecError('limit', `nesting is limited to ${limits.depth} levels`)
    } else if (code === 125 || code === 93) {
      depth -= 1
    } else if (code === 58) {
      keys += 1
    } else if (code === 44) {
      commas += 1
    } else if (isDigit(code) && !unusualNumbers) {
      const start = i
      while (isDigit(text.charCodeAt(i + 1))) i += 1
      const next = text.charCodeAt(i + 1)
      unusualNumbers = i - start >= 15 || next === 46 || next === 101 || next === 69
    }
  }
  if (keys > limits.keys) throw new CodecError('limit', `a body is limited to ${limits.keys} keys, this one has ${keys}`)
  if (commas > limits.values) throw new CodecError('limit', `a body is limited to ${limits.values} values`)
  return { keys, unusualNumbers }
}

/** The index of the closing quote; beyond the end if there is none. */
function endOfString(text: string, from: number): number {
  let i = from
  for (;;) {
    const quote = text.indexOf('"', i)
    if (quote < 0) return text.length
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH && quote - 1 - backslashes >= from) backslashes += 1
    if (backslashes % 2 === 0) return quote
    i = quote + 1
  }
}

/** Throws CodecError, for text that is not JSON with the words of Go's decoder. */
export function parseJson(text: string, limits: JsonLimits = OWN_KINDS): ParsedText {
  const scan = scanJson(text, limits)
  let value: Json
  try {
    value = scan.unusualNumbers ? JSON.parse(text, keepSource) : JSON.parse(text)
  } catch {
    throw new CodecError('syntax', syntaxError(text))
  }
  // As many keys as colons: nothing was said twice. Only else is the text read again, slowly, to say what was.
  return { value, problems: countKeys(value) === scan.keys ? [] : duplicateFields(text) }
}

function countKeys(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') count += countKeys(element)
    return count
  }
  for (const key in value) {
    count += 1
    const member = (value as Record<string, Json>)[key]
    if (typeof member === 'object' && member !== null) count += countKeys(member)
  }
  return count
}

/** Sets an own property also where its name is `__proto__`, which by assignment would change the prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else target[key] = value
}
