// The durable, ordered map under the API: keys, text values, one revision counter. Its contract suite is
// test/contracts/store.contract.ts; adapters are in runtime/store/.

/** All or nothing, and one revision: the puts and deletes happen if every condition holds. */
export interface Commit {
  readonly when: readonly Condition[]
  readonly puts: readonly { readonly key: string; readonly value: string }[]
  readonly deletes: readonly string[]
}

export type Condition =
  /** The key exists and was last written at this revision. */
  | { readonly key: string; readonly revision: number }
  | { readonly key: string; readonly absent: true }
  /** Nobody has opened the store for writing since the one who holds this epoch: fences a Master that was replaced. */
  | { readonly epoch: number }

export type Outcome =
  | { readonly result: 'committed'; readonly revision: number }
  /** A condition did not hold; nothing was written and no revision used. */
  | { readonly result: 'conflict'; readonly condition: Condition }
  /** No room on the disk; nothing was written. */
  | { readonly result: 'full'; readonly message: string }
  | { readonly result: 'failed'; readonly message: string }
  /** The answer was lost: written entirely or not at all. */
  | { readonly result: 'unknown'; readonly message: string }

export interface StoredRow {
  readonly key: string
  readonly value: string
  /** Of the newest write to this key. */
  readonly revision: number
}

export type Opened =
  | {
      readonly result: 'opened'
      /** Of the newest write to any key; 1 in an empty store. */
      readonly revision: number
      readonly epoch: number
    }
  | { readonly result: 'refused'; readonly reason: 'version' | 'in-use' | 'damaged' | 'failed'; readonly message: string }

export interface Store {
  /** Hands over every row, in the order of keys, then answers. Called once, before anything else. */
  open(row: (row: StoredRow) => void, opened: (outcome: Opened) => void): void
  /**
   * Writes a group with one sync. Outcomes come later, never within the call, in the order of the group; groups settle in
   * the order in which they were handed in. Revisions strictly increase and are never used again, not after a crash either.
   * Limits: a value at most 1.5 MiB, a key at most 1 KiB.
   */
  commit(group: readonly Commit[], settled: (outcomes: readonly Outcome[]) => void): void
  /** Finishes what was handed in, then lets go of the data. */
  close(closed: () => void): void
}
