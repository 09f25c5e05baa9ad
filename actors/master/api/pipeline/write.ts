// What a request that changes something comes to: an answer at once, a write for the store, or waiting until a write to the
// same object is durable. Evaluating is pure: it reads the state, and is done again when a condition fails at the commit.
import type { KubeObject, ResourceName } from '../../../../model/object.ts'
import type { ResourceInfo } from '../../../../model/schema/resources.ts'
import type { Status, Subject } from '../../../../model/status.ts'
import type { ApiRequest } from '../../../ports/api.ts'
import type { Ids } from '../../../ports/host.ts'
import type { AllocationChanges, Allocations } from '../allocations.ts'
import type { EngineAnswer, User } from '../api.protocol.ts'
import type { StoredEntry } from '../state/entry.ts'
import type { State } from '../state/state.ts'

/** Everything that an evaluation may look at. */
export interface Facts {
  readonly state: State
  readonly allocations: Allocations
  readonly nowMs: number
  readonly ids: Ids
  readonly config: ApiConfig
  /** Whether a write to this key is on its way to the store. */
  readonly isPending: (key: string) => boolean
}

export interface ApiConfig {
  /** Tolerations that pods get for nodes that fall silent; undefined: none, a pod leaves at once. */
  readonly defaultTolerationSeconds?: number
}

export interface Asked {
  readonly request: ApiRequest
  readonly user: User
  readonly resource: ResourceInfo
}

export type Evaluated =
  | { readonly kind: 'answer'; readonly answer: EngineAnswer }
  | { readonly kind: 'write'; readonly write: Write }
  | { readonly kind: 'wait'; readonly key: string }

export interface Write {
  readonly key: string
  readonly resource: ResourceName
  readonly namespace: string
  readonly name: string
  /** The durable version that this was made from. */
  readonly base: StoredEntry | undefined
  /** What is put; absent: the key is deleted. */
  readonly object?: KubeObject
  /** Of a deletion: the last state as it is told to watchers, where that is not the base. */
  readonly last?: KubeObject
  readonly allocations?: AllocationChanges
  readonly code: number
  /** In which version the client sees it. */
  readonly apiVersion: string
  /** What the client sees of the object once it is stored, where that is another kind: a Scale. */
  readonly shownAs?: (object: KubeObject) => KubeObject
  /** Answered in place of what was written: a Status, or an object in its stored form, as it is. */
  readonly answer?: Status | KubeObject
  readonly warnings?: readonly string[]
}

export const refuse = (status: Status, warnings?: readonly string[]): Evaluated => ({
  kind: 'answer',
  answer: { kind: 'status', status, ...(warnings ? { warnings } : {}) },
})

export const subjectOf = (resource: ResourceInfo, name?: string): Subject => ({
  group: resource.group,
  resource: resource.plural,
  ...(name === undefined ? {} : { name }),
})

export const gvkOf = (resource: ResourceInfo) => ({ group: resource.group, version: resource.version, kind: resource.kind })

/** What every write to an object that exists has in common: where it goes, what it was made from, how the client sees it. */
export const writeTo = (base: StoredEntry, { storageName, apiVersion }: ResourceInfo) => ({
  key: base.key,
  resource: storageName,
  namespace: base.namespace,
  name: base.name,
  base,
  apiVersion,
})
