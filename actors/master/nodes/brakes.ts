// When the eviction of silent nodes must wait. Many nodes that fall silent together point to the network or to this Master
// rather than to the nodes, and moving everything would turn a small failure into a large one.

export type Disruption = 'none' | 'partial' | 'full'

/** Kubernetes' values: a zone with at least this share of silent nodes, and more than two of them, is disrupted in part. */
const UNHEALTHY_SHARE = 0.55
const UNHEALTHY_MORE_THAN = 2
/** In a zone disrupted in part, evictions go on at this rate if it has more nodes than this, and stop otherwise. */
const PARTIAL_PER_SECOND = 0.01
const LARGE_ZONE = 50

/** 1 of 3 → none; 2 of 3 → none; 5 of 8 → partial; 3 of 3 → full. */
export function disruption(nodes: number, silent: number): Disruption {
  if (silent > 0 && silent === nodes) return 'full'
  return silent > UNHEALTHY_MORE_THAN && silent / nodes >= UNHEALTHY_SHARE ? 'partial' : 'none'
}

export function evictionsPerSecond(state: Disruption, nodes: number, normal: number): number {
  if (state === 'none') return normal
  return state === 'partial' && nodes > LARGE_ZONE ? PARTIAL_PER_SECOND : 0
}

/** How long until the next eviction may begin; Infinity while the brake holds. */
export function nextEvictionMs(perSecond: number, lastMs: number | undefined, nowMs: number): number {
  if (perSecond === 0) return Number.POSITIVE_INFINITY
  return lastMs === undefined ? 0 : Math.max(0, lastMs + 1000 / perSecond - nowMs)
}
