// Ending processes and waiting until they are gone, by identity: a pid that was given to somebody else is left alone.
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive, type ProcessIdentity } from '../runtime/process-identity.ts'

const POLL_MS = 10

export function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, name)
  } catch {
    // It ended in between.
  }
}

/** True when it has ended within the time. */
export async function ended(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs
  while (isAlive(identity)) {
    if (performance.now() > until) return false
    await delay(POLL_MS)
  }
  return true
}

/** Asks it to end; after the time, ends it. */
export async function end(identity: ProcessIdentity, graceMs: number): Promise<void> {
  signal(identity, 'SIGTERM')
  if (await ended(identity, graceMs)) return
  signal(identity, 'SIGKILL')
  await ended(identity, 5_000)
}
