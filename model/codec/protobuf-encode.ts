// JSON into Kubernetes' protobuf, byte for byte as its generated code writes it: fields by number, keys of maps in order,
// zeros of everything that is not a pointer.
import protobuf from 'protobufjs/minimal.js'
import { type Field, type MessageType, type Scalar, type Shape, typeOf } from '../schema/types.ts'
import { parseDuration, parseTime } from '../time.ts'
import { base64Fault, decodeBase64 } from './base64.ts'
import { CodecError } from './codec-error.ts'
import { isRawNumber } from './number.ts'

type Writer = InstanceType<typeof protobuf.Writer>

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2

export function encodeMessage(value: unknown, type: MessageType): Uint8Array {
  const writer = protobuf.Writer.create()
  writerOf(type.name)(writer, value)
  return writer.finish()
}

type MessageWriter = (writer: Writer, value: unknown) => void

/** Writes tag and value; `value` is neither null nor undefined. */
type ValueWriter = (writer: Writer, number: number, value: unknown) => void

const tag = (writer: Writer, number: number, wire: number): Writer => writer.uint32(((number << 3) | wire) >>> 0)

function refuse(expected: string, value: unknown): never {
  throw new CodecError('type', `${expected} expected, not ${JSON.stringify(value)}`)
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : refuse('string', value))
const asNumber = (value: unknown): number => (typeof value === 'number' ? value : refuse('number', value))

function asInteger(value: unknown): bigint {
  if (isRawNumber(value) && /^-?\d+$/.test(value.rawJSON)) return BigInt(value.rawJSON)
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : refuse('integer', value)
}

function writeInteger(writer: Writer, number: number, value: unknown): void {
  tag(writer, number, VARINT)
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31) writer.uint32(value)
  else writeVarint(writer, BigInt.asUintN(64, asInteger(value)))
}

function writeVarint(writer: Writer, value: bigint): void {
  const [low, high] = [Number(value & 0xffff_ffffn), Number(value >> 32n)]
  writer.uint64({ low: low | 0, high: high | 0, unsigned: true })
}

/** A message within a message, whose length is known only when it has been written. */
function nested(writer: Writer, number: number, write: (writer: Writer) => void): void {
  tag(writer, number, DELIMITED).fork()
  write(writer)
  writer.ldelim()
}

function writeTime(writer: Writer, number: number, value: unknown): void {
  nested(writer, number, () => {
    if (value === undefined) return
    const ms = parseTime(asText(value)) ?? refuse('time', value)
    const seconds = Math.floor(ms / 1000)
    writeInteger(writer, 1, seconds)
    writeInteger(writer, 2, Math.round((ms - seconds * 1000) * 1000) * 1000)
  })
}

const writeJson: ValueWriter = (writer, number, value) =>
  nested(writer, number, () => {
    if (value !== undefined) tag(writer, 1, DELIMITED).string(JSON.stringify(value))
  })

function writeBytes(writer: Writer, number: number, value: unknown): void {
  const text = asText(value)
  if (base64Fault(text) !== undefined) refuse('base64', value)
  tag(writer, number, DELIMITED).bytes(decodeBase64(text))
}

function writeString(writer: Writer, number: number, value: unknown): void {
  tag(writer, number, DELIMITED).string(asText(value))
}

function writeIntOrString(writer: Writer, number: number, value: unknown): void {
  const isText = typeof value === 'string'
  nested(writer, number, () => {
    writeInteger(writer, 1, isText ? 1 : 0)
    writeInteger(writer, 2, isText ? 0 : value)
    writeString(writer, 3, isText ? value : '')
  })
}

const scalarWriters: Readonly<Record<Scalar, ValueWriter>> = {
  string: writeString,
  bool: (writer, number, value) => {
    tag(writer, number, VARINT).bool(typeof value === 'boolean' ? value : refuse('boolean', value))
  },
  int32: writeInteger,
  int64: writeInteger,
  double: (writer, number, value) => {
    tag(writer, number, FIXED64).double(asNumber(value))
  },
  bytes: writeBytes,
  Time: writeTime,
  MicroTime: writeTime,
  Duration: (writer, number, value) =>
    nested(writer, number, () => {
      tag(writer, 1, VARINT)
      writeVarint(writer, BigInt.asUintN(64, parseDuration(asText(value)) ?? refuse('duration', value)))
    }),
  Quantity: (writer, number, value) => nested(writer, number, () => writeString(writer, 1, value)),
  IntOrString: writeIntOrString,
  RawExtension: writeJson,
  FieldsV1: writeJson,
  JSON: writeJson,
}

