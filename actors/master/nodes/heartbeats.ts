// The deadlines of a zone's leases. Renewals come here directly, past every chart; a chart hears of a node only when it
// falls silent or is heard again.
import { Deadlines } from '../deadlines.ts'

export class Heartbeats {
  readonly #graceMs: number
  readonly #due = new Deadlines()
  readonly #missed = new Set<string>()

  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  /** Watches a node from now on, whenever its last renewal was. */
  expect(nodeName: string, nowMs: number, withinMs = this.#graceMs): void {
    this.#missed.delete(nodeName)
    this.#due.set(nodeName, nowMs + withinMs)
  }

  /** Whether the node had been missed until now. */
  renewed(nodeName: string, nowMs: number): boolean {
    const missed = this.#missed.delete(nodeName)
    if (missed || this.#due.get(nodeName) !== undefined) this.#due.set(nodeName, nowMs + this.#graceMs)
    return missed
  }

  forget(nodeName: string): void {
    this.#due.delete(nodeName)
    this.#missed.delete(nodeName)
  }

  takeMissed(nowMs: number): readonly string[] {
    const missed = this.#due.takeDue(nowMs)
    for (const nodeName of missed) this.#missed.add(nodeName)
    return missed
  }

  /** It was this Master that did not look: everybody has a full grace period again. */
  excuseAll(nowMs: number): void {
    for (const nodeName of [...this.#due.keys()]) this.#due.set(nodeName, nowMs + this.#graceMs)
  }

  nextDueMs(nowMs: number): number {
    return this.#due.next() ?? nowMs + this.#graceMs
  }
}
