// The last changes, for watches that start in the past and for pages of a list that began earlier. Older than its floor
// nothing is known any more: 410.
import type { StoredEntry } from './entry.ts'

/** A client that was away for a moment finds everything; one that was away for longer lists again. */
const KEPT_MS = 75_000
/** Kept whatever their age, so that a quiet cluster answers resumed watches. */
const KEPT_AT_LEAST = 100
/** Kept whatever happens, so that a busy one does not fill the memory. */
const KEPT_AT_MOST = 102_400

export interface StateChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly storageName: string
  readonly revision: number
  /** For DELETED: the last state, at the revision of the deletion. */
  readonly entry: StoredEntry
  readonly previous: StoredEntry | undefined
  readonly atMs: number
}

export class History {
  #changes: StateChange[] = []
  #first = 0
  #floor = 1

  /** Changes behind this revision are known. */
  get floor(): number {
    return this.#floor
  }

  get size(): number {
    return this.#changes.length - this.#first
  }

  startAt(revision: number): void {
    this.#floor = revision
  }

  append(change: StateChange): void {
    this.#changes.push(change)
    while (this.size > KEPT_AT_LEAST) {
      const oldest = this.#changes[this.#first] as StateChange
      if (this.size <= KEPT_AT_MOST && change.atMs - oldest.atMs <= KEPT_MS) break
      this.#floor = oldest.revision
      this.#first += 1
    }
    // The array is cut when half of it is over, so that a change costs the same however long the history.
    if (this.#first > 1024 && this.#first * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#first)
      this.#first = 0
    }
  }

  /** In order; the caller has checked the floor. */
  *since(revision: number): Generator<StateChange> {
    let low = this.#first
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#changes[middle] as StateChange).revision <= revision) low = middle + 1
      else high = middle
    }
    for (let i = low; i < this.#changes.length; i++) yield this.#changes[i] as StateChange
  }
}
