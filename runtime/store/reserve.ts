// Room kept on the disk for the day it is full: deleting needs some, because a log grows before it shrinks. The file is
// given up when a deletion finds no room, and made again when there is plenty.
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Twice the log that SQLite keeps before it is written back into the database. */
const RESERVE_BYTES = 8 * 1024 * 1024
/** Room that must be left for others when the reserve is made. */
const PLENTY_BYTES = 4 * RESERVE_BYTES

export class Reserve {
  private readonly path: string

  constructor(path: string) {
    this.path = path
  }

  get isThere(): boolean {
    return statSync(this.path, { throwIfNoEntry: false })?.size === RESERVE_BYTES
  }

  /** Does nothing where there is one already, or no plenty of room. */
  make(): void {
    if (this.isThere || this.free() < PLENTY_BYTES) return
    try {
      const file = openSync(this.path, 'w', 0o600)
      const zeros = Buffer.alloc(RESERVE_BYTES)
      let written = 0
      while (written < RESERVE_BYTES) written += writeSync(file, zeros, written)
      closeSync(file)
    } catch {
      this.giveUp()
    }
  }

  giveUp(): void {
    rmSync(this.path, { force: true })
  }

  private free(): number {
    const { bavail, bsize } = statfsSync(dirname(this.path))
    return bavail * bsize
  }
}
