// One line of /proc that says what a process is: read in one place, because its second field may hold anything.
import { readFileSync } from 'node:fs'

export interface ProcStat {
  /** R, S, D, T for stopped, Z for ended and not reaped, X. */
  readonly state: string
  readonly group: number
  /** Clock ticks since the boot; with the pid and the boot it names one process. */
  readonly startTime: string
}

/** Undefined when there is no such process. */
export function procStat(pid: number): ProcStat | undefined {
  let line: string
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The command's name stands in parentheses; the fields after it are counted from the last one.
  const [state = '', , group = '', ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return { state, group: Number(group), startTime: rest[16] ?? '' }
}
