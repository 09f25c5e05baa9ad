// What the part of the Master that watches over Services hears, and what its supervisors and Services say to each other.
import type { ServiceNews } from './service-ledger.ts'

/** From the Master. Nodes that are not connected hold nothing back, whatever they may still do. */
export type NodeFact =
  /** Connected, and its Node is Ready. Told again after every reconnection, `node.lost` before it. */
  | { type: 'node.ready'; nodeName: string }
  /** Not connected, or not Ready. */
  | { type: 'node.lost'; nodeName: string }
  | { type: 'proxy.programmed'; nodeName: string; revision: number }

export type ServicesEvent =
  | NodeFact
  /** Services, slices or pods have changed since they were last worked off: once a turn. */
  | { type: 'view.changed' }
  | { type: 'namespace.emptied'; namespace: string }
  | { type: 'services.stop' }

export type NamespaceEvent =
  | { type: 'services.changed'; services: readonly ServiceNews[] }
  | { type: 'services.programmed'; services: readonly ServiceNews[] }

export type ServiceEvent =
  /** It or its endpoints changed: nodes should be programmed up to here. */
  | { type: 'service.wanted'; revision: number }
  /** It is gone from the store: nodes should let go of it up to here. */
  | { type: 'service.removed'; revision: number }
  /** Every ready node is programmed up to here. */
  | { type: 'service.programmed'; revision: number }
