// Which events have had their time. Events tell what happened lately; they are no record, and must not fill the store.
import type { KubeObject } from '../../../model/object.ts'
import { parseTime } from '../../../model/time.ts'

interface EventLimits {
  /** As Kubernetes keeps events. */
  readonly keptMs: number
  /** Events beyond it go before their time, oldest first. */
  readonly keptAtMost: number
  /** Deleted in one sweep, so that a sweep holds up nobody; the next one goes on. */
  readonly sweptAtOnce: number
}

const EVENT_LIMITS: EventLimits = { keptMs: 3_600_000, keptAtMost: 50_000, sweptAtOnce: 10_000 }

interface Times {
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly lastObservedTime?: string | null } | null
}

/** When it last happened. */
function newestMs(event: KubeObject): number {
  const { lastTimestamp, eventTime, series } = event as unknown as Times
  const told = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? event.metadata.creationTimestamp
  return (told && parseTime(told)) || 0
}

export function expiredEvents(events: Iterable<KubeObject>, nowMs: number, limits = EVENT_LIMITS): KubeObject[] {
  const { keptMs, keptAtMost, sweptAtOnce } = limits
  const byAge = [...events].map((event) => ({ event, ms: newestMs(event) })).sort((a, b) => a.ms - b.ms)
  const tooMany = byAge.length - keptAtMost
  return byAge
    .filter(({ ms }, i) => i < tooMany || ms < nowMs - keptMs)
    .slice(0, sweptAtOnce)
    .map(({ event }) => event)
}
