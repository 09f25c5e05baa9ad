// What a pod on its node understands, and what it asks of its surroundings there.
import type { Container, Pod } from '../../model/schema/kinds/core-v1.ts'
import type { ConfigAnswer, ContainerReport } from '../container/container.protocol.ts'
import type { NodeTimings } from '../container/timings.ts'
import type { ApiAnswer, ApiClient } from '../ports/api.ts'
import type { ContainerRuntime, Done, Prober } from '../ports/containers.ts'
import type { Clock } from '../ports/host.ts'

export type PodEvent =
  /** The object as the API has it; with a deletionTimestamp it is to end. */
  | { readonly type: 'pod.updated'; readonly pod: Pod }
  /** The object is gone: deleted by force, or while the node was away. */
  | { readonly type: 'pod.removed' }
  /** No proxy sends new connections to it any more. */
  | { readonly type: 'pod.withdrawn' }
  | { readonly type: 'pod.deadlinePassed' }
  | { readonly type: 'pod.deleteAnswered'; readonly answer: ApiAnswer }
  | { readonly type: 'volumes.answered'; readonly answer: Done }
  | { readonly type: 'link.lost' }
  | { readonly type: 'status.stored' }
  | { readonly type: 'status.podGone' }
  | ContainerReport

/** Nothing of the pod is left, here or in the API. */
export interface PodGone {
  readonly type: 'pod.gone'
  readonly uid: string
}

export interface PodNote {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** Of the container that it is about: `spec.containers{web}`. */
  readonly fieldPath?: string
}

/** The node, as one of its pods sees it. */
export interface PodSurroundings {
  readonly client: ApiClient
  readonly runtime: ContainerRuntime
  readonly prober: Prober
  readonly clock: Clock
  readonly timings: NodeTimings
  readonly hostIp: string
  /** Undefined when the node has none left. The same pod gets the same one again until it is released. */
  assignAddress(pod: Pod): string | undefined
  releaseAddress(podUid: string): void
  mountVolumes(pod: Pod, podIp: string, answered: (answer: Done) => void): void
  configure(pod: Pod, container: Container, podIp: string, answered: (answer: ConfigAnswer) => void): void
  note(pod: Pod, note: PodNote): void
  /** Whether the Master could say that a pod is withdrawn. */
  isConnected(): boolean
}
