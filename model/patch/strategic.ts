// Strategic merge patch: as a merge patch, but lists whose type says so are merged by key, and directives in the patch
// (`$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) say what a merge alone cannot.
import { setOwn } from '../codec/json.ts'
import type { Json, JsonObject } from '../object.ts'
import { type Field, type MessageType, type Shape, typeOf } from '../schema/types.ts'
import { inOrderOf, mergeInOrder } from './element-order.ts'
import { copyOf, isList, isObject, memberOf } from './members.ts'
import { type PatchOutcome, refusedPatch } from './outcome.ts'

const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const SET_ORDER = '$setElementOrder/'
const DELETE_FROM_LIST = '$deleteFromPrimitiveList/'

/** Neither argument is changed; what the patch does not touch is shared with the result. */
export function applyStrategicPatch(original: JsonObject, patch: JsonObject, type: MessageType): PatchOutcome {
  try {
    return { ok: true, value: mergeObjects(original, patch, { kind: 'message', type: type.name }) }
  } catch (error) {
    if (error instanceof BadPatch) return refusedPatch(error.message)
    throw error
  }
}

class BadPatch extends Error {}

/** How a member merges; free-form JSON and what the table does not know merge as plain JSON. */
interface Merging {
  readonly shape: Shape | undefined
  readonly lists: boolean
  readonly replaces: boolean
  readonly key: string | undefined
}

const PLAIN: Merging = { shape: undefined, lists: false, replaces: false, key: undefined }

function mergingOf(shape: Shape | undefined, member: string): Merging {
  if (shape?.kind === 'map') return { ...PLAIN, shape: shape.of }
  if (shape?.kind !== 'message') return PLAIN
  const field: Field | undefined = typeOf(shape.type).fields.get(member)
  if (!field) return PLAIN
  return {
    shape: field.shape,
    lists: field.strategies.includes('merge'),
    replaces: field.strategies.includes('replace'),
    key: field.mergeKey,
  }
}

function mergeObjects(original: JsonObject, patch: JsonObject, shape: Shape | undefined): JsonObject {
  const directive = memberOf(patch, DIRECTIVE)
  if (directive === 'replace') return withoutDirectives(patch)
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge') throw new BadPatch(`unknown patch type: ${text(directive)} in map`)

  const merged = retained(original, patch)
  for (const key of Object.keys(patch)) {
    const value = memberOf(patch, key)
    if (value === undefined || key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(SET_ORDER)) continue
    if (key.startsWith(DELETE_FROM_LIST)) {
      deleteFromList(merged, key.slice(DELETE_FROM_LIST.length), value)
      continue
    }
    if (value === null) {
      delete merged[key]
      continue
    }
    const present = memberOf(merged, key)
    setOwn(merged, key, mergeMember(present, value, mergingOf(shape, key)))
  }
  for (const key of Object.keys(patch)) {
    if (key.startsWith(SET_ORDER)) setOrder(merged, original, patch, key.slice(SET_ORDER.length), shape)
  }
  return merged
}

function mergeMember(present: Json | undefined, value: Json, merging: Merging): Json {
  if (isObject(value) && isObject(present) && !merging.replaces) return mergeObjects(present, value, merging.shape)
  if (isList(value) && isList(present) && merging.lists) return mergeLists(present, value, merging)
  return isObject(value) || isList(value) ? (withoutDirectives(value) as Json) : value
}

function mergeLists(original: readonly Json[], patch: readonly Json[], { shape, key }: Merging): Json {
  if (patch.length === 0) return original
  if (!isObject(patch[0] ?? original[0])) {
    if (patch.some((element) => isObject(element) || isList(element))) throw new BadPatch('list elements must be of one type')
    const merged = [...new Set([...original, ...patch])]
    return mergeInOrder(merged, patch, original, undefined)
  }
  if (key === undefined) throw new BadPatch('cannot merge lists without merge key')
  const elementShape = shape?.kind === 'list' ? shape.of : undefined
  const { kept, added, replaced } = carryOutDirectives(original, patch, key)
  if (replaced) return added
  const merged = [...kept]
  for (const element of added) {
    const wanted = keyIn(element, key)
    const index = merged.findIndex((candidate) => isObject(candidate) && memberOf(candidate, key) === wanted)
    const found = merged[index]
    if (isObject(found)) merged[index] = mergeObjects(found, element, elementShape)
    else merged.push(withoutDirectives(element))
  }
  return mergeInOrder(merged, added, kept, key)
}

