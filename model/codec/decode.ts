// Takes JSON of unknown worth for an object of a type, the way Go's typed decoding and encoding would: what is not a field
// falls out, wrong types are refused in Go's words, and what is left is what an API server would answer: empty values
// dropped or written as Go's tags say, quantities and times in their canonical spelling.
import type { JsonObject } from '../object.ts'
import { canonicalQuantity } from '../quantity.ts'
import { type MessageType, type Scalar, type Shape, typeOf } from '../schema/types.ts'
import { formatDuration, formatMicroTime, formatTime, parseDuration, parseTime, timeError } from '../time.ts'
import { base64Fault, canonicalBase64 } from './base64.ts'
import { CodecError } from './codec-error.ts'
import { setOwn } from './json.ts'
import { exactInteger, isRawNumber, settleNumbers } from './number.ts'
import { unknownFields } from './unknown-fields.ts'
import { absentValue, isWrittenWhenAbsent, isZero, keepsZero, zeroOf } from './zero.ts'

export interface Decoded {
  readonly object: JsonObject
  /** Paths of fields that the type does not have, as Kubernetes names them: `spec.ports[0].nodeport`. */
  readonly unknown: readonly string[]
}

const MAX_DEPTH = 100

/** Throws CodecError: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. */
export function decodeTyped(value: unknown, type: MessageType): Decoded {
  const state = { unknown: 0, depth: 0 }
  try {
    const object = messageDecoder(type.name)(value, state) as JsonObject
    return { object, unknown: state.unknown === 0 ? [] : unknownFields(value, type) }
  } catch (error) {
    // What is not text may be nested as deep as somebody's patch made it.
    if (error instanceof RangeError) throw new CodecError('limit', `nesting is limited to ${MAX_DEPTH} levels`)
    throw error instanceof Mismatch ? error.asCodecError() : error
  }
}

interface State {
  /** How many fields were not known; their paths are looked for only when there are any. */
  unknown: number
  depth: number
}

/** Gives undefined for what is not written at all. */
type Decoder = (value: unknown, state: State) => unknown

/** Built from the inside out while the stack unwinds, so that nothing keeps track of paths while all is well. */
class Mismatch extends Error {
  readonly goType: string | undefined
  owner = ''
  path: string[] = []

  constructor(what: string, goType?: string) {
    super(what)
    this.goType = goType
  }

  within(owner: string, field: string): this {
    if (this.path.length === 0) this.owner = owner
    this.path.push(field)
    return this
  }

  asCodecError(): CodecError {
    const path = this.path.reverse()
    if (this.goType === undefined) return new CodecError('type', this.message, path)
    const place = path.length === 0 ? 'value' : `struct field ${this.owner}.${path.join('.')}`
    return new CodecError('type', `json: cannot unmarshal ${this.message} into Go ${place} of type ${this.goType}`, path)
  }
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : isRawNumber(value) ? 'number' : typeof value
}

const mismatch = (value: unknown, goType: string): Mismatch => new Mismatch(jsonKind(value), goType)

const packageOf = (type: string): string => {
  const parts = type.split('.')
  return parts.slice(-2).join('.')
}

function goTypeOf(shape: Shape): string {
  switch (shape.kind) {
    case 'list':
      return `[]${goTypeOf(shape.of)}`
    case 'map':
      return `map[string]${goTypeOf(shape.of)}`
    case 'scalar':
      return goScalars[shape.scalar]
    default:
      return packageOf(shape.type)
  }
}

const goScalars: Readonly<Record<Scalar, string>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  Time: 'string',
  MicroTime: 'string',
  Duration: 'string',
  Quantity: 'resource.Quantity',
  IntOrString: 'int32',
  RawExtension: 'runtime.RawExtension',
  FieldsV1: 'v1.FieldsV1',
  JSON: 'interface {}',
}

const string =
  (goType: string): Decoder =>
  (value) => {
    if (typeof value === 'string') return value
    throw mismatch(value, goType)
  }

const bool: Decoder = (value) => {
  if (typeof value === 'boolean') return value
  throw mismatch(value, 'bool')
}

const integer = (bits: 32 | 64): Decoder => {
  const goType = `int${bits}`
  const [min, max] = bits === 32 ? [-(2 ** 31), 2 ** 31 - 1] : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  return (value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    if (typeof value === 'number') throw new Mismatch(`number ${value}`, goType)
    if (!isRawNumber(value)) throw mismatch(value, goType)
    const source = value.rawJSON
    if (!/^-?\d+$/.test(source) || BigInt.asIntN(bits, BigInt(source)) !== BigInt(source)) {
      throw new Mismatch(`number ${source}`, goType)
    }
    return exactInteger(source)
  }
}

const int32 = integer(32)

const double: Decoder = (value) => {
  if (typeof value === 'number') return value
  if (isRawNumber(value)) return Number(value.rawJSON)
  throw mismatch(value, 'float64')
}

const bytes: Decoder = (value) => {
  if (typeof value !== 'string') throw mismatch(value, '[]uint8')
  const canonical = canonicalBase64(value)
  if (canonical === undefined) throw new Mismatch(`illegal base64 data at input byte ${base64Fault(value)}`)
  return canonical
}

const quantity: Decoder = (value) => {
  try {
    return canonicalQuantity(typeof value === 'string' ? value.trim() : (JSON.stringify(value) ?? ''))
  } catch (error) {
    throw new Mismatch(error instanceof Error ? error.message : String(error))
  }
}

const secondsInUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const microsInUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

