// What the supervisor of a zone hears.
import type { NodeReport } from './node.protocol.ts'

export type ZoneEvent =
  | NodeReport
  | { type: 'node.added'; nodeName: string; uid: string; ready: boolean; connected: boolean }
  | { type: 'node.removed'; nodeName: string }
  | { type: 'node.readyChanged'; nodeName: string; ready: boolean }
  | { type: 'node.connected'; nodeName: string }
  | { type: 'node.disconnected'; nodeName: string }
  | { type: 'heartbeat.seen'; nodeName: string }
