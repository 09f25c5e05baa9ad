// How a participant asks the API for something, in whatever process it lives: the same requests travel as direct calls
// inside the Master, as messages over a node's link, and as HTTP. Answers come by callback, later, never within the call.
import type { Json, KubeObject } from '../../model/object.ts'
import type { Status } from '../../model/status.ts'

export type Verb = 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

export interface ResourcePath {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  /** The plural: `pods`. */
  readonly resource: string
  /** Empty or absent for cluster-scoped resources and for requests across all namespaces. */
  readonly namespace?: string
  readonly name?: string
  /** `status`, `scale`, `binding`, … */
  readonly subresource?: string
}

/** As the query parameters of the Kubernetes API; numbers and booleans are already parsed. */
export interface RequestOptions {
  readonly fieldManager?: string
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
  readonly dryRun?: boolean
  /** Of server-side apply. */
  readonly force?: boolean
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: string
  readonly limit?: number
  readonly continue?: string
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: string
  readonly orphanDependents?: boolean
}

export type RequestBody =
  /** From outside, not yet looked at. `contentType` without parameters. */
  | { readonly contentType: string; readonly bytes: Uint8Array }
  /** From our own participants: an object, or for `patch` a patch of the type that `contentType` names. */
  | { readonly contentType: string; readonly value: Json | KubeObject }

export interface ApiRequest extends ResourcePath {
  readonly verb: Verb
  readonly options?: RequestOptions
  readonly body?: RequestBody
  /** Kept beside the object, for `kinora why`, when the request is carried out. */
  readonly why?: Reason
}

/** Why somebody decided something, in the words of the domain. */
export interface Reason {
  /** What was decided, past tense or noun: `Scheduled`, `Evicted`, `Restarted`, `ScaledUp`. */
  readonly decision: string
  readonly message: string
  /** The fact it followed from: a transition, an object at a revision, a probe. */
  readonly cause: string
  /** For decisions that looked at every node. */
  readonly perNode?: Readonly<Record<string, string>>
  /** The object that it is told of, where that is not the one written: `pods/default/web-1`. */
  readonly about?: { readonly resource: string; readonly namespace: string; readonly name: string }
}

export type ApiAnswer =
  | { readonly ok: true; readonly code: number; readonly object: KubeObject; readonly warnings?: readonly string[] }
  | { readonly ok: false; readonly status: Status }

export interface ApiClient {
  request(request: ApiRequest, answered: (answer: ApiAnswer) => void): void
  /** What exists now, then every change in the order of revisions, until stopped or ended. */
  watch(selections: readonly Selection[], observer: WatchObserver): Subscription
}

/** Which objects a watch is about. Several selections in one watch share one order of revisions. */
export interface Selection {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject; readonly revision: number }
  /** Everything that existed at the start has been told; everything up to this revision has been told. */
  | { readonly type: 'SYNCED' | 'BOOKMARK'; readonly revision: number }

export interface WatchObserver {
  changed(event: WatchEvent): void
  /** The watch is over, by an error or a lost connection; what was told before is no longer kept up to date. */
  ended(status: Status): void
}

export interface Subscription {
  stop(): void
}
