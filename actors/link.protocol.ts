// What the Master and a node say to each other over the node's one connection. Subjects are the envelope's `subject`;
// bodies are plain data. The node dials; both sides may then ask, tell and open streams.
import type { ApiAnswer, ApiRequest, Selection, WatchEvent } from './ports/api.ts'

/** Raised when a message changes its meaning: a node of another version is refused, in words. */
export const LINK_VERSION = 1

export interface LinkRequests {
  /** The node's first message. The Master refuses a name that does not fit the certificate, or a version it does not speak. */
  hello: { ask: Hello; answer: Welcome }
  api: { ask: ApiRequest; answer: ApiAnswer }
}

export interface Hello {
  readonly version: number
  readonly nodeName: string
  /** New for each start of the agent. */
  readonly instance: string
}

export interface Welcome {
  readonly version: number
  readonly clusterId: string
  /** Rises with each start of a Master; a node that sees it fall is talking to a Master of the past. */
  readonly epoch: number
}

export interface LinkEvents {
  /** node → Master: every Service and endpoint up to this revision is programmed (or reported as failed) on this node. */
  'proxy.programmed': { readonly revision: number }
  /** Master → node: no ready node's proxy sends new connections to this pod any more; it may be told to stop. */
  'pod.withdrawn': { readonly uid: string }
}

/** Streams that a side opens: what it says on opening, what flows in `data` frames. */
export interface LinkStreams {
  /** node → Master; frames: WatchEvent, objects as they are stored. The close carries a Status. */
  watch: { open: { readonly selections: readonly Selection[] }; frame: WatchEvent }
  /** Master → node; frames: bytes of the log, as kubectl shows them. */
  logs: { open: LogsRequest; frame: Uint8Array }
  /** Master → node: a TCP connection to a pod; frames are bytes both ways. Refused by a close before the first frame. */
  connect: { open: ConnectRequest; frame: Uint8Array }
}

export interface LogsRequest {
  readonly podUid: string
  readonly namespace: string
  readonly podName: string
  readonly container: string
  readonly follow?: boolean
  readonly previous?: boolean
  readonly timestamps?: boolean
  readonly tailLines?: number
  readonly limitBytes?: number
  readonly sinceSeconds?: number
  readonly sinceTime?: string
  /** What the container waits for, as far as the Master knows: words for a node that has no log of it. */
  readonly waitingFor?: string
}

export interface ConnectRequest {
  readonly podUid: string
  readonly podIp: string
  readonly port: number
}
