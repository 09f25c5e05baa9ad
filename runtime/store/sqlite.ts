// The embedded store: SQLite in a thread of its own (sqlite-worker.ts). This side keeps the order of groups and turns the
// thread's end into outcomes.
import { Worker } from 'node:worker_threads'
import type { Commit, Opened, Outcome, Store, StoredRow } from '../../actors/ports/store.ts'
import type { SqliteOptions } from './sqlite-database.ts'
import type { FromWorker, ToWorker } from './sqlite-worker.ts'

// Beside the source when types are stripped, beside the bundle when bundled (scripts/build.ts makes both files).
const workerUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.mjs', import.meta.url)

export function createSqliteStore(options: SqliteOptions): Store {
  return new SqliteStore(options)
}

type Settled = (outcomes: readonly Outcome[]) => void

class SqliteStore implements Store {
  private readonly options: SqliteOptions
  private readonly pending = new Map<number, { readonly size: number; readonly settled: Settled }>()
  private worker: Worker | undefined
  private nextId = 0
  private whenClosed: (() => void) | undefined
  private whenOpened: ((outcome: Opened) => void) | undefined

  constructor(options: SqliteOptions) {
    this.options = options
  }

  open(row: (row: StoredRow) => void, opened: (outcome: Opened) => void): void {
    // Nothing of the process's own flags or environment: the thread needs neither, and starts sooner.
    const worker = new Worker(workerUrl(), { workerData: this.options, execArgv: [], env: {}, stdin: false })
    this.worker = worker
    this.whenOpened = opened
    let brokenBy = 'the thread ended'
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'rows') for (const each of message.rows) row(each)
      else if (message.type === 'opened') this.openedWith(message.outcome)
      else if (message.type === 'settled') for (const { id, outcomes } of message.groups) this.settle(id, outcomes)
    })
    worker.on('error', (error) => {
      brokenBy = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => this.ended(brokenBy))
  }

  commit(group: readonly Commit[], settled: Settled): void {
    if (this.worker === undefined || this.whenClosed !== undefined) {
      setImmediate(() => settled(group.map(() => ({ result: 'failed', message: 'the store is not open' }))))
      return
    }
    const id = this.nextId++
    this.pending.set(id, { size: group.length, settled })
    this.send({ type: 'group', id, commits: group })
  }

  close(closed: () => void): void {
    if (this.worker === undefined) setImmediate(closed)
    else {
      this.whenClosed = closed
      this.send({ type: 'close' })
    }
  }

  private send(message: ToWorker): void {
    this.worker?.postMessage(message)
  }

  private openedWith(outcome: Opened): void {
    const opened = this.whenOpened
    this.whenOpened = undefined
    opened?.(outcome)
  }

  private settle(id: number, outcomes: readonly Outcome[]): void {
    const group = this.pending.get(id)
    this.pending.delete(id)
    group?.settled(outcomes)
  }

  // What was handed in and not answered may have been written.
  private ended(message: string): void {
    this.worker = undefined
    this.openedWith({ result: 'refused', reason: 'failed', message: `the store could not be started: ${message}` })
    for (const [id, { size }] of this.pending) {
      this.settle(
        id,
        Array.from({ length: size }, () => ({ result: 'unknown', message })),
      )
    }
    const closed = this.whenClosed
    this.whenClosed = undefined
    closed?.()
  }
}
