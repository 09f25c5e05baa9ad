// How server-side apply sees the types: what is owned as a whole, which lists are sets or are keyed, and which fields nobody owns.
import { type Field, type MessageType, type Shape, typeOf } from '../schema/types.ts'

export type Structure =
  /** Scalars, and lists, maps and structs that have one owner. */
  | { readonly form: 'leaf' }
  | { readonly form: 'struct'; readonly field: (name: string) => Structure | undefined }
  | { readonly form: 'map'; readonly of: Structure }
  /** A list of scalars, each owned by its value. */
  | { readonly form: 'set' }
  | { readonly form: 'keyed'; readonly keys: readonly ListKey[]; readonly of: Structure }
  /** Told by the value: objects are granular, all else is a leaf. */
  | { readonly form: 'any' }
  /** The system's own: nobody owns it. A config may name it (`metadata.name`) or is not heard (`status`). */
  | { readonly form: 'unowned'; readonly heard: boolean }

interface ListKey {
  readonly name: string
  readonly default: unknown
}

const LEAF: Structure = { form: 'leaf' }
const ANY: Structure = { form: 'any' }
const UNOWNED: Structure = { form: 'unowned', heard: true }
const UNHEARD: Structure = { form: 'unowned', heard: false }

/** Fields of every object that are stripped from what a manager owns. */
const unownedMetadata: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
])

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/**
 * A whole object. `type` is undefined for a custom resource; `reset` names the fields at the top that a request to this
 * endpoint cannot change: `status` of the object itself, `spec` at its status.
 */
export function objectStructure(type: MessageType | undefined, reset: readonly string[]): Structure {
  const metadata = structOf(OBJECT_META)
  const ownMetadata: Structure = {
    form: 'struct',
    field: (name) => (unownedMetadata.has(name) ? UNOWNED : metadata.field(name)),
  }
  const fields = type ? structOf(type.name).field : () => ANY
  return {
    form: 'struct',
    field: (name) => {
      if (name === 'apiVersion' || name === 'kind') return UNOWNED
      if (name === 'metadata') return ownMetadata
      return reset.includes(name) ? UNHEARD : fields(name)
    },
  }
}

type Struct = Extract<Structure, { form: 'struct' }>

const structs = new Map<string, Struct>()

function structOf(typeName: string): Struct {
  const known = structs.get(typeName)
  if (known) return known
  const type = typeOf(typeName)
  const fields = new Map<string, Structure>()
  const struct: Struct = {
    form: 'struct',
    field: (name) => {
      const seen = fields.get(name)
      if (seen) return seen
      const field = type.fields.get(name)
      if (!field) return undefined
      const structure = structureOf(field)
      fields.set(name, structure)
      return structure
    },
  }
  structs.set(typeName, struct)
  return struct
}

/** Atomic in the newest schema only; the servers whose answers we are compared with know their fields one by one. */
const granularAsRecorded: ReadonlySet<string> = new Set(['io.k8s.api.networking.v1.ServiceBackendPort'])

function structureOf({ shape, list, keys, map, struct }: Field): Structure {
  if (shape.kind === 'message' && struct !== undefined) return struct === 'atomic' ? LEAF : structOf(shape.type)
  if (shape.kind === 'map') return map === 'atomic' ? LEAF : ofShape(shape)
  if (shape.kind !== 'list') return ofShape(shape)
  if (list === 'set') return { form: 'set' }
  if (list !== 'map') return LEAF
  return { form: 'keyed', keys: listKeys(shape.of, keys), of: ofShape(shape.of) }
}

function ofShape(shape: Shape): Structure {
  if (shape.kind === 'map') return { form: 'map', of: ofShape(shape.of) }
  if (shape.kind !== 'message' || (typeOf(shape.type).atomic && !granularAsRecorded.has(shape.type))) return LEAF
  return structOf(shape.type)
}

/** In the order in which they are written in a path. */
const listKeys = (element: Shape, keys: readonly string[]): ListKey[] =>
  keys.toSorted().map((name) => ({
    name,
    default: element.kind === 'message' ? typeOf(element.type).fields.get(name)?.default : undefined,
  }))
