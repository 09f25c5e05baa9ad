// Pods that wait for a node, in three places as in Kubernetes: active (by priority, then arrival), backing off after an
// attempt that failed, and unschedulable until something changes that may help.
import { Deadlines } from '../deadlines.ts'

const BACK_OFF_FIRST_MS = 1000
const BACK_OFF_MAX_MS = 10_000
/** Tried again then, although nothing seems to have changed. */
const UNSCHEDULABLE_MAX_MS = 300_000

export class PodQueue {
  /** Ordered by priority, the highest first: a heap of deadlines serves, with the negative priority for time. */
  readonly #active = new Deadlines()
  readonly #priorities = new Map<string, number>()
  readonly #attempts = new Map<string, number>()
  readonly #backOffEndsMs = new Map<string, number>()
  readonly #backingOff = new Deadlines()
  readonly #unschedulable = new Deadlines()

  /** A pod that is new, or that has changed itself. */
  add(key: string, priority: number): void {
    this.#priorities.set(key, priority)
    this.#activate(key)
  }

  /** Bound, gone, or not ours any more. */
  delete(key: string): void {
    for (const place of [
      this.#priorities,
      this.#active,
      this.#attempts,
      this.#backOffEndsMs,
      this.#backingOff,
      this.#unschedulable,
    ])
      place.delete(key)
  }

  has(key: string): boolean {
    return this.#priorities.has(key)
  }

  take(nowMs: number): string | undefined {
    for (const key of [...this.#backingOff.takeDue(nowMs), ...this.#unschedulable.takeDue(nowMs)]) this.#activate(key)
    const key = this.#active.takeFirst()
    if (key !== undefined) this.#attempts.set(key, (this.#attempts.get(key) ?? 0) + 1)
    return key
  }

  /** No node would take it: it waits until something changes. */
  unschedulable(key: string, nowMs: number): void {
    this.#backOffEndsMs.set(key, nowMs + this.#backOffMs(key))
    this.#unschedulable.set(key, nowMs + UNSCHEDULABLE_MAX_MS)
  }

  /** The attempt failed for a reason that says nothing about nodes, such as a conflict. */
  failed(key: string, nowMs: number): void {
    if (this.#priorities.has(key)) this.#backingOff.set(key, nowMs + this.#backOffMs(key))
  }

  /** Something changed that may help: what has waited long enough is tried at once, the rest when its back-off ends. */
  retryUnschedulable(nowMs: number): void {
    for (const key of [...this.#unschedulable.keys()]) {
      this.#unschedulable.delete(key)
      const endsMs = this.#backOffEndsMs.get(key) ?? 0
      if (endsMs > nowMs) this.#backingOff.set(key, endsMs)
      else this.#activate(key)
    }
  }

  get activeCount(): number {
    return this.#active.size
  }

  get waitingCount(): number {
    return this.#backingOff.size + this.#unschedulable.size
  }

  get nextDueMs(): number | undefined {
    const [a, b] = [this.#backingOff.next(), this.#unschedulable.next()]
    return a === undefined ? b : b === undefined ? a : Math.min(a, b)
  }

  #backOffMs(key: string): number {
    return Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.max(0, (this.#attempts.get(key) ?? 1) - 1))
  }

  #activate(key: string): void {
    const priority = this.#priorities.get(key)
    if (priority === undefined) return
    this.#backingOff.delete(key)
    this.#unschedulable.delete(key)
    this.#active.set(key, -priority)
  }
}