/** `{name: a, $patch: delete}` deletes elements, `{$patch: replace}` makes the rest of the patch the whole list. */
function carryOutDirectives(original: readonly Json[], patch: readonly Json[], key: string) {
  let kept = original
  let replaced = false
  const added: JsonObject[] = []
  for (const element of patch) {
    if (!isObject(element)) throw new BadPatch('list elements must be of one type')
    const directive = memberOf(element, DIRECTIVE)
    if (directive === undefined) {
      added.push(element)
    } else if (directive === 'delete') {
      const doomed = keyIn(element, key)
      kept = kept.filter((candidate) => !(isObject(candidate) && memberOf(candidate, key) === doomed))
    } else if (directive === 'replace') {
      replaced = true
    } else {
      throw new BadPatch(
        directive === 'merge' ? 'merging lists cannot yet be specified in the patch' : `unknown patch type: ${text(directive)}`,
      )
    }
  }
  return { kept, added, replaced }
}

function keyIn(element: JsonObject, key: string): Json {
  const value = memberOf(element, key)
  if (value === undefined) throw new BadPatch(`map: ${text(element)} does not contain declared merge key: ${key}`)
  return value
}

function deleteFromList(merged: Record<string, Json>, key: string, doomed: Json): void {
  if (!isList(doomed)) throw new BadPatch('invalid patch format of primitive list')
  const present = memberOf(merged, key)
  if (!isList(present)) return
  const gone = new Set(doomed)
  setOwn(
    merged,
    key,
    present.filter((element) => !gone.has(element)),
  )
}

/** A copy of the original with the members that `$retainKeys` names, or all where it is not given. */
function retained(original: JsonObject, patch: JsonObject): Record<string, Json> {
  const keys = memberOf(patch, RETAIN_KEYS)
  if (keys === undefined) return copyOf(original)
  if (!isList(keys)) throw new BadPatch('invalid patch format of retainKeys')
  const kept = new Set(keys)
  for (const key of Object.keys(patch)) {
    if (!key.startsWith('$') && memberOf(patch, key) !== null && !kept.has(key)) {
      throw new BadPatch('invalid patch format of retainKeys')
    }
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.has(key)))
}

/** Orders the merged list as `$setElementOrder` says; elements that it does not name keep their places among them. */
function setOrder(
  merged: Record<string, Json>,
  original: JsonObject,
  patch: JsonObject,
  key: string,
  shape: Shape | undefined,
): void {
  const order = memberOf(patch, SET_ORDER + key)
  if (!isList(order)) throw new BadPatch(`invalid patch format of setElementOrder list: ${SET_ORDER}${key}`)
  const list = memberOf(merged, key)
  if (!isList(list)) return
  const { key: mergeKey } = mergingOf(shape, key)
  const given = memberOf(patch, key)
  const named = isList(given) ? given.filter((element) => !isObject(element) || memberOf(element, DIRECTIVE) === undefined) : []
  if (!inOrderOf(named, order, mergeKey)) {
    throw new BadPatch(`The order in patch list:\n${text(named)}\n doesn't match ${SET_ORDER} list:\n${text(order)}\n`)
  }
  const before = memberOf(original, key)
  setOwn(merged, key, mergeInOrder(list, order, isList(before) ? before : [], mergeKey))
}

/** What a patch brings where nothing was: its directives have nothing to act on, nulls nothing to remove. */
function withoutDirectives<T extends Json>(value: T): T
function withoutDirectives(value: Json): Json {
  if (isList(value)) {
    return value.filter((element) => !isObject(element) || memberOf(element, DIRECTIVE) === undefined).map(withoutDirectives)
  }
  if (!isObject(value)) return value
  const clean: Record<string, Json> = {}
  for (const key of Object.keys(value)) {
    const member = memberOf(value, key)
    if (member === undefined || member === null || isDirective(key)) continue
    setOwn(clean, key, withoutDirectives(member))
  }
  return clean
}

const isDirective = (key: string): boolean =>
  key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(SET_ORDER) || key.startsWith(DELETE_FROM_LIST)

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
