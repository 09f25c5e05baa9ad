// The thread that owns the database, so that a sync never holds the event loop of the Master. Groups that wait while a sync
// runs share the next transaction.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { Commit, Opened, Outcome, StoredRow } from '../../actors/ports/store.ts'
import { refusalOf, SqliteDatabase, type SqliteOptions } from './sqlite-database.ts'

/** Rows a message to the Master carries at the start: enough to amortise the message, few enough to overlap parsing. */
const ROWS_PER_MESSAGE = 256
/** Bytes of values one transaction takes together; beyond it the next groups wait for the next sync. */
const MAX_TRANSACTION_BYTES = 8 * 1024 * 1024

export type ToWorker =
  | { readonly type: 'group'; readonly id: number; readonly commits: readonly Commit[] }
  | { readonly type: 'close' }
export type FromWorker =
  | { readonly type: 'rows'; readonly rows: readonly StoredRow[] }
  | { readonly type: 'opened'; readonly outcome: Opened }
  | { readonly type: 'settled'; readonly groups: readonly { readonly id: number; readonly outcomes: readonly Outcome[] }[] }

type Group = Extract<ToWorker, { type: 'group' }>

function openDatabase(port: MessagePort, options: SqliteOptions): SqliteDatabase | undefined {
  let database: SqliteDatabase | undefined
  try {
    database = new SqliteDatabase(options)
    let batch: StoredRow[] = []
    for (const row of database.rows()) {
      batch.push(row)
      if (batch.length === ROWS_PER_MESSAGE) {
        post(port, { type: 'rows', rows: batch })
        batch = []
      }
    }
    if (batch.length > 0) post(port, { type: 'rows', rows: batch })
    post(port, { type: 'opened', outcome: { result: 'opened', revision: database.revision, epoch: database.epoch } })
    return database
  } catch (error) {
    database?.close()
    post(port, { type: 'opened', outcome: refusalOf(error, options.directory) })
    return undefined
  }
}

function serve(port: MessagePort, database: SqliteDatabase): void {
  port.on('message', (first: ToWorker) => {
    const groups: Group[] = []
    let bytes = 0
    let message: ToWorker | undefined = first
    while (message?.type === 'group') {
      groups.push(message)
      for (const { puts } of message.commits) for (const { value } of puts) bytes += value.length
      message = bytes < MAX_TRANSACTION_BYTES ? (receiveMessageOnPort(port)?.message as ToWorker | undefined) : undefined
    }
    if (groups.length > 0) {
      const outcomes = database.write(groups.map(({ commits }) => commits))
      post(port, { type: 'settled', groups: groups.map(({ id }, at) => ({ id, outcomes: outcomes[at] ?? [] })) })
    }
    if (message?.type === 'close') {
      database.close()
      port.close()
    }
  })
}

const post = (port: MessagePort, message: FromWorker): void => port.postMessage(message)

if (parentPort !== null) {
  const database = openDatabase(parentPort, workerData as SqliteOptions)
  if (database === undefined) parentPort.close()
  else {
    serve(parentPort, database)
    setImmediate(() => database.makeReserve())
  }
}
