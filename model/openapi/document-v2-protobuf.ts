// The OpenAPI 2 document in gnostic's protobuf (openapiv2/OpenAPIv2.proto), without which kubectl before 1.29 makes nothing
// from a file. Only what document-v2.ts says is written; a key that this table does not know is a mistake of ours.
import protobuf from 'protobufjs/minimal.js'
import type { ResourceInfo } from '../schema/resources.ts'
import { openapiV2Document } from './document-v2.ts'

type Writer = InstanceType<typeof protobuf.Writer>
type Write = (writer: Writer, value: unknown) => void
type Entries = Readonly<Record<string, unknown>>

export function openapiV2Protobuf(resources?: readonly ResourceInfo[]): Uint8Array {
  const writer = protobuf.Writer.create()
  document(writer, openapiV2Document(resources))
  return writer.finish()
}

const DELIMITED = 2
const VARINT = 0
const tag = (writer: Writer, number: number, wire: number): Writer => writer.uint32((number << 3) | wire)

const text =
  (number: number): Write =>
  (writer, value) =>
    tag(writer, number, DELIMITED).string(String(value))

const flag =
  (number: number): Write =>
  (writer, value) =>
    tag(writer, number, VARINT).bool(value === true)

const inner =
  (number: number, write: Write): Write =>
  (writer, value) => {
    tag(writer, number, DELIMITED).fork()
    write(writer, value)
    writer.ldelim()
  }

const each =
  (write: Write): Write =>
  (writer, values) => {
    for (const value of values as readonly unknown[]) write(writer, value)
  }

/** A map, which this protobuf writes as a list of names and values. */
const named = (number: number, write: Write): Write => {
  const entry = inner(number, (writer, pair) => {
    const [name, value] = pair as [string, unknown]
    text(1)(writer, name)
    inner(2, write)(writer, value)
  })
  return (writer, value) => each(entry)(writer, Object.entries(value as Entries))
}

/** What has no shape of its own travels as text; JSON is YAML. */
const any: Write = (writer, value) => text(2)(writer, JSON.stringify(value))

/** `extensions`: the number under which keys that begin with x- are kept. */
function message(fields: Readonly<Record<string, Write>>, extensions?: number): Write {
  const extension = extensions === undefined ? undefined : named(extensions, any)
  return (writer, value) => {
    for (const [key, part] of Object.entries(value as Entries)) {
      const field = fields[key]
      if (field) field(writer, part)
      else if (extension && key.startsWith('x-')) extension(writer, { [key]: part })
      else throw new TypeError(`OpenAPI 2 as protobuf: no place for ${JSON.stringify(key)}`)
    }
  }
}

const anySchema: Write = (writer, value) => schema(writer, value)

const schema = message(
  {
    $ref: text(1),
    format: text(2),
    description: text(4),
    required: each(text(19)),
    enum: each(inner(20, any)),
    additionalProperties: inner(21, inner(1, anySchema)),
    type: inner(22, text(1)),
    items: inner(23, inner(1, anySchema)),
    properties: inner(25, named(1, anySchema)),
  },
  31,
)

const bodyParameter = message({ name: text(2), in: text(3), required: flag(4), schema: inner(5, schema) })
const queryParameter = message({
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(6),
  uniqueItems: flag(20),
})
const pathParameter = message({ required: flag(1), in: text(2), name: text(4), type: text(5), uniqueItems: flag(19) })

/** ParametersItem, Parameter and, but for a body, NonBodyParameter: each a choice of one. */
const parameter: Write = (writer, value) => {
  const place = (value as { readonly in: string }).in
  if (place === 'body') inner(1, inner(1, bodyParameter))(writer, value)
  else if (place === 'query') inner(1, inner(2, inner(3, queryParameter)))(writer, value)
  else inner(1, inner(2, inner(4, pathParameter)))(writer, value)
}

const response = message({ description: text(1), schema: inner(2, inner(1, schema)) })

const operation = message(
  {
    tags: each(text(1)),
    operationId: text(5),
    produces: each(text(6)),
    consumes: each(text(7)),
    parameters: each(inner(8, parameter)),
    responses: inner(9, named(1, inner(1, response))),
    schemes: each(text(10)),
  },
  13,
)

const pathItem = message({
  get: inner(2, operation),
  put: inner(3, operation),
  post: inner(4, operation),
  delete: inner(5, operation),
  options: inner(6, operation),
  head: inner(7, operation),
  patch: inner(8, operation),
  parameters: each(inner(9, parameter)),
})

const apiKey = message({ type: text(1), name: text(2), in: text(3) })

const document = message({
  swagger: text(1),
  info: inner(2, message({ title: text(1), version: text(2) })),
  paths: inner(8, named(2, pathItem)),
  definitions: inner(9, named(1, schema)),
  security: each(inner(12, named(1, each(text(1))))),
  securityDefinitions: inner(13, named(1, inner(2, apiKey))),
})
