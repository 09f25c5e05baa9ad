// One version of an object: parsed form and encoded bytes, each made when first needed and then kept. What is stored has no
// resourceVersion (only the store knows it); what is served has it spliced in behind the opening of `metadata`.
import type { KubeObject } from '../../../../model/object.ts'
import { convert } from '../../../../model/schema/conversion.ts'
import type { Entry } from '../api.protocol.ts'

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

/** JSON for the store. `kind` and `apiVersion` come first, then `metadata`, so that the splice finds its place. */
export function encodeForStore(object: KubeObject): string {
  const { kind, apiVersion, metadata, ...rest } = object
  const { resourceVersion: _, ...meta } = metadata
  return JSON.stringify({ kind, apiVersion, metadata: meta, ...rest })
}

const METADATA = '"metadata":{'
const BRACE = 0x7d
const COMMA = 0x2c

/** `{"kind":…,"metadata":{"name":…` → `{"kind":…,"metadata":{"resourceVersion":"7","name":…` */
function splice(text: string, revision: number): string {
  const at = text.indexOf(METADATA) + METADATA.length
  const separator = text.charCodeAt(at) === BRACE ? '' : ','
  return `${text.slice(0, at)}"resourceVersion":"${revision}"${separator}${text.slice(at)}`
}

/** What `splice` was given. */
function unsplice(text: string, revision: number): string {
  const at = text.indexOf(METADATA) + METADATA.length
  const end = at + `"resourceVersion":"${revision}"`.length
  return text.slice(0, at) + text.slice(text.charCodeAt(end) === COMMA ? end + 1 : end)
}

interface EntryPlace {
  readonly key: string
  readonly namespace: string
  readonly name: string
}

export class StoredEntry implements Entry {
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly revision: number
  readonly #apiVersion: string
  /** As it was stored, until somebody wants the bytes; from then on those stand for it. */
  #text: string | undefined
  #bytes: Uint8Array | undefined
  #object: KubeObject | undefined
  #converted: Map<string, Entry> | undefined

  /** The object, where it is at hand, may lack its resourceVersion or have another one. */
  constructor({ key, namespace, name }: EntryPlace, revision: number, apiVersion: string, text: string, object?: KubeObject) {
    this.key = key
    this.namespace = namespace
    this.name = name
    this.revision = revision
    this.#apiVersion = apiVersion
    this.#text = text
    if (object) this.#object = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
  }

  get object(): KubeObject {
    this.#object ??= JSON.parse(this.#served) as KubeObject
    return this.#object
  }

  get bytes(): Uint8Array {
    if (!this.#bytes) {
      this.#bytes = utf8.encode(this.#served)
      this.#text = undefined
    }
    return this.#bytes
  }

  get #served(): string {
    return this.#text === undefined ? fromUtf8.decode(this.#bytes) : splice(this.#text, this.revision)
  }

  get #stored(): string {
    return this.#text ?? unsplice(fromUtf8.decode(this.#bytes), this.revision)
  }

  /** The same version of the object in another of its API versions. */
  in(apiVersion: string): Entry {
    if (this.#apiVersion === apiVersion) return this
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
    return new StoredEntry(this, revision, this.#apiVersion, this.#stored, this.#object)
  }

  /** Another version has taken its place: the encoded form stays, for who asks for the past; what was made of it may go. */
  superseded(): void {
    this.#object = undefined
    this.#converted = undefined
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
