// The types of the Kubernetes API as descriptors: what every field is called, how it travels as JSON and as protobuf, and
// how lists of it merge. Built from the table of types when first asked for; embedded types are flattened as JSON sees them.
import { apiVersionOf, type Json } from '../object.ts'
import table from './types.json' with { type: 'json' }

export type Scalar =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  /** Base64 in JSON. */
  | 'bytes'
  | 'Time'
  | 'MicroTime'
  | 'Duration'
  | 'Quantity'
  | 'IntOrString'
  /** A whole object of any kind, `runtime.RawExtension`. */
  | 'RawExtension'
  /** A JSON object of any shape. */
  | 'FieldsV1'
  /** Any JSON value. */
  | 'JSON'

/** What a value is. A list within a map (`map[string][]string`) is written out by nesting. */
export type Shape =
  | { readonly kind: 'scalar'; readonly scalar: Scalar }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'map'; readonly of: Shape }
  | { readonly kind: 'message'; readonly type: string }
  /** A JSON schema where also a boolean, a list of schemas, or a list of strings may stand. */
  | { readonly kind: 'schemaOr'; readonly or: 'bool' | 'schemas' | 'strings'; readonly type: string }

export interface Field {
  readonly name: string
  /** The number in protobuf; 0 for types that have no protobuf form. */
  readonly number: number
  readonly shape: Shape
  readonly required: boolean
  /** Written even when empty: Go's tag has no `omitempty`. */
  readonly always: boolean
  /** A pointer in Go: it tells a zero value from an absent one, so that a zero is kept. */
  readonly pointer: boolean
  /** The named type of a string in Go, for the words of errors: `v1.PullPolicy`. */
  readonly goType: string | undefined
  readonly default: Json | undefined
  readonly enum: readonly string[] | undefined
  /** How server-side apply sees a list; `map` has `keys`. */
  readonly list: 'atomic' | 'set' | 'map' | undefined
  readonly keys: readonly string[]
  /** Of a map, how server-side apply sees it: granular if not said. */
  readonly map: 'atomic' | 'granular' | undefined
  /** Of a message, where it differs from what its type says. */
  readonly struct: 'atomic' | 'granular' | undefined
  /** For strategic merge: the key by which elements of a list are matched. */
  readonly mergeKey: string | undefined
  readonly strategies: readonly ('merge' | 'replace' | 'retainKeys')[]
}

export interface MessageType {
  /** `io.k8s.api.apps.v1.Deployment` */
  readonly name: string
  /** `Deployment` */
  readonly goName: string
  /** As JSON has them: those of embedded types among them. */
  readonly fields: ReadonlyMap<string, Field>
  /** As protobuf has them: an embedded type is a message of its own under a number. */
  readonly ownFields: readonly Field[]
  readonly embedded: readonly { readonly number: number; readonly type: string }[]
  /** Has `apiVersion` and `kind`, which in protobuf travel in the envelope. */
  readonly hasTypeMeta: boolean
  readonly atomic: boolean
}

interface FieldRow {
  readonly n?: number
  readonly t: string
  readonly always?: boolean
  readonly pointer?: boolean
  readonly go?: string
  readonly default?: Json
  readonly enum?: readonly string[]
  readonly list?: 'atomic' | 'set' | 'map'
  readonly keys?: readonly string[]
  readonly map?: 'atomic' | 'granular'
  readonly struct?: 'atomic' | 'granular'
  readonly mergeKey?: string
  readonly strategy?: string
}

interface TypeRow {
  readonly fields?: Readonly<Record<string, FieldRow>>
  readonly inline?: readonly { readonly n: number | null; readonly type: string }[]
  readonly required?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
}

/** Each row is a text of its own, parsed when its type is first asked for: most types of the API never are. */
const rows: ReadonlyMap<string, string> = new Map(Object.entries(table.types))
const namesByKind: ReadonlyMap<string, string> = new Map(Object.entries(table.kinds))

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const APIEXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'
const ADMISSION = 'io.k8s.api.admissionregistration.'

/** Names in the table that are not those of a type in it. */
const aliases: Readonly<Record<string, string>> = {
  [`${ADMISSION}v1alpha1.ReinvocationPolicyType`]: 'string',
  [`${ADMISSION}v1beta1.ReinvocationPolicyType`]: 'string',
  [`${ADMISSION}v1alpha1.RuleWithOperations`]: `${ADMISSION}v1.RuleWithOperations`,
  [`${ADMISSION}v1beta1.RuleWithOperations`]: `${ADMISSION}v1.RuleWithOperations`,
  [`${META}interface{}`]: 'JSON',
  [`${APIEXTENSIONS}JSON`]: 'JSON',
}

