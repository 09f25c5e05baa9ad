// Takes JSON of unknown worth for an object of a type, the way Go's typed decoding and encoding would: what is not a field
// falls out, wrong types are refused in Go's words, and what is left is what an API server would answer: empty values
// dropped or written as Go's tags say, quantities and times in their canonical spelling.
import type { JsonObject } from '../object.ts'
import { type MessageType, type Shape, typeOf } from '../schema/types.ts'
import { CodecError } from './codec-error.ts'
import { type Decoder, goTypeOf, Mismatch, mismatch, packageOf, scalarDecoder, string } from './decode-scalars.ts'
import { setOwn } from './json.ts'
import { isRawNumber } from './number.ts'
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
