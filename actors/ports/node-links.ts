// How the Master's own participants reach a node: through the connection that the node has dialled, if there is one.
import type { LinkEvents } from '../link.protocol.ts'

export interface NodeLinks {
  /** Lost when the node has no connection; level-triggered participants tell again when it comes back. */
  tell<S extends keyof LinkEvents>(nodeName: string, subject: S, body: LinkEvents[S]): void
}
