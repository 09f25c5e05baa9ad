// The annotation in which kubectl keeps what it applied as a client. Server-side apply by kubectl keeps it up, so that older
// clients go on from there, and takes over what it names without a conflict.
import { parseJson } from '../codec/json.ts'
import type { Json, JsonObject, KubeObject } from '../object.ts'
import { EMPTY, type FieldSet } from './field-set.ts'
import { isList, isObject } from './members.ts'
import type { Structure } from './structure.ts'
import { fieldsOf } from './typed-fields.ts'

/** The only manager that this is done for. */
export const KUBECTL = 'kubectl'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const MAX_ANNOTATIONS_BYTES = 256 * 1024

export function lastAppliedFields(live: KubeObject | undefined, structure: Structure, apiVersion: string): FieldSet {
  const text = live?.metadata.annotations?.[LAST_APPLIED]
  if (text === undefined) return EMPTY
  try {
    const { value } = parseJson(text)
    return isObject(value) && value.apiVersion === apiVersion ? fieldsOf(value, structure) : EMPTY
  } catch {
    return EMPTY
  }
}

/** Only where the annotation is; it goes where it would be too long. */
export function withLastApplied(object: KubeObject, config: JsonObject): KubeObject {
  const { [LAST_APPLIED]: present, ...others } = object.metadata.annotations ?? {}
  if (present === undefined) return object
  const text = `${sortedJson(withoutAnnotation(config))}\n`
  const fits = sizeOf({ ...others, [LAST_APPLIED]: text }) <= MAX_ANNOTATIONS_BYTES
  const annotations = fits ? { ...others, [LAST_APPLIED]: text } : others
  return { ...object, metadata: { ...object.metadata, annotations } }
}

const sizeOf = (annotations: Readonly<Record<string, string>>): number =>
  Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0)

function withoutAnnotation(config: JsonObject): JsonObject {
  const { metadata } = config
  if (!isObject(metadata) || !isObject(metadata.annotations)) return config
  const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations
  return { ...config, metadata: { ...metadata, annotations } }
}

/** As Go writes a map: keys in order, and the signs that mean something to HTML escaped. */
function sortedJson(value: Json): string {
  if (isList(value)) return `[${value.map(sortedJson).join(',')}]`
  if (!isObject(value)) return escaped(JSON.stringify(value))
  const members = Object.keys(value)
    .sort()
    .map((key) => `${escaped(JSON.stringify(key))}:${sortedJson(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}

const escaped = (text: string): string =>
  text.replace(/[<>&\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
