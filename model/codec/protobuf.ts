// Kubernetes objects as protobuf: four bytes of magic, then runtime.Unknown with the kind and the object within.
import protobuf from 'protobufjs/minimal.js'
import { type JsonObject, parseApiVersion } from '../object.ts'
import { type MessageType, typeForKind } from '../schema/types.ts'
import { CodecError } from './codec-error.ts'
import { decodeMessage } from './protobuf-decode.ts'
import { encodeMessage } from './protobuf-encode.ts'

const MAGIC: readonly number[] = [0x6b, 0x38, 0x73, 0x00]
const DELIMITED = 2
const tagOf = (field: number): number => (field << 3) | DELIMITED

interface ProtobufEnvelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Uint8Array
}

export interface DecodedProtobuf {
  /** As the envelope says; empty where it says nothing. */
  readonly apiVersion: string
  readonly kind: string
  readonly object: JsonObject
}

/** Throws CodecError for what is not in the envelope of Kubernetes. */
function openEnvelope(bytes: Uint8Array): ProtobufEnvelope {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new CodecError('syntax', 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  }
  let typeMeta = { apiVersion: '', kind: '' }
  let raw: Uint8Array = new Uint8Array()
  try {
    readDelimited(bytes.subarray(MAGIC.length), (field, value) => {
      if (field === 1) typeMeta = openTypeMeta(value)
      else if (field === 2) raw = value
    })
  } catch (error) {
    throw error instanceof CodecError ? error : new CodecError('syntax', 'unexpected EOF')
  }
  return { ...typeMeta, raw }
}

function openTypeMeta(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const text = new TextDecoder()
  const typeMeta = { apiVersion: '', kind: '' }
  readDelimited(bytes, (field, value) => {
    if (field === 1) typeMeta.apiVersion = text.decode(value)
    else if (field === 2) typeMeta.kind = text.decode(value)
  })
  return typeMeta
}

/** The envelope has fields of one wire type only. */
function readDelimited(bytes: Uint8Array, field: (number: number, value: Uint8Array) => void): void {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if ((tag & 7) !== DELIMITED) throw new CodecError('syntax', `wrong wire type ${tag & 7}`)
    field(tag >>> 3, reader.bytes())
  }
}

/** Throws CodecError, and for a kind that is not in the table as well. `expected` is decoded where the envelope is silent. */
export function decodeProtobuf(bytes: Uint8Array, expected?: MessageType): DecodedProtobuf {
  const { apiVersion, kind, raw } = openEnvelope(bytes)
  const { group, version } = parseApiVersion(apiVersion)
  const type = typeForKind(group, version, kind) ?? (kind === '' ? expected : undefined)
  if (type === undefined) throw new CodecError('type', `no kind "${kind}" is registered for version "${apiVersion}"`)
  const object = decodeMessage(raw, type)
  return { apiVersion, kind, object: { ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), ...object } }
}

/** Of an object with `apiVersion` and `kind`. Throws CodecError if a value does not fit its type. */
export function encodeProtobuf(object: Readonly<Record<string, unknown>>): Uint8Array {
  const { apiVersion, kind } = object
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') throw new CodecError('type', 'apiVersion and kind are needed')
  const { group, version } = parseApiVersion(apiVersion)
  const type = typeForKind(group, version, kind)
  if (type === undefined) throw new CodecError('type', `no kind "${kind}" is registered for version "${apiVersion}"`)
  const writer = protobuf.Writer.create()
  writer.uint32(tagOf(1)).fork().uint32(tagOf(1)).string(apiVersion).uint32(tagOf(2)).string(kind).ldelim()
  writer.uint32(tagOf(2)).bytes(encodeMessage(object, type))
  // Content encoding and content type, always empty.
  writer.uint32(tagOf(3)).string('').uint32(tagOf(4)).string('')
  const unknown = writer.finish()
  const bytes = new Uint8Array(MAGIC.length + unknown.length)
  bytes.set(MAGIC)
  bytes.set(unknown, MAGIC.length)
  return bytes
}
