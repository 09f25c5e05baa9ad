// Ends all containers of a node whose agent may be gone: what `kinora down` and `kinora node kill` need.
import { setTimeout as pause } from 'node:timers/promises'
import { readExit, readRecord } from './attempt.ts'
import { endAttempt } from './found.ts'
import { attemptDirectory, attemptsOfNode, podsDirectory } from './layout.ts'
import { processesWithEnvironment, signalPid } from './proc.ts'

const POLL_MS = 10
/** Shims that have their last lines to write get this long; then whatever is left is killed, recorded as ended or not. */
const DRAIN_MS = 500
/** A killed process that is not gone by then hangs in the kernel, and nobody can end it. */
const PATIENCE_MS = 5000

/** By force, at once. Records, logs and volumes stay. */
export function killContainersOf(stateDir: string): void {
  for (const key of attemptsOfNode(stateDir)) {
    const directory = attemptDirectory(stateDir, key)
    const record = readRecord(directory)
    if (!record || !readExit(directory, record)) endAttempt(directory)
  }
}

/** Settles when every process of the node's containers has ended, their shims included. */
export async function endContainersOf(stateDir: string): Promise<void> {
  killContainersOf(stateDir)
  const mark = `KINORA_ROOT=${podsDirectory(stateDir)}/`
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
    const left = processesWithEnvironment(mark)
    if (left.length === 0) return
    if (waitedMs >= DRAIN_MS) for (const pid of left) signalPid(pid, 'SIGKILL')
    await pause(POLL_MS)
  }
}
