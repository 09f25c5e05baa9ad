// The work of a controller, a key at a time: each key is in the queue at most once, a key that changes while it is in
// flight is decided again afterwards, and a key that failed waits longer each time, as client-go's workqueue has it.
import { Deadlines } from '../deadlines.ts'

/** The first wait of a key whose wishes failed; it doubles with each failure. As client-go. */
const BACK_OFF_FIRST_MS = 5
const BACK_OFF_MAX_MS = 1_000_000

export class KeyedQueue {
  /** In the order in which they came. */
  readonly #ready = new Set<string>()
  /** With true once the key has changed since it was taken. */
  readonly #inFlight = new Map<string, boolean>()
  readonly #later = new Deadlines()
  readonly #failures = new Map<string, number>()

  /** A change: decided at once, also if the key was waiting. */
  add(key: string): void {
    if (this.#inFlight.has(key)) this.#inFlight.set(key, true)
    else {
      this.#later.delete(key)
      this.#ready.add(key)
    }
  }

  take(nowMs: number, limit: number): string[] {
    for (const key of this.#later.takeDue(nowMs)) this.add(key)
    const taken: string[] = []
    for (const key of this.#ready) {
      if (this.#inFlight.size >= limit) break
      this.#ready.delete(key)
      this.#inFlight.set(key, false)
      taken.push(key)
    }
    return taken
  }

  done(key: string, nowMs: number, againAfterMs?: number): void {
    this.#failures.delete(key)
    this.#settle(key, againAfterMs === undefined ? undefined : nowMs + againAfterMs)
  }

  failed(key: string, nowMs: number): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#settle(key, nowMs + Math.min(BACK_OFF_FIRST_MS * 2 ** failures, BACK_OFF_MAX_MS))
  }

  /** When the next key that waits is due; undefined when none waits. */
  get nextDueMs(): number | undefined {
    return this.#later.next()
  }

  get readyCount(): number {
    return this.#ready.size
  }

  get inFlightCount(): number {
    return this.#inFlight.size
  }

  /** Whether a key waits because its wishes failed. */
  get hasFailed(): boolean {
    return this.#failures.size > 0
  }

  #settle(key: string, dueMs: number | undefined): void {
    const changed = this.#inFlight.get(key) ?? false
    this.#inFlight.delete(key)
    if (changed) this.#ready.add(key)
    else if (dueMs !== undefined) this.#later.set(key, dueMs)
  }
}
