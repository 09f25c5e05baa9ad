// Decisions are remembered: each is a row of the store beside the write that carried it out, a ring of them for each object,
// and the rings of the objects decided about longest ago are forgotten.
import { formatMicroTime } from '../../../model/time.ts'
import type { ApiRequest } from '../../ports/api.ts'
import type { RememberedReason, User } from './api.protocol.ts'

const PREFIX = '/decisions/'
/** Of one object: enough for a crash loop with its back-offs, little enough to read. */
const KEPT_PER_OBJECT = 32
/** Objects of which decisions are kept, those that are gone included. */
const KEPT_OBJECTS = 20_000

interface Ring {
  /** How many were ever kept; the next goes to `count % KEPT_PER_OBJECT`. */
  count: number
  reasons: (RememberedReason | undefined)[]
}

export interface DecisionWrite {
  readonly puts: readonly { readonly key: string; readonly value: string }[]
  readonly deletes: readonly string[]
  /** Once the commit has its revision. */
  readonly remember: (revision: number) => void
}

export class DecisionMemory {
  /** In the order in which they were last decided about. */
  readonly #rings = new Map<string, Ring>()

  /** A row of the store at the start. False: it is none of ours. Rows come in the order of keys, not of time. */
  load(key: string, value: string, revision: number): boolean {
    if (!key.startsWith(PREFIX)) return false
    const slash = key.lastIndexOf('/')
    const object = key.slice(PREFIX.length, slash)
    const ring = this.#rings.get(object) ?? { count: 0, reasons: [] }
    const { n, ...reason } = JSON.parse(value) as Omit<RememberedReason, 'revision'> & { n: number }
    ring.reasons[n % KEPT_PER_OBJECT] = { ...reason, revision }
    ring.count = Math.max(ring.count, n + 1)
    this.#rings.set(object, ring)
    return true
  }

  loaded(): void {
    const newest = (ring: Ring) => Math.max(...ring.reasons.map((reason) => reason?.revision ?? 0))
    const ordered = [...this.#rings].sort(([, a], [, b]) => newest(a) - newest(b))
    this.#rings.clear()
    for (const [object, ring] of ordered) this.#rings.set(object, ring)
  }

  /** What a commit writes for a request that says why. */
  write(
    request: ApiRequest,
    written: { resource: string; namespace: string; name: string },
    user: User,
    nowMs: number,
  ): DecisionWrite | undefined {
    const { why } = request
    if (!why) return undefined
    const { about = written, ...said } = why
    const object = objectKey(about.resource, about.namespace, about.name)
    const ring = this.#rings.get(object) ?? { count: 0, reasons: [] }
    const n = ring.count
    ring.count += 1
    this.#rings.delete(object)
    this.#rings.set(object, ring)
    const reason = { time: formatMicroTime(nowMs), actor: user.name, ...said }
    return {
      puts: [{ key: `${PREFIX}${object}/${n % KEPT_PER_OBJECT}`, value: JSON.stringify({ n, ...reason }) }],
      deletes: this.#forgotten(),
      remember: (revision) => {
        ring.reasons[n % KEPT_PER_OBJECT] = { ...reason, revision }
      },
    }
  }

  /** Oldest first. */
  reasons(resource: string, namespace: string, name: string): RememberedReason[] {
    const ring = this.#rings.get(objectKey(resource, namespace, name))
    return (ring?.reasons ?? [])
      .filter((reason) => reason !== undefined)
      .sort((a, b) => a.revision - b.revision || (a.time < b.time ? -1 : 1))
  }

  #forgotten(): string[] {
    if (this.#rings.size <= KEPT_OBJECTS) return []
    const [oldest] = this.#rings.entries().next().value as [string, Ring]
    const kept = Math.min(this.#rings.get(oldest)?.count ?? 0, KEPT_PER_OBJECT)
    this.#rings.delete(oldest)
    return Array.from({ length: kept }, (_, n) => `${PREFIX}${oldest}/${n}`)
  }
}

const objectKey = (resource: string, namespace: string, name: string): string =>
  namespace === '' ? `${resource}//${name}` : `${resource}/${namespace}/${name}`
