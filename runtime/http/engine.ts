// TEMPORARY: what the front needs of the engine, until actors/master/api/api.protocol.ts lands.
import type { ApiRequest, RequestOptions, ResourcePath } from '../../actors/ports/api.ts'
import type { KubeObject } from '../../model/object.ts'
import type { ResourceInfo } from '../../model/schema/resources.ts'
import type { Status } from '../../model/status.ts'
import type { User } from '../identity/client-certificate.ts'

export interface Entry {
  readonly bytes: Uint8Array
  readonly object: KubeObject
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
  started(): void
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', entry: Entry, revision: number): void
  initialEventsEnd(revision: number): void
  ended(status: Status): void
}

export interface EngineWatch {
  readonly revision: number
  stop(): void
}

export interface Engine {
  request(user: User, request: ApiRequest, answered: (answer: EngineAnswer) => void): void
  watch(user: User, request: WatchRequest, observer: EngineObserver): EngineWatch
  authorize(user: User, attributes: { verb: string } & ResourcePath): Status | undefined
  reasons(resource: string, namespace: string, name: string): readonly unknown[]
}

export type { ResourceInfo }
