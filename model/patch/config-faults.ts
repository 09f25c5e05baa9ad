// What keeps an applied config from being a set of fields: fields that the type does not have, and lists whose elements cannot
// be told apart. Wrong types of values are found when the result is decoded.
import type { Json } from '../object.ts'
import { printedElement } from './field-set.ts'
import { isList, isObject, memberOf } from './members.ts'
import type { Structure } from './structure.ts'
import { elementOf, elementStructure, fieldStructure, isAssociative, isGranular } from './typed-fields.ts'

/** In the words of structured-merge-diff, each with the path of the place. */
export function configFaults(value: Json, structure: Structure, path = ''): readonly string[] {
  if (isGranular(structure) && isObject(value)) {
    return Object.keys(value).flatMap((key) => {
      const place = `${path}.${key}`
      if (structure.form === 'struct' && structure.field(key) === undefined) return [`${place}: field not declared in schema`]
      return configFaults(value[key] ?? null, fieldStructure(structure, key), place)
    })
  }
  if (!isAssociative(structure) || !isList(value)) return []
  const seen = new Set<string>()
  return value.flatMap((element, i) => {
    const name = elementOf(element, i, structure)
    if (structure.form === 'keyed' && name.startsWith('i:')) {
      const lacking = structure.keys.find(
        (key) => key.default === undefined && ((isObject(element) ? memberOf(element, key.name) : undefined) ?? null) === null,
      )
      return [
        `${path}: element ${i}: associative list with keys has an element that omits key field ${JSON.stringify(lacking?.name)} (and doesn't have default value)`,
      ]
    }
    if (seen.has(name)) return [`${path}: duplicate entries for key ${printedElement(name)}`]
    seen.add(name)
    return configFaults(element, elementStructure(structure), path + printedElement(name))
  })
}
