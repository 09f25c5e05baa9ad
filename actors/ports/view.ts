// The Master's own participants read the durable state directly, without a request: it lies in the same process.
// A simulated fault can put a stale or lossy view in its place.
import type { KubeObject, ResourceName } from '../../model/object.ts'

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: ResourceName
  readonly revision: number
  /** For DELETED the last state. */
  readonly object: KubeObject
  /** The state before; absent for ADDED. */
  readonly previous?: KubeObject
}

/** Objects are frozen and have `metadata.resourceVersion`. Iteration is in the order of namespace, then name. */
export interface View {
  /** Of the newest durable write. */
  readonly revision: number
  get<T = KubeObject>(resource: ResourceName, namespace: string, name: string): T | undefined
  /** All objects of a resource, or those of one namespace. */
  list<T = KubeObject>(resource: ResourceName, namespace?: string): Iterable<T>
  /** Objects of a resource whose owner references include this uid; costs what it yields. */
  ownedBy<T = KubeObject>(resource: ResourceName, ownerUid: string): Iterable<T>
  /** Every object, of whatever resource, that names this uid as an owner. */
  dependentsOf(ownerUid: string): Iterable<{ readonly resource: ResourceName; readonly object: KubeObject }>
  /** Pods bound to a node; costs what it yields. */
  podsOnNode<T = KubeObject>(nodeName: string): Iterable<T>
  /** Calls back for every later change of the named resources (of all, when none is named), in the order of revisions. */
  observe(resources: readonly ResourceName[], changed: (change: Change) => void): { stop(): void }
}
