// What the API engine is asked and what it answers, and the events of its chart. Fronts (HTTP, links) translate to and from
// these; nothing here knows of bytes on a wire beyond the encoded form of an object, which is made once and shared.
import type { KubeObject } from '../../../model/object.ts'
import type { Status } from '../../../model/status.ts'
import type { ApiRequest, Reason, RequestOptions, ResourcePath, Selection } from '../../ports/api.ts'

export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

/** One version of an object in one of its API versions. */
export interface Entry {
  readonly object: KubeObject
  /** JSON with `metadata.resourceVersion`; made when first asked for, then kept. */
  readonly bytes: Uint8Array
}

export type EngineAnswer = { readonly warnings?: readonly string[] } & (
  | { readonly kind: 'object'; readonly code: number; readonly entry: Entry }
  | {
      readonly kind: 'list'
      readonly entries: readonly Entry[]
      readonly revision: number
      readonly continue?: string
      readonly remainingItemCount?: number
    }
  | { readonly kind: 'status'; readonly status: Status }
)

export interface WatchRequest {
  readonly path: ResourcePath
  readonly options: RequestOptions
  readonly allowWatchBookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
}

export interface EngineObserver {
  /** The request is accepted; events follow, never within the call of `watch`. */
  started(): void
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry, revision: number): void
  /** Everything that existed at this revision has been told. */
  initialEventsEnd(revision: number): void
  ended(status: Status): void
}

export interface EngineWatch {
  /** Everything up to here has been told: what a bookmark says. */
  readonly revision: number
  stop(): void
}

/** A decision that was carried out, as `kinora why` shows it. */
export interface RememberedReason extends Omit<Reason, 'about'> {
  /** RFC 3339, to the microsecond. */
  readonly time: string
  readonly revision: number
  /** The user that asked for it. */
  readonly actor: string
}

export interface Engine {
  /** Reads may be answered within the call, writes are answered after they are durable. */
  request(user: User, request: ApiRequest, answered: (answer: EngineAnswer) => void): void
  watch(user: User, request: WatchRequest, observer: EngineObserver): EngineWatch
  watchSelections(user: User, selections: readonly Selection[], observer: EngineObserver): EngineWatch
  /** The Status that refuses, or nothing. */
  authorize(user: User, attributes: { readonly verb: string } & ResourcePath): Status | undefined
  reasons(resource: string, namespace: string, name: string): readonly RememberedReason[]
}

/** What the chart hears: from the store through the engine, and from the Master. */
export type ApiEvent =
  | { readonly type: 'api.open' }
  | { readonly type: 'store.opened'; readonly revision: number; readonly epoch: number }
  | { readonly type: 'store.refused'; readonly reason: string; readonly message: string }
  | { readonly type: 'store.full'; readonly message: string }
  | { readonly type: 'store.failed'; readonly message: string }
  | { readonly type: 'store.written' }
  | { readonly type: 'load.exceeded' }
  | { readonly type: 'load.eased' }
  | { readonly type: 'api.drain' }
  | { readonly type: 'store.closed' }

/** What the chart lets the engine do; set by the chart's actions alone. */
export interface Gate {
  reads: 'open' | 'closed'
  writes: 'open' | 'deletesOnly' | 'closed'
  /** Words for who is refused. */
  reason: string
}
