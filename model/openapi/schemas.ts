// Types of the API as JSON schemas, with the extensions from which clients learn how lists merge and which kind a type is.
// Two dialects: OpenAPI 3, in which kubectl reads today, and 2, for tools that know no other.
import { type Field, type MessageType, type Scalar, type Shape, typeOf } from '../schema/types.ts'
import { describeField, describeType } from './descriptions.ts'

export type Schema = Readonly<Record<string, unknown>>

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface Dialect {
  readonly version: 2 | 3
  /** What stands before the name of a type in a reference. */
  readonly refPrefix: string
}

export const V3: Dialect = { version: 3, refPrefix: '#/components/schemas/' }
export const V2: Dialect = { version: 2, refPrefix: '#/definitions/' }

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const APIEXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'
/** The body of every PATCH, whatever its kind. */
export const PATCH_TYPE = `${META}.Patch`

/** Types with a name of their own that are no messages. The rest of the scalars are written in place. */
const named: Partial<Record<Scalar, { readonly name: string; readonly schema: (dialect: Dialect) => Schema }>> = {
  Time: { name: `${META}.Time`, schema: () => ({ type: 'string', format: 'date-time' }) },
  MicroTime: { name: `${META}.MicroTime`, schema: () => ({ type: 'string', format: 'date-time' }) },
  Duration: { name: `${META}.Duration`, schema: () => ({ type: 'string' }) },
  FieldsV1: { name: `${META}.FieldsV1`, schema: () => ({ type: 'object' }) },
  RawExtension: { name: 'io.k8s.apimachinery.pkg.runtime.RawExtension', schema: () => ({ type: 'object' }) },
  JSON: { name: `${APIEXTENSIONS}.JSON`, schema: () => ({}) },
  Quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    schema: ({ version }) => (version === 2 ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] }),
  },
  IntOrString: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    schema: ({ version }) =>
      version === 2
        ? { type: 'string', format: 'int-or-string' }
        : { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
}

const byName = new Map(Object.values(named).map(({ name, schema }) => [name, schema]))
byName.set(PATCH_TYPE, () => ({ type: 'object' }))

/** A boolean, a list of schemas, or names may stand where a JSON schema may: said as no constraint at all. */
const schemaOrNames = {
  bool: 'JSONSchemaPropsOrBool',
  schemas: 'JSONSchemaPropsOrArray',
  strings: 'JSONSchemaPropsOrStringArray',
}
for (const name of Object.values(schemaOrNames)) byName.set(`${APIEXTENSIONS}.${name}`, () => ({}))

const inPlace: Partial<Record<Scalar, Schema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
}

/** What a Go value is when nothing was written to it. */
const zero: Partial<Record<Scalar, unknown>> = { string: '', bool: false, int32: 0, int64: 0, double: 0 }

/** Types that are still to be written, and how. */
interface Walk {
  readonly pending: string[]
  readonly dialect: Dialect
}

/** Schemas of the named types and of all that they refer to, by name, sorted. */
export function reachableSchemas(
  roots: Iterable<string>,
  dialect: Dialect,
  kindsOf: (typeName: string) => readonly GroupVersionKind[] | undefined,
): Record<string, Schema> {
  const found = new Map<string, Schema>()
  const walk: Walk = { pending: [...roots], dialect }
  for (let name = walk.pending.pop(); name !== undefined; name = walk.pending.pop()) {
    if (found.has(name)) continue
    const scalar = byName.get(name)
    found.set(
      name,
      scalar ? { ...described(describeType(lastOf(name))), ...scalar(dialect) } : messageSchema(name, kindsOf(name), walk),
    )
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const lastOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
const described = (description: string | undefined): Schema => (description === undefined ? {} : { description })

function messageSchema(name: string, kinds: readonly GroupVersionKind[] | undefined, walk: Walk): Schema {
  const type = typeOf(name)
  const fields = [...type.fields].sort(([a], [b]) => (a < b ? -1 : 1))
  const required = fields.filter(([, field]) => field.required).map(([key]) => key)
  const properties = Object.fromEntries([
    ...(type.hasTypeMeta ? TYPE_META : []).map((key) => [key, { ...described(describeField('', key)), type: 'string' }]),
    ...fields.map(([key, field]) => [key, fieldSchema(type, field, walk)]),
  ])
  return {
    ...described(describeType(type.goName)),
    type: 'object',
    ...(required.length > 0 ? { required } : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(kinds ? { 'x-kubernetes-group-version-kind': kinds } : {}),
    ...(type.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  }
}

const TYPE_META = ['apiVersion', 'kind']

function fieldSchema(type: MessageType, field: Field, walk: Walk): Schema {
  const extras: Record<string, unknown> = { ...described(describeField(type.goName, field.name)) }
  const value = defaultOf(field)
  if (value !== undefined && walk.dialect.version === 3) extras.default = value
  if (field.enum && field.shape.kind === 'scalar') extras.enum = field.enum
  if (field.list) extras['x-kubernetes-list-type'] = field.list
  if (field.keys.length > 0) extras['x-kubernetes-list-map-keys'] = field.keys
  const mapType = field.map ?? field.struct
  if (mapType) extras['x-kubernetes-map-type'] = mapType
  if (field.mergeKey) extras['x-kubernetes-patch-merge-key'] = field.mergeKey
  if (field.strategies.length > 0) extras['x-kubernetes-patch-strategy'] = field.strategies.join(',')
  return shapeSchema(field.shape, extras, field.enum, walk)
}

/** What the server assumes for a field that is absent: what its type says, or the zero of a field that is always written. */
function defaultOf({ default: value, shape, always, pointer }: Field): unknown {
  if (value !== undefined) return value
  if (pointer) return undefined
  if (shape.kind === 'message') return {}
  return shape.kind === 'scalar' && always ? zero[shape.scalar] : undefined
}

function shapeSchema(shape: Shape, extras: Schema, values: readonly string[] | undefined, walk: Walk): Schema {
  switch (shape.kind) {
    case 'list':
      return { ...extras, type: 'array', items: elementSchema(shape.of, values, walk) }
    case 'map':
      return { ...extras, type: 'object', additionalProperties: elementSchema(shape.of, undefined, walk) }
    case 'message':
      return reference(shape.type, extras, walk)
    case 'schemaOr':
      return reference(`${APIEXTENSIONS}.${schemaOrNames[shape.or]}`, extras, walk)
    case 'scalar': {
      const type = named[shape.scalar]
      return type ? reference(type.name, extras, walk) : { ...extras, ...inPlace[shape.scalar] }
    }
  }
}

/** An element of a list or map: never absent, so its default is its zero. */
function elementSchema(shape: Shape, values: readonly string[] | undefined, walk: Walk): Schema {
  const extras: Record<string, unknown> = {}
  const empty = shape.kind === 'message' ? {} : shape.kind === 'scalar' ? zero[shape.scalar] : undefined
  if (empty !== undefined && walk.dialect.version === 3) extras.default = empty
  if (values) extras.enum = values
  return shapeSchema(shape, extras, undefined, walk)
}

/** OpenAPI 3.0 allows nothing beside a reference, so it is wrapped where something is to be said beside it. */
function reference(name: string, extras: Schema, walk: Walk): Schema {
  walk.pending.push(name)
  const ref = { $ref: `${walk.dialect.refPrefix}${name}` }
  if (walk.dialect.version === 2 || Object.keys(extras).length === 0) return { ...extras, ...ref }
  return { ...extras, allOf: [ref] }
}
