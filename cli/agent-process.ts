// What the long-running processes share: how they report to whoever started them, and how they are asked to end.

/** To the supervisor, over the IPC channel; nothing where there is none. */
export const report = (message: Record<string, unknown>): void => {
  if (process.connected) process.send?.(message)
}

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
