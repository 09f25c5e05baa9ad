// Which Services there are, up to which revision each must be programmed, and which are behind. Pure but for its own memory;
// keeps the charts narrow: a Service hears when something of it changes and when all nodes have it, and nothing between.
import { NOBODY } from './floor.ts'

export interface ServiceNews {
  readonly uid: string
  readonly name: string
  readonly revision: number
  readonly removed: boolean
}

interface Entry {
  readonly namespace: string
  readonly name: string
  revision: number
  removed: boolean
}

export class ServiceLedger {
  readonly #entries = new Map<string, Entry>()
  readonly #counts = new Map<string, number>()
  readonly #changed = new Set<string>()
  readonly #behind = new Set<string>()

  /** The Service or its endpoints have changed. */
  wanted(uid: string, namespace: string, name: string, revision: number): void {
    const entry = this.#entries.get(uid)
    if (entry) entry.revision = Math.max(entry.revision, revision)
    else {
      this.#entries.set(uid, { namespace, name, revision, removed: false })
      this.#counts.set(namespace, (this.#counts.get(namespace) ?? 0) + 1)
    }
    this.#changed.add(uid)
    this.#behind.add(uid)
  }

  removed(uid: string, revision: number): void {
    const entry = this.#entries.get(uid)
    if (!entry) return
    entry.revision = revision
    entry.removed = true
    this.#changed.add(uid)
    this.#behind.add(uid)
  }

  /** By namespace, what has changed since the last time. */
  takeChanged(): Map<string, ServiceNews[]> {
    const news = this.#newsOf(this.#changed)
    this.#changed.clear()
    return news
  }

  /** By namespace, the Services that every ready node has caught up with; handed out once. */
  takeProgrammed(floor: number): Map<string, ServiceNews[]> {
    // Where no node is ready nobody serves, but nobody holds on to what is gone either.
    const done = [...this.#behind].filter((uid) => {
      const entry = this.#entries.get(uid)
      return entry && (floor === NOBODY ? entry.removed : entry.revision <= floor)
    })
    const news = this.#newsOf(done)
    for (const uid of done) {
      this.#behind.delete(uid)
      if (this.#entries.get(uid)?.removed) this.#forget(uid)
    }
    return news
  }

  isEmpty(namespace: string): boolean {
    return !this.#counts.has(namespace)
  }

  #newsOf(uids: Iterable<string>): Map<string, ServiceNews[]> {
    const news = new Map<string, ServiceNews[]>()
    for (const uid of uids) {
      const entry = this.#entries.get(uid)
      if (!entry) continue
      const { namespace, name, revision, removed } = entry
      const list = news.get(namespace)
      if (list) list.push({ uid, name, revision, removed })
      else news.set(namespace, [{ uid, name, revision, removed }])
    }
    return news
  }

  #forget(uid: string): void {
    const namespace = this.#entries.get(uid)?.namespace ?? ''
    this.#entries.delete(uid)
    const count = (this.#counts.get(namespace) ?? 1) - 1
    if (count === 0) this.#counts.delete(namespace)
    else this.#counts.set(namespace, count)
  }
}
