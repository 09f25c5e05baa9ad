// Kubernetes' protobuf into JSON, by closures made from the table of types: one for each type, when first needed.
import protobuf from 'protobufjs/minimal.js'
import type { JsonObject } from '../object.ts'
import { type Field, type MessageType, type Shape, typeOf } from '../schema/types.ts'
import { CodecError } from './codec-error.ts'
import { setOwn } from './json.ts'
import {
  type Budget,
  count,
  DELIMITED,
  endOf,
  finish,
  messageOf,
  type Reader,
  scalarReaders,
  skip,
  smallMessage,
  tagOf,
  VARINT,
  type ValueReader,
  wireOf,
} from './protobuf-values.ts'
import { absentValue, isWrittenWhenAbsent, isZero, keepsZero, zeroOf } from './zero.ts'

const MAX_DEPTH = 100

/** The message of a type that fills the bytes. Throws CodecError, with the path to what cannot be read. */
export function decodeMessage(bytes: Uint8Array, type: MessageType): JsonObject {
  const reader = protobuf.Reader.create(bytes)
  const message: Record<string, unknown> = {}
  try {
    readerOf(type.name)(reader, bytes.length, message, { depth: 0, fields: 0 })
  } catch (error) {
    if (error instanceof Unreadable) throw error.asCodecError()
    throw error instanceof CodecError ? error : new CodecError('syntax', messageOf(error))
  }
  return message as JsonObject
}

/** Built from the inside out while the stack unwinds. */
class Unreadable extends Error {
  readonly fault: CodecError['fault']
  readonly path: string[] = []

  constructor(error: unknown) {
    super(messageOf(error))
    this.fault = error instanceof CodecError ? error.fault : 'syntax'
  }

  asCodecError(): CodecError {
    const error = new CodecError(this.fault, this.message, this.path.reverse())
    return new CodecError(error.fault, error.where === '' ? error.message : `${error.where}: ${error.message}`, error.path)
  }
}

/** Reads fields up to `end` into `into`, which for an embedded message is its parent's object. */
type MessageReader = (reader: Reader, end: number, into: Record<string, unknown>, budget: Budget) => void

function valueReader(shape: Shape): ValueReader {
  switch (shape.kind) {
    case 'scalar':
      return scalarReaders[shape.scalar]
    case 'schemaOr':
      return (reader, budget) => readSchemaOr(reader, budget, shape.or, shape.type)
    case 'message': {
      const read = readerOf(shape.type)
      return (reader, budget) => {
        const message: Record<string, unknown> = {}
        read(reader, endOf(reader), message, budget)
        return message
      }
    }
    default:
      // A list within a map or a list is a message of its own, with the elements as field 1.
      return listMessageReader(shape.of)
  }
}

function listMessageReader(of: Shape): ValueReader {
  const read = valueReader(of)
  return (reader, budget) => {
    const list: unknown[] = []
    smallMessage(reader, budget, (tag) => {
      if (tag !== tagOf(1, wireOf(of))) return false
      list.push(read(reader, budget) ?? zeroOf(of))
      return true
    })
    return list
  }
}

function readSchemaOr(reader: Reader, budget: Budget, or: 'bool' | 'schemas' | 'strings', type: string): unknown {
  const schema = valueReader({ kind: 'message', type })
  let allowed = false
  let only: unknown
  const list: unknown[] = []
  smallMessage(reader, budget, (tag) => {
    if (tag === tagOf(or === 'bool' ? 2 : 1, DELIMITED)) only = schema(reader, budget)
    else if (or === 'bool' && tag === tagOf(1, VARINT)) allowed = reader.bool()
    else if (or === 'schemas' && tag === tagOf(2, DELIMITED)) list.push(schema(reader, budget))
    else if (or === 'strings' && tag === tagOf(2, DELIMITED)) list.push(reader.string())
    else return false
    return true
  })
  return only ?? (or === 'bool' ? allowed : list)
}

interface FieldReader {
  readonly name: string
  readonly wire: number
  readonly read: (reader: Reader, into: Record<string, unknown>, budget: Budget) => void
  /** For a packed list of numbers. */
  readonly readPacked?: (reader: Reader, into: Record<string, unknown>, budget: Budget) => void
}