const schemaOr: Readonly<Record<string, 'bool' | 'schemas' | 'strings'>> = {
  [`${APIEXTENSIONS}JSONSchemaPropsOrBool`]: 'bool',
  [`${APIEXTENSIONS}JSONSchemaPropsOrArray`]: 'schemas',
  [`${APIEXTENSIONS}JSONSchemaPropsOrStringArray`]: 'strings',
}

const resolve = (name: string): string => aliases[name] ?? (name.startsWith('metav1.') ? META + name.slice(7) : name)

const shapes = new Map<string, Shape>()

function shapeOf(text: string): Shape {
  const known = shapes.get(text)
  if (known) return known
  const shape = readShape(text)
  shapes.set(text, shape)
  return shape
}

function readShape(text: string): Shape {
  if (text.startsWith('[]')) return { kind: 'list', of: shapeOf(text.slice(2)) }
  if (text.startsWith('map:')) return { kind: 'map', of: shapeOf(text.slice(4)) }
  const name = resolve(text)
  const or = schemaOr[name]
  if (or) return { kind: 'schemaOr', or, type: `${APIEXTENSIONS}JSONSchemaProps` }
  return name.includes('.') ? { kind: 'message', type: name } : { kind: 'scalar', scalar: name as Scalar }
}

function describeField(name: string, row: FieldRow, required: boolean): Field {
  const shape = shapeOf(row.t)
  return {
    name,
    number: row.n ?? 0,
    shape,
    required,
    always: row.always ?? false,
    pointer: row.pointer ?? false,
    goType: row.go,
    default: typeof row.default === 'string' && row.default.startsWith('ref(') ? undefined : row.default,
    enum: row.enum,
    list: row.list,
    keys: row.keys ?? [],
    map: row.map,
    struct: row.struct,
    mergeKey: row.mergeKey,
    strategies: row.strategy === undefined ? [] : (row.strategy.split(',') as Field['strategies']),
  }
}

const types = new Map<string, MessageType>()

/** The descriptor of a type by its full name, `io.k8s.api.core.v1.PodSpec`. Throws for a name that is not in the table. */
export function typeOf(name: string): MessageType {
  const known = types.get(name)
  if (known) return known
  const text = rows.get(name)
  // The empty struct, `struct{}` in Go, is in the table by use only.
  if (text === undefined && !name.endsWith('.struct')) throw new Error(`no type ${name} in the table of types`)
  const type = describeType(name, text === undefined ? {} : (JSON.parse(text) as TypeRow))
  types.set(name, type)
  return type
}

const goNameOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1)

function describeType(name: string, row: TypeRow): MessageType {
  const required = new Set(row.required)
  const embedded: { number: number; type: string }[] = []
  const fields = new Map<string, Field>()
  let hasTypeMeta = false
  for (const { n, type } of row.inline ?? []) {
    if (n === null) {
      hasTypeMeta = true
      continue
    }
    const inner = resolve(type)
    embedded.push({ number: n, type: inner })
    for (const [key, field] of typeOf(inner).fields) fields.set(key, field)
  }
  const ownFields: Field[] = []
  for (const [key, fieldRow] of Object.entries(row.fields ?? {})) {
    const field = describeField(key, fieldRow, required.has(key))
    ownFields.push(field)
    fields.set(key, field)
  }
  return { name, goName: goNameOf(name), fields, ownFields, embedded, hasTypeMeta, atomic: row.mapType === 'atomic' }
}

/**
 * The type of a kind. The kinds of apimachinery (Status, DeleteOptions, …) belong to every group version, Table and
 * PartialObjectMetadata to `meta.k8s.io/v1`. Kinds that are no longer served, and options of requests, have types too.
 */
export function typeForKind(group: string, version: string, kind: string): MessageType | undefined {
  const name = namesByKind.get(`${apiVersionOf(group, version)}/${kind}`)
  if (name !== undefined) return typeOf(name)
  for (const candidate of [`${packageOf(group)}.${version}.${kind}`, META + kind]) {
    if (!rows.has(candidate) || (candidate.startsWith(META) && !META_KINDS.has(kind) && group !== 'meta.k8s.io')) continue
    const type = typeOf(candidate)
    if (type.hasTypeMeta || candidate.startsWith(META)) return type
  }
  return undefined
}

/** Where Kubernetes keeps the types of a group that are not found by their kind. */
function packageOf(group: string): string {
  const elsewhere = packages[group]
  return elsewhere ?? `io.k8s.api.${group.split('.', 1)[0] || 'core'}`
}

const packages: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'internal.apiserver.k8s.io': 'io.k8s.api.apiserverinternal',
  'metrics.k8s.io': 'io.k8s.metrics.pkg.apis.metrics',
}

const META_KINDS: ReadonlySet<string> = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'List',
  'ListOptions',
  'PatchOptions',
  'Status',
  'UpdateOptions',
  'WatchEvent',
])
