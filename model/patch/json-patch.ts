// JSON patch (RFC 6902): a list of operations on places that JSON pointers name, all carried out or none.
import { equalJson } from '../equality.ts'
import type { Json, JsonObject } from '../object.ts'
import { tooLarge } from '../status.ts'
import { copyOf, isList, isObject, memberOf, setMember } from './members.ts'
import { type PatchOutcome, refusedPatch, UNFIT } from './outcome.ts'

/** As many operations as Kubernetes takes in one patch. */
const MAX_OPERATIONS = 10_000

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
  const budget = { copied: 0 }
  try {
    return { ok: true, value: patch.reduce<Json>((value, operation) => carryOut(value, operation, budget), document) }
  } catch (error) {
    if (error instanceof Misfit) return { ok: false, status: UNFIT }
    throw error
  }
}

class Misfit extends Error {}

function carryOut(document: Json, operation: Json, budget: { copied: number }): Json {
  if (!isObject(operation)) throw new Misfit()
  switch (memberOf(operation, 'op')) {
    case 'add':
      return change(document, pointer(operation, 'path'), adding(valueIn(operation)))
    case 'remove':
      return change(document, pointer(operation, 'path'), removing)
    case 'replace':
      return change(document, pointer(operation, 'path'), replacing(valueIn(operation)))
    case 'move': {
      const [from, to] = [pointer(operation, 'from'), pointer(operation, 'path')]
      if (to.length > from.length && from.every((step, i) => step === to[i])) throw new Misfit()
      const moved = read(document, from)
      return change(change(document, from, removing), to, adding(moved))
    }
    case 'copy': {
      const copied = read(document, pointer(operation, 'from'))
      budget.copied += countValues(copied, MAX_COPIED_VALUES)
      if (budget.copied > MAX_COPIED_VALUES) throw new Misfit()
      return change(document, pointer(operation, 'path'), adding(copied))
    }
    case 'test':
      if (!equalJson(readOrNull(document, pointer(operation, 'path')), valueIn(operation))) throw new Misfit()
      return document
    default:
      throw new Misfit()
  }
}

const valueIn = (operation: JsonObject): Json => {
  const value = memberOf(operation, 'value')
  if (value === undefined) throw new Misfit()
  return value
}

/**
 * `/metadata/annotations/x~1y` → `metadata`, `annotations`, `x/y`; the empty text is the whole document. What stands before the
 * first slash is passed over, as by the library that Kubernetes uses.
 */
function pointer(operation: JsonObject, name: 'path' | 'from'): readonly string[] {
  const text = memberOf(operation, name)
  if (typeof text !== 'string' || (text !== '' && !text.includes('/'))) throw new Misfit()
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
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

interface Change {
  (parent: Json, step: string): Json
  /** What the whole document becomes, for the empty pointer. */
  readonly whole: Json | undefined
}

const changing = (whole: Json | undefined, apply: (parent: Json, step: string) => Json): Change => Object.assign(apply, { whole })

/** Copies the containers along the way, from the outermost in. */
function change(document: Json, steps: readonly string[], apply: Change): Json {
  const [step, ...rest] = steps
  if (step === undefined) {
    if (apply.whole === undefined) throw new Misfit()
    return apply.whole
  }
  if (rest.length === 0) return apply(document, step)
  const inner = change(read(document, [step]), rest, apply)
  return isList(document) ? document.with(existingIndex(document, step), inner) : withMember(document, step, inner)
}

const adding = (value: Json): Change =>
  changing(value, (parent, step) => {
    if (!isList(parent)) return withMember(parent, step, value)
    const index = step === '-' ? parent.length : indexIn(parent, step)
    if (index > parent.length) throw new Misfit()
    return parent.toSpliced(index, 0, value)
  })

const replacing = (value: Json): Change =>
  changing(value, (parent, step) => {
    if (isList(parent)) return parent.with(existingIndex(parent, step), value)
    read(parent, [step])
    return withMember(parent, step, value)
  })

const removing: Change = changing(undefined, (parent, step) => {
  if (isList(parent)) return parent.toSpliced(existingIndex(parent, step), 1)
  read(parent, [step])
  if (!isObject(parent)) throw new Misfit()
  const without = copyOf(parent)
  delete without[step]
  return without
})

function withMember(parent: Json, key: string, value: Json): Json {
  if (!isObject(parent)) throw new Misfit()
  const changed = copyOf(parent)
  setMember(changed, key, value)
  return changed
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

/** Stops counting beyond `most`. */
function countValues(value: Json, most: number): number {
  let count = 1
  const members = isList(value) ? value : isObject(value) ? Object.values(value) : []
  for (const member of members) {
    if (count > most) break
    count += countValues(member, most - count)
  }
  return count
}

function jsonKind(value: Json): string {
  if (typeof value === 'boolean') return 'bool'
  return isObject(value) ? 'object' : typeof value
}
