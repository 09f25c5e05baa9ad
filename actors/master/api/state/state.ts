// The versioned index of everything that is durable: collections by resource, the indexes that participants read by, the
// history. It changes only by what the store has committed, in the order of revisions.
import type { KubeObject, ResourceName } from '../../../../model/object.ts'
import { storedResource } from '../../../../model/schema/resources.ts'
import type { Change, View } from '../../../ports/view.ts'
import { Collection } from './collection.ts'
import { StoredEntry } from './entry.ts'
import { History, type StateChange } from './history.ts'

const PREFIX = '/registry/'

/** `/registry/pods/default/web`, `/registry/nodes/node-1`. */
export const keyFor = (storageName: ResourceName, namespace: string, name: string): string =>
  namespace === '' ? `${PREFIX}${storageName}/${name}` : `${PREFIX}${storageName}/${namespace}/${name}`

export class State implements View {
  readonly history = new History()
  readonly #collections = new Map<ResourceName, Collection>()
  /** Owner's uid → keys of what it owns. */
  readonly #owned = new Map<string, Map<string, { readonly resource: ResourceName; readonly entry: StoredEntry }>>()
  readonly #onNode = new Map<string, Map<string, StoredEntry>>()
  readonly #observers = new Map<
    object,
    { readonly resources: ReadonlySet<ResourceName>; readonly changed: (change: Change) => void }
  >()
  #revision = 1

  get revision(): number {
    return this.#revision
  }

  collection(storageName: ResourceName): Collection {
    let collection = this.#collections.get(storageName)
    if (!collection) {
      collection = new Collection()
      this.#collections.set(storageName, collection)
    }
    return collection
  }

  /** Resources that have objects. */
  *resources(): Iterable<ResourceName> {
    for (const [name, collection] of this.#collections) if (collection.size > 0) yield name
  }

  /** A row of the store at the start. False: it is not an object's. */
  load(key: string, value: string, revision: number): boolean {
    if (!key.startsWith(PREFIX)) return false
    const [storageName = '', ...rest] = key.slice(PREFIX.length).split('/')
    const resource = storedResource(storageName)
    if (!resource || rest.length === 0) return false
    const name = rest.at(-1) ?? ''
    const namespace = rest.length > 1 ? (rest[0] ?? '') : ''
    this.#put(storageName, new StoredEntry({ key, namespace, name }, revision, resource.apiVersion, value))
    return true
  }

  loaded(revision: number): void {
    this.#revision = revision
    this.history.startAt(revision)
  }

  put(storageName: ResourceName, entry: StoredEntry, atMs: number): StateChange {
    const previous = this.collection(storageName).get(entry.namespace, entry.name)
    if (previous) this.#unlink(storageName, previous)
    this.#put(storageName, entry)
    return this.#changed({ type: previous ? 'MODIFIED' : 'ADDED', storageName, revision: entry.revision, entry, previous, atMs })
  }

  /** `entry` is what is told of it: its last state, at the revision of the deletion. */
  remove(storageName: ResourceName, previous: StoredEntry, entry: StoredEntry, atMs: number): StateChange {
    this.#unlink(storageName, previous)
    this.collection(storageName).delete(previous.namespace, previous.name)
    return this.#changed({ type: 'DELETED', storageName, revision: entry.revision, entry, previous, atMs })
  }

  #changed(change: StateChange): StateChange {
    this.#revision = change.revision
    this.history.append(change)
    return change
  }

  /** Tells the Master's own participants. */
  tell({ type, storageName, revision, entry, previous }: StateChange): void {
    if (this.#observers.size === 0) return
    const change: Change = { type, resource: storageName, revision, object: entry.object, previous: previous?.object }
    for (const { resources, changed } of [...this.#observers.values()]) {
      if (resources.size === 0 || resources.has(storageName)) changed(change)
    }
  }

  // View

  get<T = KubeObject>(resource: ResourceName, namespace: string, name: string): T | undefined {
    return this.#collections.get(resource)?.get(namespace, name)?.object as T | undefined
  }

  *list<T = KubeObject>(resource: ResourceName, namespace?: string): Iterable<T> {
    const collection = this.#collections.get(resource)
    if (collection) for (const entry of collection.entries(namespace)) yield entry.object as T
  }

  *ownedBy<T = KubeObject>(resource: ResourceName, ownerUid: string): Iterable<T> {
    for (const owned of [...(this.#owned.get(ownerUid)?.values() ?? [])])
      if (owned.resource === resource) yield owned.entry.object as T
  }

  *dependentsOf(ownerUid: string): Iterable<{ readonly resource: ResourceName; readonly object: KubeObject }> {
    for (const { resource, entry } of [...(this.#owned.get(ownerUid)?.values() ?? [])]) yield { resource, object: entry.object }
  }

  *podsOnNode<T = KubeObject>(nodeName: string): Iterable<T> {
    for (const entry of [...(this.#onNode.get(nodeName)?.values() ?? [])]) yield entry.object as T
  }

  observe(resources: readonly ResourceName[], changed: (change: Change) => void): { stop(): void } {
    const token = {}
    this.#observers.set(token, { resources: new Set(resources), changed })
    return { stop: () => this.#observers.delete(token) }
  }

  #put(storageName: ResourceName, entry: StoredEntry): void {
    this.collection(storageName).set(entry)
    for (const owner of entry.object.metadata.ownerReferences ?? []) {
      let owned = this.#owned.get(owner.uid)
      if (!owned) {
        owned = new Map()
        this.#owned.set(owner.uid, owned)
      }
      owned.set(entry.key, { resource: storageName, entry })
    }
    const nodeName = nodeOf(storageName, entry)
    if (nodeName === undefined) return
    let pods = this.#onNode.get(nodeName)
    if (!pods) {
      pods = new Map()
      this.#onNode.set(nodeName, pods)
    }
    pods.set(entry.key, entry)
  }

  #unlink(storageName: ResourceName, entry: StoredEntry): void {
    for (const owner of entry.object.metadata.ownerReferences ?? []) {
      const owned = this.#owned.get(owner.uid)
      owned?.delete(entry.key)
      if (owned?.size === 0) this.#owned.delete(owner.uid)
    }
    const nodeName = nodeOf(storageName, entry)
    if (nodeName === undefined) return
    const pods = this.#onNode.get(nodeName)
    pods?.delete(entry.key)
    if (pods?.size === 0) this.#onNode.delete(nodeName)
  }
}

function nodeOf(storageName: ResourceName, entry: StoredEntry): string | undefined {
  if (storageName !== 'pods') return undefined
  return (entry.object.spec as { nodeName?: string } | undefined)?.nodeName || undefined
}
