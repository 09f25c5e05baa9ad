// One YAML document as Kubernetes reads it: YAML 1.1 words for booleans (`yes`, `on`), but no times of day as numbers, no
// dates, no aliases. A JSON text is read as JSON.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Tags } from 'yaml'
import type { Json } from '../object.ts'
import { CodecError } from './codec-error.ts'
import { type JsonLimits, OWN_KINDS, type ParsedText, parseJson, setOwn } from './json.ts'
import { exactInteger } from './number.ts'

/** Beyond this the parser is too slow for a server: YAML takes a hundred times as long as JSON. */
const MAX_CHARACTERS = 1024 * 1024

const notInKubernetes = /:(?:binary|omap|pairs|set|timestamp)$/

const kubernetesTags = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag === 'string' || !(notInKubernetes.test(tag.tag) || ('format' in tag && tag.format === 'TIME')))

/** Throws CodecError with the line. What a strict decoder objects to is in `problems`. */
export function parseYaml(text: string, limits: JsonLimits = OWN_KINDS): ParsedText {
  if (/^\s*\{/.test(text)) {
    try {
      return parseJson(text, limits)
    } catch (error) {
      // A flow mapping of YAML may begin like JSON.
      if (error instanceof CodecError && error.fault === 'limit') throw error
    }
  }
  if (text.length > MAX_CHARACTERS) throw new CodecError('limit', `YAML is limited to ${MAX_CHARACTERS} characters`)
  try {
    return readDocument(text, limits)
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(limits) : error
  }
}

const tooDeep = (limits: JsonLimits): CodecError => new CodecError('limit', `nesting is limited to ${limits.depth} levels`)

interface Reading {
  readonly lines: LineCounter
  readonly limits: JsonLimits
  readonly repeated: string[]
  keys: number
}

function readDocument(text: string, limits: JsonLimits): ParsedText {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    version: '1.1',
    merge: false,
    uniqueKeys: false,
    intAsBigInt: true,
    logLevel: 'silent',
    lineCounter: lines,
    customTags: kubernetesTags,
  })
  // Only the first document counts, as in Kubernetes.
  const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS')
  if (error) {
    // The parser descends by calling itself, and reports the end of the stack as an error of the text.
    if (error.message.includes('call stack')) throw tooDeep(limits)
    const [reason = ''] = error.message.split(/ at line \d+|\n/)
    throw new CodecError('syntax', `yaml: line ${error.linePos?.[0].line ?? 1}: ${reason}`)
  }
  const reading: Reading = { lines, limits, repeated: [], keys: 0 }
  const value = nodeValue(document.contents, reading, 0)
  const { repeated } = reading
  return { value, problems: repeated.length === 0 ? [] : [`yaml: unmarshal errors:\n${repeated.join('\n')}`] }
}

function nodeValue(node: unknown, reading: Reading, depth: number): Json {
  if (node === null || node === undefined) return null
  if (isAlias(node)) throw new CodecError('limit', 'yaml: aliases are not accepted')
  if (isScalar(node)) return scalarValue(node.value)
  if (depth >= reading.limits.depth) throw tooDeep(reading.limits)
  if (isSeq(node)) return node.items.map((item) => nodeValue(item, reading, depth + 1))
  if (!isMap(node)) throw new CodecError('syntax', 'yaml: neither a mapping, a list nor a value')
  const object: Record<string, unknown> = {}
  for (const { key, value } of node.items) {
    reading.keys += 1
    if (reading.keys > reading.limits.keys) throw new CodecError('limit', `a body is limited to ${reading.limits.keys} keys`)
    const name = keyOf(key)
    if (Object.hasOwn(object, name))
      reading.repeated.push(`  line ${lineOf(key, reading)}: key ${JSON.stringify(name)} already set in map`)
    setOwn(object, name, nodeValue(value, reading, depth + 1))
  }
  return object as Json
}

function lineOf(key: unknown, { lines }: Reading): number {
  return isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1
}

function scalarValue(value: unknown): Json {
  if (typeof value === 'bigint') return exactInteger(value.toString()) as Json
  if (typeof value === 'number' && !Number.isFinite(value)) throw new CodecError('type', `json: unsupported value: ${value}`)
  return value === undefined ? null : (value as Json)
}

/** Keys are texts in JSON: `5: x` gives "5", and `no: x` gives "false". */
function keyOf(key: unknown): string {
  const value = isScalar(key) ? key.value : undefined
  if (value === null || value === undefined || typeof value === 'object') {
    throw new CodecError('type', 'yaml: a key of a mapping has to be a text, a number or a boolean')
  }
  return String(value)
}
