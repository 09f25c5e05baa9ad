// Which process a pid means: numbers are used again, so a process is known by pid, start time and boot of the machine.
import { readFileSync } from 'node:fs'
import { procStat } from './proc-stat.ts'

export interface ProcessIdentity {
  readonly pid: number
  /** In clock ticks since the machine's boot, from /proc/PID/stat. */
  readonly startTime: string
  readonly bootId: string
}

let boot: string | undefined
const bootId = (): string => {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return boot
}

/** Undefined when there is no such process, or it has ended and waits only to be reaped. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = procStat(pid)
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined
  return { pid, startTime: stat.startTime, bootId: bootId() }
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = identityOf(identity.pid)
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId
}
