// Who wants to hear of which change. Watchers are kept by what they ask (resource, namespace, name, node), so that a change
// costs those who want it and nobody else. All hear changes in the order of revisions.
import type { ResourceInfo } from '../../../model/schema/resources.ts'
import { expired } from '../../../model/status.ts'
import type { EngineObserver, EngineWatch } from './api.protocol.ts'
import type { Filter } from './reads.ts'
import type { StoredEntry } from './state/entry.ts'
import type { StateChange } from './state/history.ts'
import type { State } from './state/state.ts'

export interface WatchedSelection {
  readonly resource: ResourceInfo
  readonly namespace: string | undefined
  readonly filter: Filter
}

class Watcher {
  readonly selections: readonly WatchedSelection[]
  readonly observer: EngineObserver
  /** Everything up to here has been told. */
  revision: number
  live = true

  constructor(selections: readonly WatchedSelection[], observer: EngineObserver, revision: number) {
    this.selections = selections
    this.observer = observer
    this.revision = revision
  }

  tell(change: StateChange): void {
    // A change comes by every place that it belongs to; a watcher may wait at several of them.
    if (!this.live || change.revision <= this.revision) return
    this.revision = change.revision
    const { entry, previous, revision } = change
    const after = change.type === 'DELETED' ? undefined : this.#selecting(change.storageName, entry)
    const before = previous && this.#selecting(change.storageName, previous)
    if (after) this.observer.event(before ? 'MODIFIED' : 'ADDED', entry.in(after.resource.apiVersion), revision)
    // An object that leaves the selection is told as deleted, in its last state that was inside, at this revision [I12].
    else if (before) {
      const last = change.type === 'DELETED' ? entry : previous.deletedAt(revision)
      this.observer.event('DELETED', last.in(before.resource.apiVersion), revision)
    }
  }

  #selecting(storageName: string, entry: StoredEntry): WatchedSelection | undefined {
    return this.selections.find((selection) => selection.resource.storageName === storageName && selects(selection, entry))
  }
}

const selects = ({ namespace, filter }: WatchedSelection, entry: StoredEntry): boolean =>
  (namespace === undefined || entry.namespace === namespace) && (filter.all || filter.matches(entry.object))

/** The narrowest place that a selection fits: everything of a resource, or what one index value selects. */
const placeOf = ({ resource, namespace, filter }: WatchedSelection): string => {
  const name = filter.exact('metadata.name')
  if (name !== undefined) return `${resource.storageName} name ${name}`
  const node = resource.storageName === 'pods' ? filter.exact('spec.nodeName') : undefined
  if (node) return `pods node ${node}`
  return namespace === undefined ? resource.storageName : `${resource.storageName} namespace ${namespace}`
}

function* placesOf({ storageName, entry, previous }: StateChange): Generator<string> {
  yield storageName
  yield `${storageName} namespace ${entry.namespace}`
  yield `${storageName} name ${entry.name}`
  if (storageName !== 'pods') return
  const node = nodeOf(entry)
  const before = previous && nodeOf(previous)
  if (node) yield `pods node ${node}`
  if (before && before !== node) yield `pods node ${before}`
}

const nodeOf = (entry: StateChange['entry']): string | undefined =>
  (entry.object.spec as { nodeName?: string } | undefined)?.nodeName

export interface WatchStart {
  /** Resume behind this revision; absent: begin with what exists. */
  readonly since?: number
  readonly defer: (callback: () => void) => void
}

export class Watches {
  readonly #places = new Map<string, Set<Watcher>>()
  readonly #state: State

  constructor(state: State) {
    this.#state = state
  }

  get size(): number {
    const all = new Set<Watcher>()
    for (const watchers of this.#places.values()) for (const each of watchers) all.add(each)
    return all.size
  }

  /** Events come from the next turn on, never within this call. */
  start(selections: readonly WatchedSelection[], observer: EngineObserver, { since, defer }: WatchStart): EngineWatch {
    const state = this.#state
    const watcher = new Watcher(selections, observer, since ?? state.revision)
    const handle: EngineWatch = {
      get revision() {
        return Math.max(watcher.revision, state.revision)
      },
      stop: () => this.#stop(watcher),
    }
    defer(() => {
      if (!watcher.live) return
      if (since !== undefined && since < state.history.floor) {
        observer.ended(expired(`too old resource version: ${since} (${state.history.floor})`))
        return
      }
      observer.started()
      if (since === undefined) this.#tellExisting(watcher)
      else for (const change of state.history.since(since)) watcher.tell(change)
      if (!watcher.live) return
      for (const selection of watcher.selections) {
        const place = placeOf(selection)
        const watchers = this.#places.get(place) ?? new Set()
        watchers.add(watcher)
        this.#places.set(place, watchers)
      }
    })
    return handle
  }

  dispatch(change: StateChange): void {
    for (const place of placesOf(change)) {
      const watchers = this.#places.get(place)
      if (watchers) for (const watcher of [...watchers]) watcher.tell(change)
    }
  }

  /** All end, with the words that a client retries on. */
  endAll(reason: Parameters<EngineObserver['ended']>[0]): void {
    const all = new Set<Watcher>()
    for (const watchers of this.#places.values()) for (const each of watchers) all.add(each)
    for (const watcher of all) {
      this.#stop(watcher)
      watcher.observer.ended(reason)
    }
  }

  #tellExisting(watcher: Watcher): void {
    const { revision } = this.#state
    watcher.revision = revision
    const told = new Set<StoredEntry>()
    for (const { resource, namespace, filter } of watcher.selections) {
      for (const entry of this.#state.collection(resource.storageName).entries(resource.namespaced ? namespace : '')) {
        if (!watcher.live) return
        if (told.has(entry) || !(filter.all || filter.matches(entry.object))) continue
        if (watcher.selections.length > 1) told.add(entry)
        watcher.observer.event('ADDED', entry.in(resource.apiVersion), entry.revision)
      }
    }
    if (watcher.live) watcher.observer.initialEventsEnd(revision)
  }

  #stop(watcher: Watcher): void {
    watcher.live = false
    for (const selection of watcher.selections) {
      const place = placeOf(selection)
      const watchers = this.#places.get(place)
      watchers?.delete(watcher)
      if (watchers?.size === 0) this.#places.delete(place)
    }
  }
}
