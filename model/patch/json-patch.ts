// JSON patch (RFC 6902): a list of operations on places that JSON pointers name, all carried out or none.
import { setOwn } from '../codec/json.ts'
import { equalJson } from '../equality.ts'
import type { Json, JsonObject } from '../object.ts'
import { tooLarge } from '../status.ts'
import { copyOf, isList, isObject, memberOf } from './members.ts'
import { type PatchOutcome, refusedPatch, UNFIT } from './outcome.ts'

/** As many operations as Kubernetes takes in one patch. */
const MAX_OPERATIONS = 10_000

/** Nothing that may be stored is nested deeper. */
const MAX_STEPS = 500

/**
 * What `copy` may add to an object, counted in values. Without a limit forty copies of an object into itself would make a
 * million millions of it.
 */
const MAX_COPIED_VALUES = 500_000

/** Neither argument is changed; what the patch does not touch is shared with the result. */
export function applyJsonPatch(document: Json, patch: Json): PatchOutcome {
  if (!isList(patch)) {
    return refusedPatch(
      `error decoding patch: json: cannot unmarshal ${jsonKind(patch)} into Go value of type []handlers.jsonPatchOp`,
    )
  }
  if (patch.length > MAX_OPERATIONS) {
    return {
      ok: false,
      status: tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`),
    }
  }
  const draft = new Draft(document)
  try {
    for (const operation of patch) carryOut(draft, operation)
  } catch (error) {
    // Moving things into each other can nest them beyond what the stack holds.
    if (error instanceof Misfit || error instanceof RangeError) return { ok: false, status: UNFIT }
    throw error
  }
  return { ok: true, value: draft.root }
}

class Misfit extends Error {}

function carryOut(draft: Draft, operation: Json): void {
  if (!isObject(operation)) throw new Misfit()
  switch (memberOf(operation, 'op')) {
    case 'add':
      return draft.add(pointer(operation, 'path'), valueIn(operation))
    case 'remove':
      return draft.remove(pointer(operation, 'path'))
    case 'replace':
      return draft.replace(pointer(operation, 'path'), valueIn(operation))
    case 'move': {
      const from = pointer(operation, 'from')
      const moved = read(draft.root, from)
      draft.remove(from)
      return draft.add(pointer(operation, 'path'), moved)
    }
    case 'copy':
      return draft.add(pointer(operation, 'path'), draft.copied(read(draft.root, pointer(operation, 'from'))))
    case 'test':
      if (equalJson(readOrNull(draft.root, pointer(operation, 'path')), valueIn(operation))) return
      throw new Misfit()
    default:
      throw new Misfit()
  }
}

/**
 * The document as changed so far. Containers are copied when first written to and then belong to the draft, so that ten
 * thousand additions to a map of fifty thousand members copy it once.
 */
class Draft {
  root: Json
  readonly #own = new Set<Json>()
  #copiedValues = 0

  constructor(document: Json) {
    this.root = document
  }

  add(steps: readonly string[], value: Json): void {
    const place = this.#place(steps)
    if (place === undefined) {
      this.root = value
      return
    }
    const { parent, step } = place
    if (!isList(parent)) return setOwn(parent, step, value)
    const index = step === '-' ? parent.length : indexIn(parent, step)
    if (index > parent.length) throw new Misfit()
    parent.splice(index, 0, value)
  }

  replace(steps: readonly string[], value: Json): void {
    const place = this.#place(steps)
    if (place === undefined) {
      this.root = value
      return
    }
    const { parent, step } = place
    read(parent, [step])
    if (isList(parent)) parent[existingIndex(parent, step)] = value
    else setOwn(parent, step, value)
  }

  remove(steps: readonly string[]): void {
    const place = this.#place(steps)
    if (place === undefined) throw new Misfit()
    const { parent, step } = place
    read(parent, [step])
    if (isList(parent)) parent.splice(existingIndex(parent, step), 1)
    else delete parent[step]
  }

  /** A copy that shares nothing with the draft, which could otherwise be changed in two places at once. */
  copied(value: Json): Json {
    this.#copiedValues += 1
    if (this.#copiedValues > MAX_COPIED_VALUES) throw new Misfit()
    if (isList(value)) return value.map((element) => this.copied(element))
    if (!isObject(value)) return value
    const copy: Record<string, Json> = {}
    for (const key of Object.keys(value)) setOwn(copy, key, this.copied(value[key] ?? null))
    return copy
  }

  /** The writable container of what the pointer names; undefined for the whole document. */
  #place(steps: readonly string[]): { parent: Container; step: string } | undefined {
    const last = steps.at(-1)
    if (last === undefined) return undefined
    let parent = this.#writable(this.root)
    this.root = parent
    for (const step of steps.slice(0, -1)) {
      const child = this.#writable(read(parent, [step]))
      if (isList(parent)) parent[existingIndex(parent, step)] = child
      else setOwn(parent, step, child)
      parent = child
    }
    return { parent, step: last }
  }

  #writable(container: Json): Container {
    if (!isList(container) && !isObject(container)) throw new Misfit()
    if (this.#own.has(container)) return container as Container
    const copy = isList(container) ? [...container] : copyOf(container)
    this.#own.add(copy)
    return copy
  }
}

type Container = Json[] | Record<string, Json>

const valueIn = (operation: JsonObject): Json => {
  const value = memberOf(operation, 'value')
  if (value === undefined) throw new Misfit()
  return value
}

/**
 * `/metadata/annotations/x~1y` → `metadata`, `annotations`, `x/y`; the empty text is the whole document. What stands before
 * the first slash is ignored, as by the library that Kubernetes uses: `data/one` is `one` at the top.
 */
function pointer(operation: JsonObject, name: 'path' | 'from'): readonly string[] {
  const text = memberOf(operation, name)
  if (typeof text !== 'string') throw new Misfit()
  if (text === '') return []
  const steps = text.split('/', MAX_STEPS + 2).slice(1)
  if (steps.length === 0 || steps.length > MAX_STEPS) throw new Misfit()
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(document: Json, steps: readonly string[]): Json {
  let value: Json = document
  for (const step of steps) {
    const next: Json | undefined = isList(value)
      ? value[existingIndex(value, step)]
      : isObject(value)
        ? memberOf(value, step)
        : undefined
    if (next === undefined) throw new Misfit()
    value = next
  }
  return value
}

/** A `test` for null is true of a member that is not there. */
function readOrNull(document: Json, steps: readonly string[]): Json {
  const last = steps.at(-1)
  if (last === undefined) return document
  const parent = read(document, steps.slice(0, -1))
  return isObject(parent) ? (memberOf(parent, last) ?? null) : read(parent, [last])
}

/** Negative ones count from the end, as in the library that Kubernetes uses. */
function indexIn(list: readonly Json[], step: string): number {
  if (!/^-?(?:0|[1-9]\d{0,8})$/.test(step)) throw new Misfit()
  const index = Number(step)
  if (index >= 0) return index
  if (index < -list.length) throw new Misfit()
  return index + list.length
}

function existingIndex(list: readonly Json[], step: string): number {
  const index = indexIn(list, step)
  if (index >= list.length) throw new Misfit()
  return index
}

function jsonKind(value: Json): string {
  if (typeof value === 'boolean') return 'bool'
  return isObject(value) ? 'object' : typeof value
}
