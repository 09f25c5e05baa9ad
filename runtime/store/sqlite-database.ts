// The database file: one connection, which locks it while it lives (the kernel releases the lock of a process that was
// killed); WAL; a sync for each transaction. Knows nothing of threads.
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Commit, Condition, Opened, Outcome, StoredRow } from '../../actors/ports/store.ts'
import { beyondLimits } from './limits.ts'
import { Reserve } from './reserve.ts'

/** Raised when the tables change; a file of another version is refused. */
const FORMAT_VERSION = 1
/** `Kino`, in the header of the file, where the command `file` looks too. */
const APPLICATION_ID = 0x4b696e6f
/** Free pages beyond what a value needs: a row may split the pages above it. */
const FREE_MARGIN_BYTES = 64 * 1024

export interface SqliteOptions {
  readonly directory: string
  /** The file may not grow beyond this; for tests of a full disk. */
  readonly maxBytes?: number
}

const REFUSED = Symbol('refused')
type Refusal = Extract<Opened, { result: 'refused' }>

export class SqliteDatabase {
  revision = 1
  epoch = 0
  private readonly db: DatabaseSync
  private readonly readRevision: StatementSync
  private readonly put: StatementSync
  private readonly remove: StatementSync
  private readonly writeRevision: StatementSync
  private readonly reserve: Reserve
  /** The disk is full and the reserve is gone. */
  private isTight = false

