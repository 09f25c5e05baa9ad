// What Linux tells about processes under /proc: identity that survives the reuse of pids, groups, sockets.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A pid alone is used again; together with the start time (ticks since boot) it is not, within one boot. */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTicks: string
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

export const bootId = (): string => read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''

interface Stat {
  readonly state: string
  readonly group: number
  readonly startTicks: string
}

function stat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The second field is the program's name in parentheses and may hold anything; the rest are numbers.
  const [state = '', , group = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state, group: Number(group), startTicks: rest[16] ?? '' }
}

/** A zombie has ended. */
export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  const found = stat(pid)
  return found !== undefined && found.state !== 'Z' && found.startTicks === startTicks
}

function* pids(): Generator<number> {
  for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) yield Number(name)
}

export const groupOf = (pid: number): number | undefined => stat(pid)?.group

const processesOfGroup = (group: number): number[] => [...pids()].filter((pid) => groupOf(pid) === group)

/** Processes of this user whose environment holds the assignment: finds those that left their group, too. */
export function processesWithEnvironment(startsWith: string): number[] {
  return [...pids()].filter((pid) => {
    const environment = read(`/proc/${pid}/environ`)
    return environment?.startsWith(startsWith) || environment?.includes(`\0${startsWith}`)
  })
}

/** While any member lives its number is not given to another; a leader with another start time is a stranger. */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  const found = stat(leader.pid)
  if (found && found.startTicks !== leader.startTicks) return false
  // Between its fork and its setsid the program has no group yet, and is still alone.
  return signalPid(-leader.pid, signal) || (found !== undefined && signalPid(leader.pid, signal))
}

export function signalPid(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

/** Ports on which a process of the group listens on every address of the host. */
export function wildcardPorts(group: number): number[] {
  const listening = new Map([...listeners('/proc/net/tcp'), ...listeners('/proc/net/tcp6')])
  if (listening.size === 0) return []
  const ports = new Set<number>()
  for (const pid of processesOfGroup(group)) {
    for (const inode of socketsOf(pid)) {
      const port = listening.get(inode)
      if (port !== undefined) ports.add(port)
    }
  }
  return [...ports].sort((a, b) => a - b)
}

const LISTEN = '0A'

function* listeners(table: string): Generator<[inode: string, port: number]> {
  for (const line of (read(table) ?? '').split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    if (state === LISTEN && /^0+$/.test(address)) yield [inode, Number.parseInt(port, 16)]
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}