function valueWriter(shape: Shape): ValueWriter {
  switch (shape.kind) {
    case 'scalar':
      return scalarWriters[shape.scalar]
    case 'message': {
      const write = writerOf(shape.type)
      return (writer, number, value) => nested(writer, number, () => write(writer, value))
    }
    case 'schemaOr':
      return schemaOrWriter(shape.or, shape.type)
    default: {
      const write = valueWriter(shape.of)
      return (writer, number, value) =>
        nested(writer, number, () => {
          for (const element of value === undefined ? [] : asList(value)) write(writer, 1, element)
        })
    }
  }
}

function schemaOrWriter(or: 'bool' | 'schemas' | 'strings', type: string): ValueWriter {
  const schema = valueWriter({ kind: 'message', type })
  return (writer, number, value) =>
    nested(writer, number, () => {
      if (or === 'bool') {
        tag(writer, 1, VARINT).bool(value !== false)
        if (typeof value === 'object') schema(writer, 2, value)
      } else if (Array.isArray(value)) {
        for (const element of value) (or === 'schemas' ? schema : writeString)(writer, 2, element)
      } else {
        schema(writer, 1, value)
      }
    })
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : refuse('list', value))

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : refuse('object', value)

type FieldWriter = (writer: Writer, parent: Readonly<Record<string, unknown>>) => void

function fieldWriter({ name, number, shape, pointer }: Field): FieldWriter {
  if (shape.kind === 'list') {
    const write = valueWriter(shape.of)
    return (writer, parent) => {
      for (const element of asList(parent[name] ?? [])) write(writer, number, element ?? undefined)
    }
  }
  if (shape.kind === 'map') return mapWriter(name, number, shape.of)
  const write = valueWriter(shape)
  const zero = pointer ? undefined : zeroWriter(shape, number)
  return (writer, parent) => {
    const value = parent[name]
    if (value !== undefined && value !== null) write(writer, number, value)
    else zero?.(writer)
  }
}

/** How Go writes a field that is no pointer and that nobody set. */
function zeroWriter(shape: Shape, number: number): ((writer: Writer) => void) | undefined {
  const write = valueWriter(shape)
  if (shape.kind === 'message') return (writer) => write(writer, number, {})
  if (shape.kind !== 'scalar') return undefined
  switch (shape.scalar) {
    case 'bytes':
      return undefined
    case 'string':
    case 'Quantity':
      return (writer) => write(writer, number, '')
    case 'bool':
      return (writer) => write(writer, number, false)
    case 'Duration':
      return (writer) => write(writer, number, '0s')
    case 'int32':
    case 'int64':
    case 'double':
    case 'IntOrString':
      return (writer) => write(writer, number, 0)
    default:
      return (writer) => write(writer, number, undefined)
  }
}

function mapWriter(name: string, number: number, of: Shape): FieldWriter {
  const write = valueWriter(of)
  const zero = zeroWriter(of, 2)
  return (writer, parent) => {
    const map = parent[name]
    if (map === undefined || map === null) return
    const entries = asObject(map)
    for (const key of Object.keys(entries).sort(byBytes)) {
      const value = entries[key] ?? undefined
      nested(writer, number, () => {
        writeString(writer, 1, key)
        if (value === undefined) zero?.(writer)
        else write(writer, 2, value)
      })
    }
  }
}

/** Go sorts by bytes of UTF-8, which is the order of code points; JavaScript compares halves of surrogate pairs. */
function byBytes(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    const pairs = Number(x >= 0xd800 && x < 0xe000) - Number(y >= 0xd800 && y < 0xe000)
    return pairs === 0 ? x - y : pairs
  }
  return a.length - b.length
}

const writers = new Map<string, MessageWriter>()

function writerOf(name: string): MessageWriter {
  const known = writers.get(name)
  if (known) return known
  let ready: MessageWriter | undefined
  const writer: MessageWriter = (...args) => {
    ready ??= buildWriter(typeOf(name))
    ready(...args)
  }
  writers.set(name, writer)
  return writer
}

function buildWriter(type: MessageType): MessageWriter {
  if (type.ownFields.some(({ number }) => number === 0)) throw new CodecError('type', `${type.goName} has no protobuf form`)
  const fields: { number: number; name: string; write: FieldWriter }[] = []
  for (const field of type.ownFields) fields.push({ number: field.number, name: field.name, write: fieldWriter(field) })
  for (const { number, type: inner } of type.embedded) {
    const write = valueWriter({ kind: 'message', type: inner })
    fields.push({ number, name: '', write: (writer, parent) => write(writer, number, parent) })
  }
  fields.sort((a, b) => a.number - b.number)
  return (writer, value) => {
    const object = value === undefined ? {} : asObject(value)
    for (const { name, write } of fields) {
      try {
        write(writer, object)
      } catch (error) {
        if (error instanceof CodecError && name !== '') throw new CodecError(error.fault, error.message, [name, ...error.path])
        throw error
      }
    }
  }
}
