// A store in memory for simulation and tests. The disk outlives the process that uses it: what was handed in and not yet
// synced is lost in a crash. Deterministic: it knows only the clock and the deferral that it is given. Faults default to none.
import type { Host } from '../../actors/ports/host.ts'
import type { Commit, Condition, Opened, Outcome, Store, StoredRow } from '../../actors/ports/store.ts'
import { beyondLimits } from './limits.ts'

export interface MemoryFaults {
  /** How long a sync takes; 0: until the current turn has been worked off. */
  syncDelayMs: number
  /** Bytes of keys and values the disk holds; beyond them a put is answered with `full`. */
  capacityBytes: number
  /** What the next open is refused with. */
  refuse: Extract<Opened, { result: 'refused' }> | undefined
}

interface Row {
  readonly value: string
  readonly revision: number
}

interface Group {
  readonly commits: readonly Commit[]
  readonly settled: (outcomes: readonly Outcome[]) => void
}

/** What survives a crash. One store at a time is open on it. */
export class MemoryDisk {
  readonly faults: MemoryFaults = { syncDelayMs: 0, capacityBytes: Number.POSITIVE_INFINITY, refuse: undefined }
  readonly rows = new Map<string, Row>()
  revision = 1
  epoch = 0
  usedBytes = 0
  private holder: MemoryStore | undefined

  hold(store: MemoryStore): boolean {
    if (this.holder !== undefined) return false
    this.holder = store
    return true
  }

  release(store: MemoryStore): void {
    if (this.holder === store) this.holder = undefined
  }

  /**
   * The process that holds the disk dies: none of its callbacks is called any more. Of the groups in flight the first
   * `groupsWritten` had reached the disk all the same, though nobody was told.
   */
  crash(groupsWritten = 0): void {
    this.holder?.die(groupsWritten)
    this.holder = undefined
  }

  apply(commit: Commit): Outcome {
    const failed = commit.when.find((condition) => !this.holds(condition))
    if (failed !== undefined) return { result: 'conflict', condition: failed }
    const tooLarge = beyondLimits(commit)
    if (tooLarge !== undefined) return { result: 'failed', message: tooLarge }
    const growth = this.growthOf(commit)
    if (growth > 0 && this.usedBytes + growth > this.faults.capacityBytes) {
      return { result: 'full', message: 'no space left on the device' }
    }
    this.revision += 1
    this.usedBytes += growth
    for (const key of commit.deletes) this.rows.delete(key)
    for (const { key, value } of commit.puts) this.rows.set(key, { value, revision: this.revision })
    return { result: 'committed', revision: this.revision }
  }

  private holds(condition: Condition): boolean {
    if ('epoch' in condition) return condition.epoch === this.epoch
    const row = this.rows.get(condition.key)
    return 'absent' in condition ? row === undefined : row?.revision === condition.revision
  }

  private growthOf(commit: Commit): number {
    let growth = 0
    for (const key of commit.deletes) growth -= sizeOf(key, this.rows.get(key))
    for (const { key, value } of commit.puts) growth += key.length + value.length - sizeOf(key, this.rows.get(key))
    return growth
  }
}

const sizeOf = (key: string, row: Row | undefined): number => (row === undefined ? 0 : key.length + row.value.length)

export function createMemoryStore(host: Pick<Host, 'clock' | 'defer'>, disk = new MemoryDisk()): Store {
  return new MemoryStore(host, disk)
}

class MemoryStore implements Store {
  private readonly host: Pick<Host, 'clock' | 'defer'>
  private readonly disk: MemoryDisk
  private state: 'new' | 'open' | 'closing' | 'closed' | 'dead' = 'new'
  private inFlight: Group[] = []
  private afterLastGroup: (() => void) | undefined

  constructor(host: Pick<Host, 'clock' | 'defer'>, disk: MemoryDisk) {
    this.host = host
    this.disk = disk
  }

  open(row: (row: StoredRow) => void, opened: (outcome: Opened) => void): void {
    this.later(() => {
      const refusal = this.disk.faults.refuse ?? (this.disk.hold(this) ? undefined : IN_USE)
      if (refusal !== undefined) return opened(refusal)
      this.state = 'open'
      this.disk.epoch += 1
      for (const [key, { value, revision }] of [...this.disk.rows].sort(byKey)) row({ key, value, revision })
      opened({ result: 'opened', revision: this.disk.revision, epoch: this.disk.epoch })
    })
  }

  commit(group: readonly Commit[], settled: (outcomes: readonly Outcome[]) => void): void {
    if (this.state !== 'open') {
      this.later(() => settled(group.map(() => ({ result: 'failed', message: 'the store is not open' }))))
      return
    }
    this.inFlight.push({ commits: group, settled })
    if (this.inFlight.length === 1) this.sync()
  }

  close(closed: () => void): void {
    const letGo = () => {
      this.disk.release(this)
      this.state = 'closed'
      closed()
    }
    this.state = 'closing'
    if (this.inFlight.length > 0) this.afterLastGroup = letGo
    else this.later(letGo)
  }

  die(groupsWritten: number): void {
    for (const { commits } of this.inFlight.slice(0, groupsWritten)) for (const commit of commits) this.disk.apply(commit)
    this.inFlight = []
    this.state = 'dead'
  }

  // One sync at a time, so that groups settle in the order in which they came.
  private sync(): void {
    this.later(() => {
      const group = this.inFlight.shift()
      if (group === undefined) return
      const outcomes = group.commits.map((commit) => this.disk.apply(commit))
      if (this.inFlight.length > 0) this.sync()
      group.settled(outcomes)
      if (this.inFlight.length === 0) this.afterLastGroup?.()
    }, this.disk.faults.syncDelayMs)
  }

  private later(callback: () => void, delayMs = 0): void {
    const unlessDead = () => {
      if (this.state !== 'dead') callback()
    }
    if (delayMs > 0) this.host.clock.setTimeout(unlessDead, delayMs)
    else this.host.defer(unlessDead)
  }
}

const IN_USE: Opened & { result: 'refused' } = { result: 'refused', reason: 'in-use', message: 'the store is already open' }

const byKey = ([a]: readonly [string, Row], [b]: readonly [string, Row]): number => (a < b ? -1 : a > b ? 1 : 0)
