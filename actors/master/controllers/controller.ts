// What a controller is: a pure decision for one key at a time, the changes that make a key worth deciding, and wishes that
// somebody else carries out. When it is asked, and what happens when a wish fails, is controller.machine.ts.
import type { KubeObject, ResourceName } from '../../../model/object.ts'
import type { ApiAnswer, ApiRequest, Reason } from '../../ports/api.ts'
import type { Random } from '../../ports/host.ts'
import type { Change, View } from '../../ports/view.ts'
import type { EventNote } from './events.ts'

export interface Controller {
  /** Also the component that its events name. */
  readonly name: string
  /** The user as whom it asks the API. */
  readonly user: string
  readonly observes: readonly Observation[]
  /** What to do about a key now. Called again when the answers are there and something has changed. */
  decide(key: string, facts: Facts): Decision
}

export interface Observation {
  readonly resource: ResourceName
  /** Which keys a change makes worth deciding. At the start every existing object counts as ADDED. */
  keysOf(change: Change, view: View): Iterable<string>
}

export interface Facts {
  readonly view: View
  readonly nowMs: number
  readonly random: Random
  /** Why a wish of the previous decision about this key failed, in the API's words. */
  readonly failure?: string
}

export interface Decision {
  readonly wishes: readonly Wish[]
  /** Decide again after this time, although nothing may have changed. */
  readonly againAfterMs?: number
  readonly events?: readonly EventNote[]
}

export interface Wish {
  readonly request: ApiRequest
  /** Reasons of failures that mean the same as success. */
  readonly tolerate?: readonly string[]
  /** What is to be told as an Event once the answer is known. */
  readonly tells?: (answer: ApiAnswer) => EventNote | undefined
}

export const NOTHING: Decision = { wishes: [] }

/** `default/web`, or the name alone where there is no namespace. */
export function keyOf(object: { readonly metadata: KubeObject['metadata'] }): string {
  const { namespace, name = '' } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

export function partsOf(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** An observation whose keys are the objects themselves. */
export const itself = (resource: ResourceName): Observation => ({ resource, keysOf: ({ object }) => [keyOf(object)] })

export const serviceAccountUser = (name: string): string => `system:serviceaccount:kube-system:${name}`

export const reason = (decision: string, message: string, cause: string, more: Partial<Reason> = {}): Reason => ({
  decision,
  message,
  cause,
  ...more,
})

/** `deployments.apps default/web @42`: an object at a revision, as the cause of a decision. */
export const causeOf = (resource: ResourceName, object: { readonly metadata: KubeObject['metadata'] }): string =>
  `${resource} ${keyOf(object)} @${object.metadata.resourceVersion ?? '?'}`
