// What Linux tells about processes under /proc: identity that survives the reuse of pids, groups, sockets.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { procStat } from '../../proc-stat.ts'

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

/** A zombie has ended. */
export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  const found = procStat(pid)
  return found !== undefined && found.state !== 'Z' && found.startTime === startTicks
}

function* pids(): Generator<number> {
  for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) yield Number(name)
}

/** As /proc prints it: R, S, T for stopped, Z for ended. */
export const stateOf = (pid: number): string | undefined => procStat(pid)?.state

export const groupOf = (pid: number): number | undefined => procStat(pid)?.group

/** Processes of this user whose environment holds an assignment that begins so, and how it goes on. */
export function environmentsWith(startsWith: string): { readonly pid: number; readonly rest: string }[] {
  return [...pids()].flatMap((pid) => {
    const environment = read(`/proc/${pid}/environ`) ?? ''
    const at = environment.startsWith(startsWith) ? 0 : environment.indexOf(`\0${startsWith}`) + 1
    if (at === 0 && !environment.startsWith(startsWith)) return []
    const from = at + startsWith.length
    return [{ pid, rest: environment.slice(from, environment.indexOf('\0', from)) }]
  })
}

/** Finds those that left their group, too. */
export const processesWithEnvironment = (startsWith: string): number[] => environmentsWith(startsWith).map(({ pid }) => pid)

/** While any member lives its number is not given to another; a leader with another start time is a stranger. */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  const found = procStat(leader.pid)
  if (found && found.startTime !== leader.startTicks) return false
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

/** Ports on which a program or what it started listens on every address of the host. */
export function wildcardPorts(program: number): number[] {
  const listening = new Map([...listeners('/proc/net/tcp'), ...listeners('/proc/net/tcp6')])
  if (listening.size === 0) return []
  const ports = new Set<number>()
  for (const pid of family(program)) {
    for (const inode of socketsOf(pid)) {
      const port = listening.get(inode)
      if (port !== undefined) ports.add(port)
    }
  }
  return [...ports].sort((a, b) => a - b)
}

/** The process and its descendants; the kernel may be built without `children`, then those of its group. */
function family(program: number): number[] {
  const found = [program]
  for (const pid of found) {
    for (const thread of names(`/proc/${pid}/task`)) {
      const children = read(`/proc/${pid}/task/${thread}/children`)
      if (children === undefined && pid === program) return [...pids()].filter((each) => groupOf(each) === program)
      found.push(...(children ?? '').split(' ').filter(Boolean).map(Number))
    }
  }
  return found
}

const LISTEN = '0A'
const CHUNK_BYTES = 16 * 1024

/** Inode → port. The kernel tells listening sockets first: what follows may be tens of thousands and is not read. */
function listeners(table: string): Map<string, number> {
  const found = new Map<string, number>()
  let fd: number
  try {
    fd = openSync(table, 'r')
  } catch {
    return found
  }
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    let rest = ''
    for (let isHeader = true; ; ) {
      const length = readSync(fd, buffer)
      if (length === 0) return found
      const lines = (rest + buffer.toString('latin1', 0, length)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of isHeader ? lines.slice(1) : lines) {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
        if (state !== LISTEN) return found
        const [address = '', port = ''] = local.split(':')
        if (/^0+$/.test(address)) found.set(inode, Number.parseInt(port, 16))
      }
      isHeader = false
    }
  } finally {
    closeSync(fd)
  }
}

const socketsOf = (pid: number): string[] =>
  names(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return []
    }
  })

function names(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
