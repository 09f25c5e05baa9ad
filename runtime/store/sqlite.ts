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
  private readonly pending = new Map<number, { readonly size: number; readonly settled: Settled }>()
  private worker: Worker | undefined
  /** What the thread has said before anybody asked: it starts with the store, so that it opens its file while others load. */
  private early: FromWorker[] | undefined = []
  private whenRow: (row: StoredRow) => void = () => {}
  private brokenBy = 'the thread ended'
  private nextId = 0
  private whenClosed: (() => void) | undefined
  private whenOpened: ((outcome: Opened) => void) | undefined

  constructor(options: SqliteOptions) {
    // Nothing of the process's own flags or environment: the thread needs neither, and starts sooner.
    const worker = new Worker(workerUrl(), { workerData: options, execArgv: [], env: {}, stdin: false })
    this.worker = worker
    worker.on('message', (message: FromWorker) => {
      if (this.early) this.early.push(message)
      else this.heard(message)
    })
    worker.on('error', (error) => {
      this.brokenBy = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => this.ended())
  }

  open(row: (row: StoredRow) => void, opened: (outcome: Opened) => void): void {
    this.whenRow = row
    this.whenOpened = opened
    setImmediate(() => {
      const early = this.early ?? []
      this.early = undefined
      for (const message of early) this.heard(message)
      if (this.worker === undefined) this.ended()
    })
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

  private heard(message: FromWorker): void {
    if (message.type === 'rows') for (const row of message.rows) this.whenRow(row)
    else if (message.type === 'opened') this.openedWith(message.outcome)
    else for (const { id, outcomes } of message.groups) this.settle(id, outcomes)
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
  private ended(): void {
    const message = this.brokenBy
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
