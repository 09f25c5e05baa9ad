// Processes that left their container's group and outlived it. In a real container they would have died with it.
import { dirname, join } from 'node:path'
import { readExit, readRecord, readStarted } from './attempt.ts'
import { podsDirectory } from './layout.ts'
import { environmentsWith, groupOf, signalPid } from './proc.ts'

/** Kills what belongs to containers that have ended or are known no more; a shim that still writes last lines is let be. */
export function killStrays(stateDir: string): void {
  const pods = `${podsDirectory(stateDir)}/`
  for (const { pid, rest } of environmentsWith(`KINORA_ROOT=${pods}`)) {
    const directory = join(pods, dirname(rest))
    const record = readRecord(directory)
    const lives = record !== undefined && readExit(directory, record) === undefined
    if (!lives && groupOf(pid) !== readStarted(directory)?.shim.pid) signalPid(pid, 'SIGKILL')
  }
}
