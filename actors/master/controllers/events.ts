// Events as Kubernetes' components emit them: equal ones are counted on one object instead of repeated, and an object that
// makes too much noise is cut off for a while. Pure but for its own memory; somebody else sends what it returns.
import type { KubeObject } from '../../../model/object.ts'
import type { ObjectReference } from '../../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../../model/time.ts'
import type { ApiRequest } from '../../ports/api.ts'
import { create, pathOf } from './requests.ts'

export interface EventNote {
  readonly type: 'Normal' | 'Warning'
  /** What it is about. */
  readonly about: ObjectReference
  readonly reason: string
  readonly message: string
}

/** Events of one key that are remembered for counting; as client-go. */
const REMEMBERED = 4096
/** Events about one object at once, then one in five minutes; as client-go. */
const BURST = 25
const REFILL_MS = 300_000
/** What equal reasons with ever new messages are folded into after ten in ten minutes; as client-go. */
const SIMILAR_LIMIT = 10
const SIMILAR_WINDOW_MS = 600_000

interface Counted {
  readonly name: string
  readonly namespace: string
  count: number
}

interface Similar {
  readonly messages: Set<string>
  lastMs: number
}

interface Allowance {
  tokens: number
  atMs: number
}

export const refer = (object: KubeObject): ObjectReference => ({
  kind: object.kind,
  ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  name: object.metadata.name ?? '',
  uid: object.metadata.uid ?? '',
  apiVersion: object.apiVersion,
  resourceVersion: object.metadata.resourceVersion ?? '',
})

export class EventRecorder {
  readonly #component: string
  readonly #counted = new Map<string, Counted>()
  readonly #similar = new Map<string, Similar>()
  readonly #allowances = new Map<string, Allowance>()
  #sequence = 0

  constructor(component: string) {
    this.#component = component
  }

  /** The request that makes this note known; undefined when its object has said too much. */
  record(note: EventNote, nowMs: number): ApiRequest | undefined {
    const subject = [this.#component, note.about.kind, note.about.namespace, note.about.name, note.about.uid].join('\u0000')
    if (!this.#allowed(subject, nowMs)) return undefined
    const kindOfNote = [subject, note.type, note.reason].join('\u0000')
    const folded = this.#isFolded(kindOfNote, note.message, nowMs)
    const message = folded ? `(combined from similar events): ${note.message}` : note.message
    const key = folded ? kindOfNote : [kindOfNote, note.message].join('\u0000')
    const known = this.#counted.get(key)
    if (known === undefined) return this.#first(key, note, message, nowMs)
    remember(this.#counted, key, known)
    known.count += 1
    return {
      verb: 'patch',
      ...pathOf('events', known.namespace, known.name),
      body: {
        contentType: 'application/merge-patch+json',
        value: { count: known.count, lastTimestamp: formatTime(nowMs), message },
      },
    }
  }

  /** After an event turned out to be gone (they expire): the next of its kind starts anew. */
  forget(name: string): void {
    for (const [key, counted] of this.#counted) if (counted.name === name) this.#counted.delete(key)
  }

  #first(key: string, note: EventNote, message: string, nowMs: number): ApiRequest {
    const namespace = note.about.namespace || 'default'
    // Kubernetes appends nanoseconds; our clock has milliseconds, and the sequence keeps one instant's events apart.
    const suffix = (BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(this.#sequence++ % 1_000_000)).toString(16)
    const name = `${note.about.name ?? ''}.${suffix}`
    remember(this.#counted, key, { name, namespace, count: 1 })
    const at = formatTime(nowMs)
    return create('events', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: note.about,
      reason: note.reason,
      message,
      source: { component: this.#component },
      reportingComponent: this.#component,
      reportingInstance: '',
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      type: note.type,
    })
  }

  #allowed(subject: string, nowMs: number): boolean {
    const before = this.#allowances.get(subject) ?? { tokens: BURST, atMs: nowMs }
    const tokens = Math.min(BURST, before.tokens + (nowMs - before.atMs) / REFILL_MS)
    const allowed = tokens >= 1
    remember(this.#allowances, subject, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs })
    return allowed
  }

  #isFolded(kindOfNote: string, message: string, nowMs: number): boolean {
    const before = this.#similar.get(kindOfNote)
    const similar =
      before !== undefined && nowMs - before.lastMs <= SIMILAR_WINDOW_MS ? before : { messages: new Set<string>(), lastMs: nowMs }
    similar.lastMs = nowMs
    if (similar.messages.size < SIMILAR_LIMIT) similar.messages.add(message)
    remember(this.#similar, kindOfNote, similar)
    return similar.messages.size >= SIMILAR_LIMIT && !similar.messages.has(message)
  }
}

/** The newest last; the oldest goes when there are too many. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= REMEMBERED) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}