  constructor({ directory, maxBytes }: SqliteOptions) {
    const path = join(directory, 'state.db')
    const isNew = createPrivately(path)
    this.reserve = new Reserve(join(directory, 'reserve'))
    this.db = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: false })
    try {
      this.db.exec('PRAGMA locking_mode = EXCLUSIVE')
      if (isNew || this.isEmpty()) this.createTables()
      else this.checkFormat()
      this.db.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192',
      )
      if (maxBytes !== undefined) this.db.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / this.pragma('page_size'))}`)
      this.readRevision = this.db.prepare('SELECT revision FROM object WHERE key = ?')
      // Not REPLACE: the row stays where it is, and the index on keys is not written.
      this.put = this.db.prepare(
        'INSERT INTO object (key, revision, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value',
      )
      this.remove = this.db.prepare('DELETE FROM object WHERE key = ?')
      this.writeRevision = this.db.prepare('UPDATE counter SET revision = ?')
      this.db.exec('BEGIN IMMEDIATE; UPDATE counter SET epoch = epoch + 1; COMMIT')
      const counter = this.db.prepare('SELECT revision, epoch FROM counter').get()
      this.revision = Number(counter?.revision)
      this.epoch = Number(counter?.epoch)
    } catch (error) {
      this.db.close()
      throw error
    }
  }

  *rows(): Generator<StoredRow> {
    for (const row of this.db.prepare('SELECT key, value, revision FROM object ORDER BY key').iterate()) {
      const { key, value, revision } = row as unknown as StoredRow
      if (revision > this.revision) throw refuse('damaged', `row "${key}" is newer than the newest revision of the store`)
      yield { key, value, revision }
    }
  }

  /** All groups in one transaction; when that fails, each commit in one of its own, so that one too many spoils no other. */
  write(groups: readonly (readonly Commit[])[]): Outcome[][] {
    if (!this.isTight) {
      try {
        return this.transaction(() => groups.map((commits) => commits.map((commit) => this.apply(commit))))
      } catch {
        // As said.
      }
    }
    const outcomes = groups.map((commits) => commits.map((commit) => this.writeAlone(commit)))
    if (this.isTight) this.loosen()
    return outcomes
  }

  /** Not in the path of the start. */
  makeReserve(): void {
    this.reserve.make()
  }

  close(): void {
    this.db.close()
  }

  private writeAlone(commit: Commit): Outcome {
    if (this.isTight && !this.fits(commit)) return { result: 'full', message: 'no space left on the device' }
    try {
      return this.transaction(() => this.apply(commit))
    } catch (error) {
      const outcome = outcomeOf(error)
      return outcome.result === 'full' && commit.deletes.length > 0 && !this.isTight ? this.writeFromReserve(commit) : outcome
    }
  }

  /** A full disk must let go of something: deletions use the reserve, what they free is for whoever comes next. */
  private writeFromReserve(commit: Commit): Outcome {
    this.reserve.giveUp()
    this.isTight = true
    this.shrinkLog()
    return this.writeAlone(commit)
  }

  /** While the reserve is gone, what is put must fit into pages that deletions have freed. */
  private fits({ puts }: Commit): boolean {
    if (puts.length === 0) return true
    let needed = FREE_MARGIN_BYTES
    for (const { key, value } of puts) needed += key.length + 3 * value.length
    return this.pragma('freelist_count') * this.pragma('page_size') > needed
  }

  private shrinkLog(): void {
    try {
      this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Still no room for it: the next deletion tries again.
    }
  }

  private loosen(): void {
    this.shrinkLog()
    this.reserve.make()
    this.isTight = !this.reserve.isThere
  }

  private transaction<T>(work: () => T): T {
    const before = this.revision
    this.db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      if (this.revision !== before) this.writeRevision.run(this.revision)
      this.db.exec('COMMIT')
      return result
    } catch (error) {
      this.revision = before
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      throw error
    }
  }

  private apply(commit: Commit): Outcome {
    for (const condition of commit.when) if (!this.holds(condition)) return { result: 'conflict', condition }
    const tooLarge = beyondLimits(commit)
    if (tooLarge !== undefined) return { result: 'failed', message: tooLarge }
    const revision = this.revision + 1
    for (const key of commit.deletes) this.remove.run(key)
    for (const { key, value } of commit.puts) this.put.run(key, revision, value)
    this.revision = revision
    return { result: 'committed', revision }
  }

  private holds(condition: Condition): boolean {
    if ('epoch' in condition) return condition.epoch === this.epoch
    const row = this.readRevision.get(condition.key)
    return 'absent' in condition ? row === undefined : row?.revision === condition.revision
  }

  private createTables(): void {
    this.db.exec(`
      PRAGMA journal_mode = WAL;
      BEGIN EXCLUSIVE;
      CREATE TABLE object (key TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL) STRICT;
      CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, epoch INTEGER NOT NULL) STRICT;
      INSERT INTO counter VALUES (1, 1, 0);
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${FORMAT_VERSION};
      COMMIT`)
  }

  // A process that was killed while it created the file leaves it without tables, and without a version.
  private isEmpty(): boolean {
    return (
      this.db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables === 0 && this.pragma('user_version') === 0
    )
  }

  private checkFormat(): void {
    const application = this.pragma('application_id')
    const version = this.pragma('user_version')
    if (application !== APPLICATION_ID) throw refuse('version', 'it was not written by Kinora')
    if (version !== FORMAT_VERSION) {
      throw refuse('version', `it has the format version ${version}; this version of Kinora reads ${FORMAT_VERSION}`)
    }
  }

  private pragma(name: string): number {
    return Number(Object.values(this.db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
  }
}

// The log beside the file inherits its mode. The file is never opened here when it exists: closing any descriptor of it
// would drop the lock that this process may hold on it.
function createPrivately(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
  return true
}

const refuse = (reason: Refusal['reason'], message: string) => ({ [REFUSED]: { result: 'refused', reason, message } as Refusal })

const PRIMARY_CODE = 0xff
const SQLITE_BUSY = 5
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

const primaryCodeOf = (error: unknown): number => Number((error as { errcode?: number }).errcode ?? 0) & PRIMARY_CODE
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function outcomeOf(error: unknown): Outcome {
  const code = primaryCodeOf(error)
  if (code === SQLITE_FULL) return { result: 'full', message: messageOf(error) }
  // A write or sync that failed half-way may still be found in the log after a crash.
  if (code === SQLITE_IOERR) return { result: 'unknown', message: messageOf(error) }
  return { result: 'failed', message: messageOf(error) }
}

/** What an error of opening or of reading the rows means, in words. */
export function refusalOf(error: unknown, directory: string): Refusal {
  const known = (error as { [REFUSED]?: Refusal })[REFUSED]
  if (known !== undefined) return { ...known, message: `the data in ${directory} cannot be used: ${known.message}` }
  switch (primaryCodeOf(error)) {
    case SQLITE_BUSY:
      return { result: 'refused', reason: 'in-use', message: `the data in ${directory} are in use by another process` }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return { result: 'refused', reason: 'damaged', message: `the data in ${directory} are damaged: ${messageOf(error)}` }
    default:
      return { result: 'refused', reason: 'failed', message: `the data in ${directory} cannot be opened: ${messageOf(error)}` }
  }
}
