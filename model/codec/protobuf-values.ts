// The values of Kubernetes' protobuf: numbers, texts, and the small messages in which times, quantities and JSON travel.
import type protobuf from 'protobufjs/minimal.js'
import { canonicalQuantity } from '../quantity.ts'
import type { Scalar, Shape } from '../schema/types.ts'
import { formatDuration, formatMicroTime, formatTime } from '../time.ts'
import { encodeBase64 } from './base64.ts'
import { CodecError } from './codec-error.ts'
import { parseJson } from './json.ts'
import { exactInteger, type RawNumber } from './number.ts'

export type Reader = InstanceType<typeof protobuf.Reader>

/** As many as keys in a JSON body, and more: protobuf spends a field also on what is empty. */
const MAX_FIELDS = 200_000

export const VARINT = 0
const FIXED64 = 1
export const DELIMITED = 2
const FIXED32 = 5

/** What one body may still spend. */
export interface Budget {
  depth: number
  fields: number
}

/** Reads one value, whose wire type has been checked. */
export type ValueReader = (reader: Reader, budget: Budget) => unknown

export function messageOf(error: unknown): string {
  if (error instanceof RangeError) return 'unexpected EOF'
  return error instanceof Error ? error.message : String(error)
}

export function endOf(reader: Reader): number {
  const length = reader.uint32()
  const end = reader.pos + length
  if (end > reader.len) throw new CodecError('syntax', 'unexpected EOF')
  return end
}

const int64 = (reader: Reader): number | RawNumber => {
  const value: unknown = reader.int64()
  if (typeof value === 'number') return value
  const { low, high } = value as { low: number; high: number }
  return exactInteger(((BigInt(high) << 32n) | BigInt(low >>> 0)).toString())
}

/** The fields of a message of a few numbers and texts, as Timestamp, Quantity and IntOrString are. */
export function smallMessage(reader: Reader, budget: Budget, read: (field: number, reader: Reader) => boolean): void {
  const end = endOf(reader)
  while (reader.pos < end) {
    count(budget)
    const tag = reader.uint32()
    if (!read(tag, reader)) skip(reader, tag & 7)
  }
  finish(reader, end)
}

export function finish(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new CodecError('syntax', 'unexpected EOF')
}

export function count(budget: Budget): void {
  budget.fields += 1
  if (budget.fields > MAX_FIELDS) throw new CodecError('limit', `a body is limited to ${MAX_FIELDS} fields`)
}

export function skip(reader: Reader, wire: number): void {
  if (wire === VARINT) reader.skip()
  else if (wire === FIXED64) reader.skip(8)
  else if (wire === DELIMITED) reader.skip(reader.uint32())
  else if (wire === FIXED32) reader.skip(4)
  else throw new CodecError('syntax', `wire type ${wire} is not used by Kubernetes`)
}

export const tagOf = (field: number, wire: number): number => (field << 3) | wire

const EARLIEST_SECOND = -62_135_596_800
const LATEST_SECOND = 253_402_300_799

function readTime(reader: Reader, budget: Budget, micro: boolean): string | undefined {
  let seconds: number | undefined
  let nanos = 0
  smallMessage(reader, budget, (tag) => {
    if (tag === tagOf(1, VARINT)) seconds = Number(reader.int64())
    else if (tag === tagOf(2, VARINT)) nanos = reader.int32()
    else return false
    return true
  })
  // Go's zero time is an empty message, and is written as if it were not there.
  if (seconds === undefined && nanos === 0) return undefined
  const at = seconds ?? 0
  if (!(at >= EARLIEST_SECOND && at <= LATEST_SECOND)) throw new CodecError('type', 'year outside of range [0,9999]')
  return micro ? formatMicroTime(at * 1000 + Math.trunc(nanos / 1000) / 1000) : formatTime(at * 1000)
}

function readText(reader: Reader, budget: Budget): string {
  let text = ''
  smallMessage(reader, budget, (tag) => {
    if (tag !== tagOf(1, DELIMITED)) return false
    text = reader.string()
    return true
  })
  return text
}

function readQuantity(reader: Reader, budget: Budget): string {
  const text = readText(reader, budget)
  try {
    return text === '' ? '0' : canonicalQuantity(text)
  } catch (error) {
    throw new CodecError('type', messageOf(error))
  }
}

function readIntOrString(reader: Reader, budget: Budget): number | string {
  let isText = false
  let number = 0
  let text = ''
  smallMessage(reader, budget, (tag) => {
    if (tag === tagOf(1, VARINT)) isText = reader.int32() === 1
    else if (tag === tagOf(2, VARINT)) number = reader.int32()
    else if (tag === tagOf(3, DELIMITED)) text = reader.string()
    else return false
    return true
  })
  return isText ? text : number
}

/** JSON within protobuf: RawExtension, FieldsV1 and the default of a schema. */
function readJson(reader: Reader, budget: Budget): unknown {
  const text = readText(reader, budget)
  return text === '' ? undefined : parseJson(text).value
}

function readDuration(reader: Reader, budget: Budget): string {
  let nanos = 0n
  smallMessage(reader, budget, (tag) => {
    if (tag !== tagOf(1, VARINT)) return false
    const value = int64(reader)
    nanos = BigInt(typeof value === 'number' ? value : value.rawJSON)
    return true
  })
  return formatDuration(nanos)
}

export const scalarReaders: Readonly<Record<Scalar, ValueReader>> = {
  string: (reader) => reader.string(),
  bool: (reader) => reader.bool(),
  int32: (reader) => reader.int32(),
  int64,
  double: (reader) => reader.double(),
  bytes: (reader) => encodeBase64(reader.bytes()),
  Time: (reader, budget) => readTime(reader, budget, false),
  MicroTime: (reader, budget) => readTime(reader, budget, true),
  Duration: readDuration,
  Quantity: readQuantity,
  IntOrString: readIntOrString,
  RawExtension: readJson,
  FieldsV1: readJson,
  JSON: readJson,
}

export function wireOf(shape: Shape): number {
  if (shape.kind !== 'scalar') return DELIMITED
  if (shape.scalar === 'double') return FIXED64
  return shape.scalar === 'bool' || shape.scalar === 'int32' || shape.scalar === 'int64' ? VARINT : DELIMITED
}
