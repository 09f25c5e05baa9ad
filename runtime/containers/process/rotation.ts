// Keeps a container's log from filling the disk: what is written goes to one older file, and the log begins anew. The shim's
// `cat` is held still meanwhile; the program goes on until its pipe is full, and no line is lost.
import { copyFile, renameSync, truncateSync } from 'node:fs'
import type { Clock } from '../../../actors/ports/host.ts'
import { logOf, marksOf, olderLogOf } from './attempt.ts'
import { groupOf, type ProcessIdentity, signalPid, stateOf } from './proc.ts'

/** As the kubelet's containerLogMaxSize; with the older file a container keeps at most twice this. */
export const LOG_BYTES = 10 * 1024 * 1024

const STOPPED = 'T'
const POLL_MS = 1
/** A process that cannot be stopped by then hangs in the kernel; the log is left as it is until it grows again. */
const POLLS = 200

/** `cat` is known by its shim's group: a pid that was given to another is not in it. */
export function rotateLog(
  directory: string,
  cat: number,
  shim: ProcessIdentity,
  clock: Clock,
  done: (rotated: boolean) => void,
): void {
  const resume = (rotated: boolean): void => {
    signalPid(cat, 'SIGCONT')
    done(rotated)
  }
  if (groupOf(cat) !== shim.pid || !signalPid(cat, 'SIGSTOP')) return done(false)
  let polls = 0
  const whenStill = (): void => {
    if (stateOf(cat) === STOPPED) return copy()
    polls += 1
    if (polls > POLLS) return resume(false)
    clock.setTimeout(whenStill, POLL_MS)
  }
  const copy = (): void =>
    copyFile(logOf(directory), olderLogOf(directory), (failure) => {
      if (failure) return resume(false)
      try {
        truncateSync(logOf(directory))
        renameSync(marksOf(directory), marksOf(directory, true))
      } catch {
        // Removed meanwhile, together with everything it was about.
      }
      resume(true)
    })
  whenStill()
}

/** An agent that died in the middle of it has left a `cat` that stands still. */
export function resumeLog(cat: number, shim: ProcessIdentity): void {
  if (groupOf(cat) === shim.pid && stateOf(cat) === STOPPED) signalPid(cat, 'SIGCONT')
}
