// Simulated time: a heap of deadlines, worked off one by one in the order (deadline, sequence). Nothing happens between two
// deadlines, and what is deferred is a deadline of this very instant.
import type { Clock } from '../../actors/ports/host.ts'

interface Deadline {
  readonly atMs: number
  readonly sequence: number
  callback: (() => void) | undefined
}

/** Callbacks at one instant; more mean that actors chase each other without time going on. */
const INSTANT_MAX = 1_000_000

export class HeapClock implements Clock {
  readonly #heap: Deadline[] = []
  #nowMs: number
  #sequence = 0
  #atThisInstant = 0

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const deadline: Deadline = { atMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, callback }
    this.#push(deadline)
    return deadline
  }

  clearTimeout(handle: unknown): void {
    // It stays in the heap as a husk until its time: taking it out would cost a search.
    if (handle) (handle as Deadline).callback = undefined
  }

  readonly defer = (callback: () => void): void => {
    this.setTimeout(callback, 0)
  }

  /** The next deadline, if there is one up to then; time moves to it. False: none is left. */
  step(untilMs: number): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (!next || next.atMs > untilMs) return false
      this.#pop()
      const { callback } = next
      if (!callback) continue
      this.#atThisInstant = next.atMs > this.#nowMs ? 0 : this.#atThisInstant + 1
      if (this.#atThisInstant > INSTANT_MAX) throw new Error(`time stands still: over ${INSTANT_MAX} steps at ${this.#nowMs}`)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      callback()
      return true
    }
  }

  advanceTo(ms: number): void {
    while (this.step(ms));
    this.#nowMs = Math.max(this.#nowMs, ms)
  }

  #before(a: Deadline, b: Deadline): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
  }

  #push(deadline: Deadline): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt] as Deadline
      if (!this.#before(deadline, parent)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = deadline
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      let child = heap[childAt]
      if (!child) break
      const right = heap[childAt + 1]
      if (right && this.#before(right, child)) {
        child = right
        childAt += 1
      }
      if (!this.#before(child, last)) break
      heap[at] = child
      at = childAt
    }
    heap[at] = last
  }
}
