// A host whose time stands still until a test moves it: timers fire in the order of their deadlines, and what is deferred
// runs before time goes on.
import type { Clock, Host } from '../../actors/ports/host.ts'
import { seededIds, seededRandom } from '../../runtime/random.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

export class SteppedHost implements Host {
  readonly random = seededRandom(1)
  readonly ids = seededIds(seededRandom(1))
  private nowMs = Date.UTC(2026, 10, 25)
  private readonly timers = new Set<Timer>()
  private readonly deferred: (() => void)[] = []

  readonly clock: Clock = {
    now: () => this.nowMs,
    setTimeout: (callback, delayMs) => {
      const timer = { atMs: this.nowMs + delayMs, callback }
      this.timers.add(timer)
      return timer
    },
    clearTimeout: (handle) => void this.timers.delete(handle as Timer),
  }

  readonly defer = (callback: () => void): void => void this.deferred.push(callback)

  /** Works off what is due now. */
  settle(): void {
    for (let next = this.deferred.shift(); next; next = this.deferred.shift()) next()
  }

  advance(ms: number): void {
    const endMs = this.nowMs + ms
    this.settle()
    for (;;) {
      const due = [...this.timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!due) break
      this.timers.delete(due)
      this.nowMs = Math.max(this.nowMs, due.atMs)
      due.callback()
      this.settle()
    }
    this.nowMs = endMs
  }
}