const time =
  (micro: boolean): Decoder =>
  (value) => {
    if (typeof value !== 'string') throw mismatch(value, 'string')
    const ms = micro && !/\d[.,]\d{6}(?!\d)/.test(value) ? undefined : parseTime(value)
    if (ms === undefined) throw new Mismatch(timeError(value, micro))
    if ((micro ? microsInUtc : secondsInUtc).test(value)) return value
    return micro ? formatMicroTime(ms) : formatTime(ms)
  }

const duration: Decoder = (value) => {
  if (typeof value !== 'string') throw mismatch(value, 'string')
  const nanos = parseDuration(value)
  if (nanos === undefined) throw new Mismatch(`time: invalid duration ${JSON.stringify(value)}`)
  return formatDuration(nanos)
}

const intOrString: Decoder = (value, state) => (typeof value === 'string' ? value : int32(value, state))

const anyJson: Decoder = (value) => settleNumbers(value)

function scalarDecoder(scalar: Scalar, goType: string | undefined): Decoder {
  switch (scalar) {
    case 'string':
      return string(goType ?? 'string')
    case 'bool':
      return bool
    case 'int32':
      return int32
    case 'int64':
      return integer(64)
    case 'double':
      return double
    case 'bytes':
      return bytes
    case 'Time':
      return time(false)
    case 'MicroTime':
      return time(true)
    case 'Duration':
      return duration
    case 'Quantity':
      return quantity
    case 'IntOrString':
      return intOrString
    default:
      return anyJson
  }
}

function shapeDecoder(shape: Shape, goType?: string): Decoder {
  switch (shape.kind) {
    case 'scalar':
      return scalarDecoder(shape.scalar, goType)
    case 'list':
      return listDecoder(shape.of, goTypeOf(shape))
    case 'map':
      return mapDecoder(shape.of, goTypeOf(shape))
    case 'schemaOr':
      return schemaOrDecoder(shape.or, shape.type)
    default:
      return messageDecoder(shape.type)
  }
}

/** Empty lists and maps are as absent ones: they do not survive in the protobuf by which Kubernetes stores them. */
function listDecoder(of: Shape, goType: string): Decoder {
  const decode = shapeDecoder(of)
  return (value, state) => {
    if (!Array.isArray(value)) throw mismatch(value, goType)
    if (value.length === 0) return undefined
    return value.map((element) => (element === null ? zeroOf(of) : (decode(element, state) ?? zeroOf(of))))
  }
}

function mapDecoder(of: Shape, goType: string): Decoder {
  const decode = shapeDecoder(of)
  return (value, state) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isRawNumber(value)) throw mismatch(value, goType)
    const out: Record<string, unknown> = {}
    let empty = true
    for (const key in value) {
      const member = (value as Record<string, unknown>)[key]
      if (member === undefined) continue
      empty = false
      setOwn(out, key, member === null ? zeroOf(of) : (decode(member, state) ?? zeroOf(of)))
    }
    return empty ? undefined : out
  }
}

function schemaOrDecoder(or: 'bool' | 'schemas' | 'strings', type: string): Decoder {
  const schema = messageDecoder(type)
  const strings = string('string')
  return (value, state) => {
    if (or === 'bool' && typeof value === 'boolean') return value
    if (or === 'schemas' && Array.isArray(value)) return value.map((element) => schema(element ?? {}, state))
    if (or === 'strings' && Array.isArray(value)) return value.map((element) => strings(element, state))
    if (or === 'bool' && typeof value !== 'object') throw new Mismatch('boolean or JSON schema expected')
    return schema(value, state)
  }
}

interface FieldDecoder {
  readonly decode: Decoder
  readonly keepsZero: boolean
}

const decoders = new Map<string, Decoder>()

/** The decoder of a type, made when first asked for; types may contain themselves, so its fields wait for its first use. */
function messageDecoder(name: string): Decoder {
  const known = decoders.get(name)
  if (known) return known
  let ready: Decoder | undefined
  const decoder: Decoder = (value, state) => {
    ready ??= buildMessageDecoder(typeOf(name))
    return ready(value, state)
  }
  decoders.set(name, decoder)
  return decoder
}

function buildMessageDecoder(type: MessageType): Decoder {
  const { goName } = type
  const goType = packageOf(type.name)
  const fields = new Map<string, FieldDecoder>()
  for (const field of type.fields.values()) {
    fields.set(field.name, { decode: shapeDecoder(field.shape, field.goType), keepsZero: keepsZero(field) })
  }
  if (type.hasTypeMeta) {
    fields.set('apiVersion', { decode: string('string'), keepsZero: false })
    fields.set('kind', { decode: string('string'), keepsZero: false })
  }
  const absent = [...type.fields.values()].filter(isWrittenWhenAbsent)
  const rejected = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || Array.isArray(value) || isRawNumber(value)
  return (value, state) => {
    if (rejected(value)) throw mismatch(value ?? '', goType)
    if (state.depth >= MAX_DEPTH) throw new CodecError('limit', `nesting is limited to ${MAX_DEPTH} levels`)
    state.depth += 1
    const out: Record<string, unknown> = {}
    let key = ''
    try {
      for (key in value as object) {
        const field = fields.get(key)
        const member = (value as Record<string, unknown>)[key]
        if (field === undefined) {
          if (member !== undefined) state.unknown += 1
          continue
        }
        if (member === null || member === undefined) continue
        const decoded = field.decode(member, state)
        if (decoded !== undefined && (field.keepsZero || !isZero(decoded))) out[key] = decoded
      }
    } catch (error) {
      throw error instanceof Mismatch ? error.within(goName, key) : error
    }
    for (const field of absent) {
      if (out[field.name] === undefined) out[field.name] = absentValue(field)
    }
    state.depth -= 1
    return out
  }
}
