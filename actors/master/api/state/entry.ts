// One version of an object: parsed form and encoded bytes, each made when first needed and then kept. What is stored has no
// resourceVersion (only the store knows it); what is served has it spliced in behind the opening of `metadata`.
import type { KubeObject } from '../../../../model/object.ts'
import { convert } from '../../../../model/schema/conversion.ts'
import type { Entry } from '../api.protocol.ts'

const utf8 = new TextEncoder()

/** JSON for the store. `kind` and `apiVersion` come first, then `metadata`, so that the splice finds its place. */
export function encodeForStore(object: KubeObject): string {
  const { kind, apiVersion, metadata, ...rest } = object
  const { resourceVersion: _, ...meta } = metadata
  return JSON.stringify({ kind, apiVersion, metadata: meta, ...rest })
}

const METADATA = '"metadata":{'

function splice(text: string, revision: number): string {
  const at = text.indexOf(METADATA) + METADATA.length
  const separator = text.charCodeAt(at) === 0x7d ? '' : ','
  return `${text.slice(0, at)}"resourceVersion":"${revision}"${separator}${text.slice(at)}`
}

export class StoredEntry implements Entry {
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly revision: number
  #text: string | undefined
  #bytes: Uint8Array | undefined
  #object: KubeObject | undefined
  #converted: Map<string, Entry> | undefined

  /** `text` as it was stored; the object, where it is at hand, may lack its resourceVersion. */
  constructor(key: string, namespace: string, name: string, revision: number, text: string, object?: KubeObject) {
    this.key = key
    this.namespace = namespace
    this.name = name
    this.revision = revision
    this.#text = text
    if (object) this.#object = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
  }

  get object(): KubeObject {
    this.#object ??= JSON.parse(new TextDecoder().decode(this.bytes)) as KubeObject
    return this.#object
  }

  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      this.#bytes = utf8.encode(splice(this.#text ?? '', this.revision))
      this.#text = undefined
    }
    return this.#bytes
  }

  /** The same version of the object in another of its API versions. */
  in(apiVersion: string): Entry {
    if (this.object.apiVersion === apiVersion) return this
    this.#converted ??= new Map()
    let entry = this.#converted.get(apiVersion)
    if (!entry) {
      entry = entryOf(convert(this.object, apiVersion))
      this.#converted.set(apiVersion, entry)
    }
    return entry
  }

  /** What is told of an object that is gone: its last state, at the revision of the deletion. */
  deletedAt(revision: number): StoredEntry {
    return new StoredEntry(this.key, this.namespace, this.name, revision, encodeForStore(this.object), this.object)
  }
}

/** An object that is not stored as such: converted, projected, or never stored. */
export function entryOf(object: KubeObject): Entry {
  let bytes: Uint8Array | undefined
  return {
    object,
    get bytes() {
      bytes ??= utf8.encode(JSON.stringify(object))
      return bytes
    },
  }
}
