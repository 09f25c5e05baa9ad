// What the surroundings of an actor system hand in: time, chance, names. Production and simulation differ in these and
// in nothing the actors can see.

/** Has the shape xstate asks of a `clock`, and tells the time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

export interface Random {
  /** In [0, 1). */
  next(): number
  /** A stream of its own for each name, so that a new draw here does not shift the draws elsewhere. */
  stream(name: string): Random
}

export interface Ids {
  /** A UUID, unique over all time. */
  uid(): string
  /** Letters and digits that cannot form words or be mistaken for each other, as Kubernetes uses for generated names. */
  suffix(length: number): string
}

export interface Host {
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  /** Runs the callback when the current turn of the event loop (or the current simulated instant) has been worked off. */
  readonly defer: (callback: () => void) => void
}
