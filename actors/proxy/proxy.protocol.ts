// What a node's Proxy hears. Changes of Services and endpoints do not come as events: they go into the table, and the chart
// hears once a turn that there are some.
import type { ListenerFailure } from '../ports/network.ts'

export type ProxyEvent =
  | { type: 'link.opened' }
  | { type: 'link.lost' }
  /** The table holds everything that existed when the watch began. */
  | { type: 'watch.synced' }
  | { type: 'watch.ended' }
  /** The table has changed since it was last taken. */
  | { type: 'table.changed' }
  /** Everything up to the revision serves, but for the listeners that failed. */
  | { type: 'network.programmed'; revision: number; attempted: readonly string[]; failures: readonly ListenerFailure[] }
  | { type: 'proxy.stop' }
  | { type: 'network.closed' }
