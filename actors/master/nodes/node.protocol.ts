// What a Node's chart hears from its zone, and what it says to it.

export type NodeEvent =
  /** Its connection to this Master stands. */
  | { type: 'node.connected' }
  | { type: 'node.disconnected' }
  /** Its lease was renewed after it had been missed. */
  | { type: 'heartbeat.seen' }
  | { type: 'heartbeat.missed' }
  /** The condition Ready, as it stands in the object. */
  | { type: 'node.readyChanged'; ready: boolean }
  /** The zone's brakes and rate let its eviction begin. */
  | { type: 'eviction.allowed' }
  /** All writes about it have been answered. */
  | { type: 'write.done' }
  | { type: 'write.failed' }
  /** The Node object is gone. */
  | { type: 'node.deleted' }

export type NodePhase = 'joining' | 'ready' | 'suspect' | 'unreachable' | 'evicting' | 'gone'

/** Passed on upwards, to whoever asks what the Master thinks of a node. */
export interface NodePhaseChanged {
  readonly type: 'node.phaseChanged'
  readonly nodeName: string
  readonly phase: NodePhase
}

export type NodeReport = NodePhaseChanged | { type: 'eviction.wanted'; nodeName: string }
