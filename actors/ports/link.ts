// A node's one connection to the Master, as those on the node see it: the API through it, and what is told either way.
// It comes and goes; whoever dials it (runtime/) keeps dialling.
import type { LinkEvents, Welcome } from '../link.protocol.ts'
import type { ApiClient, Subscription } from './api.ts'

/** What one can listen to: what the Master tells, and the connection's own coming and going. */
export interface LinkFacts extends LinkEvents {
  'link.opened': Welcome
  'link.lost': { readonly reason: string }
}

export interface MasterLink {
  /** While disconnected every request is answered at once with a 503, and a watch ends at once with one. */
  readonly client: ApiClient
  readonly open: boolean
  /** Never blocks; what is told while disconnected is lost. */
  tell<S extends keyof LinkEvents>(subject: S, body: LinkEvents[S]): void
  onEvent<S extends keyof LinkFacts>(subject: S, heard: (body: LinkFacts[S]) => void): Subscription
}
