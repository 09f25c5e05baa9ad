// Starts a cluster's processes, one for the Master and one for each node, starts those again that die, and ends them in
// order. It keeps no cluster state: a supervisor that is killed is replaced by the next `up`, which finds the run files.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf, type ProcessIdentity } from '../runtime/process-identity.ts'
import type { Word } from './agent-process.ts'
import type { ClusterPaths } from './paths.ts'
import { end, signal } from './processes.ts'
import { forgetProcess, type Role, recordProcess } from './run-files.ts'

/** A process that dies again and again is started at growing intervals. */
const RESTART_MIN_MS = 50
const RESTART_MAX_MS = 5_000
/** One that has lived this long has recovered. */
const STEADY_MS = 10_000
/** A node needs its pods' grace to end; beyond this it is ended by force, containers included. */
export const NODE_STOP_MS = 40_000
export const MASTER_STOP_MS = 10_000

/** Heaps are bounded on purpose: a node is small, and young objects need little room in either. */
const NODE_FLAGS = ['--max-old-space-size=256', '--max-semi-space-size=2']
const MASTER_FLAGS = ['--max-old-space-size=4096', '--max-semi-space-size=16']

export interface ProcessSpec {
  readonly role: Role
  /** After `node main.ts`. */
  readonly args: readonly string[]
}

/** What a process reports over its IPC channel. */
export type Report = { readonly type: string } & Readonly<Record<string, unknown>>

export interface SupervisorOptions {
  readonly paths: ClusterPaths
  /** How this program is started: the file and what stands before the command's own words. */
  readonly program: readonly string[]
  readonly reported: (role: Role, report: Report) => void
  /** A process ended on its own; `again` when it will be started again. */
  readonly died?: (role: Role, how: string, again: boolean) => void
  readonly restart: boolean
  readonly keptDown: () => readonly string[]
}

interface Supervised {
  readonly spec: ProcessSpec
  state: 'running' | 'backingOff' | 'down' | 'stopping'
  child?: ChildProcess
  identity?: ProcessIdentity
  failures: number
  timer?: NodeJS.Timeout
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #processes = new Map<Role, Supervised>()
  #stopping = false
  #begun = false
  #masterServes = false

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  start(spec: ProcessSpec): void {
    const supervised: Supervised = { spec, state: 'down', failures: 0 }
    this.#processes.set(spec.role, supervised)
    if (!this.#options.keptDown().includes(spec.role)) this.#spawn(supervised)
  }

  /** Processes load while what they read is still being made, and read it from now on. */
  begin(): void {
    this.#begun = true
    for (const supervised of this.#processes.values()) tell(supervised, 'begin')
  }

  /** After the user has changed what is to be down: starts what may run again. */
  reconsider(): void {
    const down = this.#options.keptDown()
    for (const supervised of this.#processes.values()) {
      if (supervised.state === 'down' && !down.includes(supervised.spec.role)) this.#spawn(supervised)
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const all = [...this.#processes.values()]
    for (const { timer } of all) clearTimeout(timer)
    const master = all.filter(({ spec }) => spec.role === 'master')
    const nodes = all.filter(({ spec }) => spec.role !== 'master')
    // The Master first: the pods of a cluster that is put away are not lost, and must not be replaced; they begin again with it.
    await Promise.all(master.map((each) => this.#end(each, MASTER_STOP_MS)))
    await Promise.all(nodes.map((node) => this.#end(node, NODE_STOP_MS)))
  }

  async #end(supervised: Supervised, graceMs: number): Promise<void> {
    supervised.state = 'stopping'
    if (supervised.identity) await end(supervised.identity, graceMs)
    forgetProcess(this.#options.paths, supervised.spec.role)
  }

  #spawn(supervised: Supervised): void {
    const { paths, program, reported } = this.#options
    const { role, args } = supervised.spec
    const log = openSync(join(paths.logs, `${role}.log`), 'a', 0o600)
    const flags = role === 'master' ? MASTER_FLAGS : NODE_FLAGS
    const child = spawn(process.execPath, [...flags, ...program, ...args], { stdio: ['ignore', log, log, 'ipc'], detached: true })
    closeSync(log)
    supervised.child = child
    supervised.state = 'running'
    const startedAt = performance.now()
    const identity = child.pid === undefined ? undefined : identityOf(child.pid)
    if (identity) {
      supervised.identity = identity
      recordProcess(paths, role, identity)
    }
    if (this.#begun) tell(supervised, 'begin')
    if (this.#masterServes) tell(supervised, 'masterServes')
    child.on('message', (report: Report) => {
      if (report.type === 'listening') this.#tellMasterServes(true)
      reported(role, report)
    })
    child.once('error', (error) => this.#died(supervised, error.message, 0))
    child.once('exit', (code, by) =>
      this.#died(supervised, by ? `was ended by ${by}` : `ended with ${code}`, performance.now() - startedAt),
    )
  }

  #tellMasterServes(serves: boolean): void {
    this.#masterServes = serves
    for (const supervised of this.#processes.values()) {
      if (supervised.spec.role !== 'master') tell(supervised, serves ? 'masterServes' : 'masterGone')
    }
  }

  #died(supervised: Supervised, how: string, livedMs: number): void {
    const { role } = supervised.spec
    if (role === 'master') this.#tellMasterServes(false)
    supervised.child = undefined
    supervised.identity = undefined
    if (this.#stopping || supervised.state === 'stopping') return
    const wanted = !this.#options.keptDown().includes(role)
    const again = wanted && this.#options.restart
    this.#options.died?.(role, how, again)
    if (!again) {
      supervised.state = 'down'
      return
    }
    supervised.failures = livedMs > STEADY_MS ? 0 : supervised.failures + 1
    supervised.state = 'backingOff'
    const waitMs = supervised.failures <= 1 ? 0 : Math.min(RESTART_MAX_MS, RESTART_MIN_MS * 2 ** (supervised.failures - 2))
    supervised.timer = setTimeout(() => {
      if (this.#stopping) return
      if (this.#options.keptDown().includes(role)) supervised.state = 'down'
      else this.#spawn(supervised)
    }, waitMs)
  }

  /** Ends everything at once, for a supervisor that cannot go on. */
  abandon(): void {
    this.#stopping = true
    for (const { identity } of this.#processes.values()) if (identity) signal(identity, 'SIGKILL')
  }
}

/** A process that has just ended is told nothing. */
const tell = ({ child }: Supervised, word: Word): void => {
  if (child?.connected) child.send(word, () => {})
}
