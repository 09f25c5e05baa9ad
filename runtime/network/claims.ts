// What clusters of one user share on a machine and must not share by accident: ranges of loopback addresses, node ports.
// With `reusePort` the kernel would let two clusters have the same port, therefore each number is claimed in a small SQLite
// database first: its file lock ends with the process that holds it, so no crash leaves it locked. A claim belongs to a
// cluster and holds as long as one of the processes that joined it lives; what dead processes left is taken over.
import { lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { identityOf, isAlive, type ProcessIdentity } from '../process-identity.ts'

/** 127.1.0.0/16 … 127.250.0.0/16; 127.0 is the machine's own. */
const SLOTS = 250
/** Node ports that are given out unasked; below are those that users like to pick themselves. */
const NODE_PORTS_FROM = 30_068
const NODE_PORTS_BAND = 100
const BANDS = 27
/** A claim takes under a millisecond; who waits this long has found a sick file system. */
const LOCK_TIMEOUT_MS = 5_000

export interface SlotRanges {
  readonly slot: number
  /** Nodes count from 1 to 127. */
  podCidr(nodeIndex: number): string
  readonly serviceCidr: string
  /** The first address of the Services' range: the API's own Service. */
  readonly apiServiceIp: string
  /** Where node ports are picked from when nobody asked for one. */
  readonly nodePortBand: { readonly first: number; readonly last: number }
}

export interface Slot extends SlotRanges {
  release(): void
}

/** A directory of files, each the JSON of a process (`pid`, `startTime`, `bootId`): alive as long as one of them is. */
export interface Owner {
  readonly directory: string
}

export interface Claims {
  /** False when another cluster has it. Claiming again is harmless. */
  claim(kind: 'nodeport', number: number): boolean
  release(kind: 'nodeport', number: number): void
  close(): void
}

export function rangesOf(slot: number): SlotRanges {
  const first = NODE_PORTS_FROM + bandOf(slot) * NODE_PORTS_BAND
  return {
    slot,
    podCidr: (nodeIndex) => {
      if (!Number.isInteger(nodeIndex) || nodeIndex < 1 || nodeIndex > 127)
        throw new RangeError(`one machine holds 127 nodes: there is no node ${nodeIndex}`)
      return `127.${slot}.${nodeIndex}.0/24`
    },
    serviceCidr: `127.${slot}.128.0/17`,
    apiServiceIp: `127.${slot}.128.1`,
    nodePortBand: { first, last: first + NODE_PORTS_BAND - 1 },
  }
}

const bandOf = (slot: number): number => (slot - 1) % BANDS

/** The preferred slot when it is free, else one whose node ports nobody else picks from, else any. */
export function claimSlot(preferred: number | undefined, owner: Owner, directory = claimsDirectory()): Slot {
  const slot = within(directory, (database) => {
    const taken = new Set<number>()
    const all = database.prepare("SELECT number, owner FROM claims WHERE kind = 'slot'").all() as unknown as Row[]
    for (const row of all) {
      if (row.owner === owner.directory || !lives(row.owner)) remove(database, 'slot', row.number, row.owner)
      else taken.add(row.number)
    }
    const bands = new Set([...taken].map(bandOf))
    const order = [...(preferred === undefined ? [] : [preferred]), ...slotsOfUser()]
    const free = order.filter((slot) => Number.isInteger(slot) && slot >= 1 && slot <= SLOTS && !taken.has(slot))
    const choice = free[0] === preferred ? free[0] : (free.find((candidate) => !bands.has(bandOf(candidate))) ?? free[0])
    if (choice === undefined) throw new Error(`all ${SLOTS} address ranges of this machine are in use by other clusters`)
    insert(database, 'slot', choice, owner.directory, '')
    return choice
  })
  return { ...rangesOf(slot), release: () => within(directory, (database) => remove(database, 'slot', slot, owner.directory)) }
}

/** Users do not see each other's claims; they start at different slots, so that they seldom meet. */
function slotsOfUser(): number[] {
  const start = ((process.getuid?.() ?? 0) * 37) % SLOTS
  return Array.from({ length: SLOTS }, (_, index) => ((start + index) % SLOTS) + 1)
}

/** For one process of a cluster. */
export function openClaims(clusterId: string, directory = claimsDirectory()): Claims {
  const self = JSON.stringify(identityOf(process.pid))
  const held = new Set<number>()
  const release = (number: number): void => {
    if (!held.delete(number)) return
    within(directory, (database) =>
      database.prepare('DELETE FROM claims WHERE kind = ? AND number = ? AND holder = ?').run('nodeport', number, self),
    )
  }
  return {
    claim: (kind, number) => {
      if (held.has(number)) return true
      const ours = within(directory, (database) => {
        const rows = database.prepare('SELECT * FROM claims WHERE kind = ? AND number = ?').all(kind, number) as unknown as Row[]
        for (const row of rows) {
          if (!isAlive(JSON.parse(row.holder) as ProcessIdentity)) {
            database.prepare('DELETE FROM claims WHERE kind = ? AND number = ? AND holder = ?').run(kind, number, row.holder)
          } else if (row.owner !== clusterId) return false
        }
        insert(database, kind, number, clusterId, self)
        return true
      })
      if (ours) held.add(number)
      return ours
    },
    release: (_kind, number) => release(number),
    close: () => {
      for (const number of [...held]) release(number)
    },
  }
}

interface Row {
  readonly number: number
  readonly owner: string
  readonly holder: string
}

function insert(database: DatabaseSync, kind: string, number: number, owner: string, holder: string): void {
  database
    .prepare('INSERT OR REPLACE INTO claims (kind, number, owner, holder) VALUES (?, ?, ?, ?)')
    .run(kind, number, owner, holder)
}

function remove(database: DatabaseSync, kind: string, number: number, owner: string): void {
  database.prepare('DELETE FROM claims WHERE kind = ? AND number = ? AND owner = ?').run(kind, number, owner)
}

function lives(directory: string): boolean {
  try {
    return readdirSync(directory).some((file) => {
      try {
        const identity = JSON.parse(readFileSync(join(directory, file), 'utf8')) as ProcessIdentity
        return isAlive(identity)
      } catch {
        return false
      }
    })
  } catch {
    return false
  }
}

function within<T>(directory: string, act: (database: DatabaseSync) => T): T {
  makeOwn(directory)
  const database = new DatabaseSync(join(directory, 'claims.db'), { timeout: LOCK_TIMEOUT_MS })
  try {
    // Claims do not outlive the machine's boot: nothing has to reach the disk.
    database.exec('PRAGMA synchronous = OFF')
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec(
        'CREATE TABLE IF NOT EXISTS claims (kind TEXT, number INTEGER, owner TEXT, holder TEXT, PRIMARY KEY (kind, number, holder))',
      )
      const result = act(database)
      database.exec('COMMIT')
      return result
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  } finally {
    database.close()
  }
}

const claimsDirectory = (): string => join(tmpdir(), `kinora-claims-${process.getuid?.() ?? 0}`)

/** A directory that somebody else has put in our place could lie to us. */
function makeOwn(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const found = lstatSync(directory)
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0)
    throw new Error(`${directory} must be a directory of this user alone; remove it and start again`)
}
