// A heap of named deadlines. Moving a deadline later, which heartbeats do all the time, costs one map write: its place in
// the heap is corrected only when it comes up.

interface Entry {
  readonly key: string
  readonly dueMs: number
  /** Equal deadlines come up in the order in which they were set. */
  readonly order: number
}

const before = (a: Entry, b: Entry): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)

export class Deadlines {
  readonly #due = new Map<string, Entry>()
  /** Where each key last stood in the heap; entries that differ from it are leftovers. */
  readonly #placed = new Map<string, Entry>()
  readonly #heap: Entry[] = []
  #order = 0

  set(key: string, dueMs: number): void {
    const entry = { key, dueMs, order: this.#order++ }
    this.#due.set(key, entry)
    const placed = this.#placed.get(key)
    if (placed === undefined || dueMs < placed.dueMs) this.#place(entry)
  }

  delete(key: string): void {
    this.#due.delete(key)
    this.#placed.delete(key)
  }

  get(key: string): number | undefined {
    return this.#due.get(key)?.dueMs
  }

  get size(): number {
    return this.#due.size
  }

  keys(): Iterable<string> {
    return this.#due.keys()
  }

  /** When the first deadline is. */
  next(): number | undefined {
    this.#settle()
    return this.#heap[0]?.dueMs
  }

  /** Takes out what is due, the earliest first. */
  takeDue(nowMs: number): string[] {
    const due: string[] = []
    for (;;) {
      this.#settle()
      const first = this.#heap[0]
      if (first === undefined || first.dueMs > nowMs) return due
      this.#pop()
      this.delete(first.key)
      due.push(first.key)
    }
  }

  /** Takes out the first, due or not. */
  takeFirst(): string | undefined {
    this.#settle()
    const first = this.#heap[0]
    if (first === undefined) return undefined
    this.#pop()
    this.delete(first.key)
    return first.key
  }

  /** Until the top of the heap is a deadline that stands. */
  #settle(): void {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined) return
      const due = this.#due.get(first.key)
      if (due === first) return
      this.#pop()
      if (this.#placed.get(first.key) === first && due !== undefined) this.#place(due)
    }
  }

  #place(entry: Entry): void {
    this.#placed.set(entry.key, entry)
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (parent === undefined || !before(entry, parent)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      const left = heap[childAt]
      if (left === undefined) break
      let child = left
      const right = heap[childAt + 1]
      if (right !== undefined && before(right, left)) {
        child = right
        childAt += 1
      }
      if (!before(child, last)) break
      heap[at] = child
      at = childAt
    }
    heap[at] = last
  }
}
