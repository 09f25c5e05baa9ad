// A live object with what somebody applies laid over it, and an object without some of its fields: the two steps by which
// server-side apply changes values. What is not touched is shared with the result.
import { setOwn } from '../codec/json.ts'
import type { Json, JsonObject } from '../object.ts'
import type { FieldSet } from './field-set.ts'
import { copyOf, isList, isObject, memberOf } from './members.ts'
import type { Structure } from './structure.ts'
import { elementOf, elementStructure, fieldStructure, isAssociative, isGranular } from './typed-fields.ts'

export function overlay(live: Json | undefined, config: Json, structure: Structure): Json | undefined {
  if (structure.form === 'unowned') return structure.heard ? config : live
  if (live === undefined || live === null) return withoutUnheard(config, structure)
  if (isGranular(structure) && isObject(live))
    return isObject(config) ? overlayObject(live, config, structure) : orLive(live, config)
  if (isAssociative(structure) && isList(live))
    return isList(config) ? overlayList(live, config, structure) : orLive(live, config)
  return config
}

/** Null and nothing take nothing away from a map or a list that has several owners. */
const orLive = (live: JsonObject | readonly Json[], config: Json): Json =>
  config === null && Object.keys(live).length > 0 ? live : config

function withoutUnheard(config: Json, structure: Structure): Json {
  if (structure.form !== 'struct' || !isObject(config)) return config
  const unheard = Object.keys(config).filter((key) => isUnheard(fieldStructure(structure, key)))
  if (unheard.length === 0) return config
  return Object.fromEntries(Object.entries(config).filter(([key]) => !unheard.includes(key)))
}

const isUnheard = (structure: Structure): boolean => structure.form === 'unowned' && !structure.heard

function overlayObject(live: JsonObject, config: JsonObject, structure: Parameters<typeof fieldStructure>[0]): JsonObject {
  const merged = copyOf(live)
  for (const key of Object.keys(config)) {
    const value = overlay(memberOf(live, key), config[key] ?? null, fieldStructure(structure, key))
    if (value !== undefined) setOwn(merged, key, value)
  }
  return merged
}

/**
 * Applied elements stand in the order of the config, those that only the live list has where they were among the others.
 *   live a b c, config c x a → b c x a
 */
function overlayList(live: readonly Json[], config: readonly Json[], structure: Parameters<typeof elementStructure>[0]): Json[] {
  const below = elementStructure(structure)
  const liveNames = live.map((element, i) => elementOf(element, i, structure))
  const names = config.map((element, i) => elementOf(element, i, structure))
  const liveByName = firstByName(liveNames, live)
  const applied = new Set(names)
  const shared = names.filter((name) => liveByName.has(name))
  const done = new Set<string>()
  const merged: Json[] = []
  let nextShared = 0
  const take = (i: number): void => {
    const name = names[i] ?? ''
    if (!done.has(name)) merged.push(overlay(liveByName.get(name), config[i] ?? null, below) ?? null)
    done.add(name)
    if (shared[nextShared] === name) nextShared += 1
  }
  for (let l = 0, c = 0; l < live.length || c < config.length; ) {
    const name = liveNames[l]
    if (name !== undefined && c < config.length) {
      if (name === names[c]) {
        take(c)
        l += 1
        c += 1
        continue
      }
      const next = shared[nextShared]
      if (applied.has(name) && next !== undefined && next !== name) {
        l += 1
        continue
      }
    }
    if (name !== undefined) {
      if (!applied.has(name)) {
        merged.push(live[l] ?? null)
        l += 1
        continue
      }
      if (done.has(name)) l += 1
    }
    if (c < config.length) {
      take(c)
      c += 1
    }
  }
  return merged
}

function firstByName(names: readonly string[], elements: readonly Json[]): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>()
  for (const [i, name] of names.entries()) if (!found.has(name)) found.set(name, elements[i] ?? null)
  return found
}

/** A container of which nothing is left stays empty: it was not to go itself. */
export function without(value: Json, fields: FieldSet, structure: Structure): Json {
  if (isGranular(structure) && isObject(value)) {
    const kept = copyOf(value)
    for (const [element, below] of fields.children) {
      const key = element.slice(2)
      const member = element.startsWith('f:') ? memberOf(value, key) : undefined
      if (member === undefined) continue
      const left = below.member ? undefined : without(member, below, fieldStructure(structure, key))
      if (left === undefined) delete kept[key]
      else setOwn(kept, key, left)
    }
    return kept
  }
  if (isAssociative(structure) && isList(value)) {
    const kept: Json[] = []
    for (const [i, element] of value.entries()) {
      const below = fields.children.get(elementOf(element, i, structure))
      const left = below === undefined ? element : below.member ? undefined : without(element, below, elementStructure(structure))
      if (left !== undefined) kept.push(left)
    }
    return kept
  }
  return value
}

/** With the structs that only have fields in the set, but are not in it themselves, so that nobody's empty struct stays. */
export function withStructs(fields: FieldSet, structure: Structure): FieldSet {
  const children = [...fields.children].map(([element, below]): [string, FieldSet] => {
    const named = structure.form === 'struct' && element.startsWith('f:')
    const inner = isGranular(structure)
      ? fieldStructure(structure, element.slice(2))
      : isAssociative(structure)
        ? elementStructure(structure)
        : structure
    const full = withStructs(below, inner)
    return [element, named ? { ...full, member: true } : full]
  })
  return { member: fields.member, children: new Map(children) }
}
