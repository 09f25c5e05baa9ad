// The scalars of the API taken from JSON, each refused in Go's words where it is of another type.
import { canonicalQuantity } from '../quantity.ts'
import type { Scalar, Shape } from '../schema/types.ts'
import { formatDuration, formatMicroTime, formatTime, parseDuration, parseTime, timeError } from '../time.ts'
import { base64Fault, canonicalBase64 } from './base64.ts'
import { CodecError } from './codec-error.ts'
import { exactInteger, isRawNumber, settleNumbers } from './number.ts'

interface State {
  /** How many fields were not known; their paths are looked for only when there are any. */
  unknown: number
  depth: number
}

/** Gives undefined for what is not written at all. */
export type Decoder = (value: unknown, state: State) => unknown

/** Built from the inside out while the stack unwinds, so that nothing keeps track of paths while all is well. */
export class Mismatch extends Error {
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

export const mismatch = (value: unknown, goType: string): Mismatch => new Mismatch(jsonKind(value), goType)

export const packageOf = (type: string): string => {
  const parts = type.split('.')
  return parts.slice(-2).join('.')
}

export function goTypeOf(shape: Shape): string {
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

export const string =
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

export function scalarDecoder(scalar: Scalar, goType: string | undefined): Decoder {
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
