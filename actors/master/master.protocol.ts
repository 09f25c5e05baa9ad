// What the Master hears from outside: from its process, from the election, from the connections of nodes.

export type MasterEvent =
  /** This Master is the one whose writes take effect. Alone on its store it always is. */
  | { type: 'leader.elected' }
  | { type: 'leader.lost' }
  /** A node's link stands; told again when another connection has replaced it. */
  | { type: 'node.connected'; nodeName: string }
  /** The connection that counts has ended; not told of one that had been replaced. */
  | { type: 'node.disconnected'; nodeName: string }
  /** Every Service up to this revision is programmed on the node. */
  | { type: 'proxy.programmed'; nodeName: string; revision: number }
  | { type: 'master.drain' }
