// What a node's agent understands, and what it must be told about its machine.
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import type { PodGone } from '../pod/pod.protocol.ts'
import type { ApiAnswer } from '../ports/api.ts'
import type { FoundContainer } from '../ports/containers.ts'

export type KubeletEvent =
  | { readonly type: 'link.opened' }
  | { readonly type: 'link.lost' }
  | { readonly type: 'node.registerAnswered'; readonly answer: ApiAnswer }
  | { readonly type: 'node.seen'; readonly podCidr: string | undefined }
  | { readonly type: 'pod.seen'; readonly pod: Pod }
  | { readonly type: 'pod.lost'; readonly uid: string }
  | { readonly type: 'pod.withdrawn'; readonly uid: string }
  /** The watch has told everything that exists: pods that are not among these exist no more. */
  | { readonly type: 'watch.synced'; readonly uids: ReadonlySet<string> }
  | { readonly type: 'watch.ended' }
  | { readonly type: 'runtime.listed'; readonly containers: readonly FoundContainer[] }
  | { readonly type: 'node.statusAnswered'; readonly answer: ApiAnswer }
  | { readonly type: 'lease.answered'; readonly answer: ApiAnswer }
  | PodGone
  | { readonly type: `xstate.error.actor.${string}`; readonly actorId: string; readonly error: unknown }
  /** With `keepContainers` the agent alone ends, and a successor adopts what runs. */
  | { readonly type: 'kubelet.stop'; readonly keepContainers: boolean }

/** Read once, at the start. */
export interface MachineFacts {
  readonly hostIp: string
  readonly hostname: string
  readonly operatingSystem: string
  readonly architecture: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly machineId: string
  readonly bootId: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly storageBytes: number
}