function fieldReader(field: Field): FieldReader {
  const { name, shape } = field
  if (shape.kind === 'list') return listReader(name, shape.of)
  if (shape.kind === 'map') return { name, wire: DELIMITED, read: mapReader(name, shape.of) }
  const read = valueReader(shape)
  const keepsEmpty = keepsZero(field)
  return {
    name,
    wire: wireOf(shape),
    read: (reader, into, budget) => {
      const value = read(reader, budget)
      if (value === undefined || (!keepsEmpty && isZero(value))) delete into[name]
      else into[name] = value
    },
  }
}

function listReader(name: string, of: Shape): FieldReader {
  const read = valueReader(of)
  const wire = wireOf(of)
  const listIn = (into: Record<string, unknown>): unknown[] => {
    const list = (into[name] as unknown[] | undefined) ?? []
    into[name] = list
    return list
  }
  const one: FieldReader = {
    name,
    wire,
    read: (reader, into, budget) => {
      listIn(into).push(read(reader, budget) ?? zeroOf(of))
    },
  }
  if (wire === DELIMITED) return one
  return {
    ...one,
    readPacked: (reader, into, budget) => {
      const list = listIn(into)
      const end = endOf(reader)
      while (reader.pos < end) {
        count(budget)
        list.push(read(reader, budget))
      }
      finish(reader, end)
    },
  }
}

function mapReader(name: string, of: Shape): FieldReader['read'] {
  const readValue = valueReader(of)
  const valueTag = tagOf(2, wireOf(of))
  return (reader, into, budget) => {
    let key = ''
    let value: unknown
    smallMessage(reader, budget, (tag) => {
      if (tag === tagOf(1, DELIMITED)) key = reader.string()
      else if (tag === valueTag) value = readValue(reader, budget)
      else return false
      return true
    })
    const map = (into[name] as Record<string, unknown> | undefined) ?? {}
    into[name] = map
    setOwn(map, key, value ?? zeroOf(of))
  }
}

const readers = new Map<string, MessageReader>()

/** Types may contain themselves: the fields of a type are looked at when it is first read. */
function readerOf(name: string): MessageReader {
  const known = readers.get(name)
  if (known) return known
  let ready: MessageReader | undefined
  const reader: MessageReader = (...args) => {
    ready ??= buildReader(typeOf(name))
    ready(...args)
  }
  readers.set(name, reader)
  return reader
}

function buildReader(type: MessageType): MessageReader {
  const fields: (FieldReader | undefined)[] = []
  for (const field of type.ownFields) {
    if (field.number === 0) throw new CodecError('type', `${type.goName} has no protobuf form`)
    fields[field.number] = fieldReader(field)
  }
  for (const { number, type: inner } of type.embedded) {
    const read = readerOf(inner)
    fields[number] = { name: '', wire: DELIMITED, read: (reader, into, budget) => read(reader, endOf(reader), into, budget) }
  }
  const absent = [...type.fields.values()].filter(isWrittenWhenAbsent)
  return (reader, end, into, budget) => {
    if (budget.depth >= MAX_DEPTH) throw new CodecError('limit', `nesting is limited to ${MAX_DEPTH} levels`)
    budget.depth += 1
    let name = ''
    try {
      while (reader.pos < end) {
        count(budget)
        const tag = reader.uint32()
        const field = fields[tag >>> 3]
        name = field?.name ?? ''
        if (field === undefined) skip(reader, tag & 7)
        else if ((tag & 7) === field.wire) field.read(reader, into, budget)
        else if ((tag & 7) === DELIMITED && field.readPacked) field.readPacked(reader, into, budget)
        else throw new CodecError('syntax', `wrong wire type ${tag & 7}`)
      }
      name = ''
      finish(reader, end)
    } catch (error) {
      const unreadable = error instanceof Unreadable ? error : new Unreadable(error)
      if (name !== '') unreadable.path.push(name)
      throw unreadable
    }
    for (const field of absent) {
      if (into[field.name] === undefined) into[field.name] = absentValue(field)
    }
    budget.depth -= 1
  }
}
