// What happened, as one number: a rolling hash over every message that was delivered and every write that was committed.
// Two runs that differ anywhere differ here.
import { createHash } from 'node:crypto'
import type { Commit, Outcome, Store } from '../../actors/ports/store.ts'

export class Fingerprint {
  readonly #hash = createHash('sha256')
  messages = 0
  commits = 0

  delivered(from: string, to: string, bytes: Uint8Array, atMs: number): void {
    this.messages += 1
    this.#hash.update(`m ${atMs} ${from} ${to} ${bytes.byteLength}\n`).update(bytes)
  }

  committed(commit: Commit, revision: number): void {
    this.commits += 1
    this.#hash.update(`c ${revision} ${JSON.stringify(commit)}\n`)
  }

  toString(): string {
    return this.#hash.copy().digest('hex')
  }
}

/** The store, with every commit it carries out noted. */
export function fingerprinted(store: Store, fingerprint: Fingerprint): Store {
  return {
    open: (row, opened) => store.open(row, opened),
    close: (closed) => store.close(closed),
    commit: (group, settled) =>
      store.commit(group, (outcomes: readonly Outcome[]) => {
        for (const [index, outcome] of outcomes.entries()) {
          const commit = group[index]
          if (commit && outcome.result === 'committed') fingerprint.committed(commit, outcome.revision)
        }
        settled(outcomes)
      }),
  }
}
