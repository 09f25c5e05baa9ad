// How two states of one object differ, in the version of whoever asks: managers name fields as their version calls them.
import { decodeTyped } from '../codec/decode.ts'
import { type Json, type KubeObject, parseApiVersion } from '../object.ts'
import { convert } from '../schema/conversion.ts'
import { resourceForKind } from '../schema/resources.ts'
import { type MessageType, typeForKind } from '../schema/types.ts'
import { objectStructure, type Structure } from './structure.ts'
import { type Comparison, compare } from './typed-fields.ts'

/** A kind that is not in the table of types is a custom resource. */
export function structureOf(apiVersion: string, kind: string, subresource: string): Structure {
  const hasStatus = resourceForKind(apiVersion, kind)?.subresources.status !== undefined
  const reset = subresource === 'status' ? ['spec'] : subresource === '' && hasStatus ? ['status'] : []
  return objectStructure(typeOfKind(apiVersion, kind), reset)
}

function typeOfKind(apiVersion: string, kind: string): MessageType | undefined {
  const { group, version } = parseApiVersion(apiVersion)
  return typeForKind(group, version, kind)
}

const blanks = new Map<string, KubeObject>()

/** What Kubernetes compares a new object with: nothing but what Go writes of a struct that nobody filled. */
export function blankObject(apiVersion: string, kind: string): KubeObject {
  const bare = { apiVersion, kind, metadata: {} }
  const type = typeOfKind(apiVersion, kind)
  if (!type) return bare
  const key = `${apiVersion} ${kind}`
  const known = blanks.get(key)
  if (known) return known
  const blank = { ...decodeTyped(bare, type).object, ...bare }
  blanks.set(key, blank)
  return blank
}

/** Compares once for each version that is asked for; undefined for one that the kind does not have. */
export function comparing(
  before: KubeObject,
  after: KubeObject,
  subresource: string,
): (apiVersion: string) => Comparison | undefined {
  const done = new Map<string, Comparison | undefined>()
  return (apiVersion) => {
    if (done.has(apiVersion)) return done.get(apiVersion)
    const gone = typeOfKind(after.apiVersion, after.kind) && !typeOfKind(apiVersion, after.kind)
    const comparison = gone
      ? undefined
      : compare(
          jsonOf(convert(before, apiVersion)),
          jsonOf(convert(after, apiVersion)),
          structureOf(apiVersion, after.kind, subresource),
        )
    done.set(apiVersion, comparison)
    return comparison
  }
}

export const jsonOf = (object: KubeObject): Json => object as unknown as Json
