// How soon a node that says nothing is given up. `fast` lives on the connection that every node holds: its end is noticed at
// once. `stock` has Kubernetes' timings. How long a pod stays with an unreachable node its tolerations say, which the API gives it.

export interface FailureDetection {
  /** How often nodes renew their leases. */
  readonly heartbeatMs: number
  /** A node is silent when its lease has not been renewed for this long. */
  readonly graceMs: number
  /** What a node has to make itself heard when a Master begins, or when the Node is made. */
  readonly contactMs: number
  /** How long a suspect has to come back, by what made it one. */
  readonly suspectMs: { readonly disconnected: number; readonly silent: number }
  /** Nodes of a zone whose eviction may begin in a second. */
  readonly evictionsPerSecond: number
}

export const FAILURE_DETECTION: Readonly<Record<'fast' | 'stock', FailureDetection>> = {
  fast: {
    // Only for what a connection does not show, such as a process that hangs; each renewal costs an idle cluster a write.
    heartbeatMs: 5000,
    graceMs: 16_000,
    // An agent dials again several times within this.
    contactMs: 5000,
    // Long enough for an agent that is started again, which takes about half a second.
    suspectMs: { disconnected: 800, silent: 800 },
    evictionsPerSecond: 10,
  },
  stock: {
    heartbeatMs: 10_000,
    graceMs: 50_000,
    contactMs: 50_000,
    suspectMs: { disconnected: 50_000, silent: 0 },
    evictionsPerSecond: 0.1,
  },
}
