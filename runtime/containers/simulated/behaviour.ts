// What simulated containers do, as data: one line an image. Times are milliseconds, drawn evenly from a range where two
// are given.
export type Span = number | readonly [least: number, most: number]

export interface SimulatedImage {
  readonly pullMs: Span
  readonly startMs: Span
  /** From its start until a probe succeeds; after that for good, until it ends. */
  readonly readyAfterMs: Span
  /** Ends by itself after this; absent: runs until it is told to end. */
  readonly exitsAfterMs?: Span
  readonly exitCode?: number
  /** From SIGTERM to its end. Absent: it ignores SIGTERM. */
  readonly stopMs?: Span
  /** What pulling fails with. */
  readonly pullFailure?: string
}

/** A web server that starts quickly and ends as it is told. */
export const PLAIN: SimulatedImage = {
  pullMs: [20, 200],
  startMs: [5, 30],
  readyAfterMs: [50, 500],
  exitCode: 0,
  stopMs: [5, 50],
}
