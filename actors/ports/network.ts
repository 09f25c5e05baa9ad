// What a node's proxy asks of whatever carries connections to Services: sockets of this process, a simulation, later kernel rules.
// Answers come by callback, later, never within the call. Contract suite: test/contracts/network.contract.ts.

export interface Backend {
  readonly address: string
  readonly port: number
}

/** One address and port at which a Service answers. */
export interface Listener {
  /** Unique on the node, and the same as long as Service, port and address are: `default/web:http 10.0.0.1:80`. */
  readonly key: string
  readonly kind: 'clusterIP' | 'nodePort'
  readonly address: string
  readonly port: number
  /** Each may be chosen. None: connections are refused. */
  readonly backends: readonly Backend[]
  /** `client`: connections of one client address go to one backend as long as that is there. */
  readonly affinity: 'none' | 'client'
}

export interface ListenerChanges {
  /** New ones, and those of which anything has changed. */
  readonly set: readonly Listener[]
  readonly removed: readonly string[]
}

type ListenerFailureReason =
  /** The port is below the first one that this user may bind. */
  | 'privileged'
  /** Another program has it. */
  | 'taken'
  /** Another cluster of this user has it. */
  | 'claimed'
  | 'failed'

export interface ListenerFailure {
  readonly key: string
  readonly reason: ListenerFailureReason
  readonly message: string
}

export interface Network {
  /**
   * When `programmed` is called no new connection goes by what was before; existing connections live on. Listeners that
   * failed are listed and are not tried again unless they are set again.
   */
  program(changes: ListenerChanges, programmed: (failures: readonly ListenerFailure[]) => void): void
  /** Stops listening and ends every connection. */
  close(closed: () => void): void
}
