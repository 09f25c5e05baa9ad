// What the long-running processes share: how they report to whoever started them, and how they are asked to end.

/** To the supervisor, over the IPC channel; nothing where there is none. */
export const report = (message: Record<string, unknown>): void => {
  if (process.connected) process.send?.(message)
}

/** From the supervisor: the certificates are there; the Master answers; it does not, for now. */
export type Word = 'begin' | 'masterServes' | 'masterGone'

/** A process that was started by hand has nobody who says it, and begins at once. */
export const toldToBegin = (): Promise<void> =>
  new Promise((resolve) => {
    if (!process.connected) return resolve()
    process.on('message', (word: Word) => word === 'begin' && resolve())
    process.once('disconnect', resolve)
  })

/** Diagnoses go to stderr, which is the log of the process. */
export const log = (text: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`)
}

/** Calls back at the first SIGTERM or SIGINT. */
export function onceAsked(stop: () => void): void {
  let asked = false
  const once = () => {
    if (asked) return
    asked = true
    stop()
  }
  process.on('SIGTERM', once)
  process.on('SIGINT', once)
}
