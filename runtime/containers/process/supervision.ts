// Watches one started container from outside, as the node that started it or as one that found it: when it started, when
// it ended, how far its log had grown at which time. It costs nothing while nothing happens.
import { type FSWatcher, watch } from 'node:fs'
import type { ContainerObserver } from '../../../actors/ports/containers.ts'
import type { Clock } from '../../../actors/ports/host.ts'
import { type AttemptRecord, appendMark, logOf, readExit, readMarks, readStarted, sizeAndTime, writeExit } from './attempt.ts'
import { bootId, isAlive, type ProcessIdentity, signalGroup, wildcardPorts } from './proc.ts'
import { LOG_BYTES, resumeLog, rotateLog } from './rotation.ts'

/** A line's time is at most this much early; a log that never pauses gets a hundred marks a second. */
const MARK_INTERVAL_MS = 10
/** How soon the loss of a shim that is not our child is seen. The end of the program itself is seen at once. */
const SHIM_POLL_MS = 1000
/** A program listens soon after its start or after it has warmed up; both are looked at, once each. */
const LISTEN_CHECKS_MS = [500, 5000]
const KILLED = 137

export class Supervision {
  readonly directory: string
  readonly record: AttemptRecord
  program: ProcessIdentity | undefined
  ended = false
  private readonly clock: Clock
  private readonly observer: ContainerObserver
  private readonly watcher: FSWatcher
  private readonly timers = new Set<unknown>()
  private shim: ProcessIdentity | undefined
  private cat = 0
  private rotating = false
  private marked = 0
  private marking = false
  private warned = false

  constructor(clock: Clock, directory: string, record: AttemptRecord, observer: ContainerObserver) {
    this.clock = clock
    this.directory = directory
    this.record = record
    this.observer = observer
    this.watcher = watch(directory, { persistent: false }, (_event, name) => this.changed(name))
    // The directory went away under us, or inotify is exhausted: polling still tells the end.
    this.watcher.on('error', () => this.poll())
  }

  /** Looks at what is already there; for a container of another boot or without a shim, that is its end. */
  look(isOurChild: boolean): void {
    this.readStart()
    this.marked = readMarks(this.directory).at(-1)?.offset ?? 0
    // What was written while nobody looked has at least a latest time.
    this.mark()
    this.readEnd()
    if (this.ended || isOurChild) return
    if (this.record.bootId !== bootId() || !this.shim || !isAlive(this.shim)) this.shimGone()
    else this.poll()
  }

  /** Nothing is told any more. */
  stop(): void {
    this.ended = true
    this.watcher.close()
    for (const timer of this.timers) this.clock.clearTimeout(timer)
    this.timers.clear()
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.ended && this.program) signalGroup(this.program, signal)
  }

  /** The shim has ended: normally after it wrote the exit, otherwise somebody killed it, and the program has no keeper. */
  shimGone(): void {
    this.readStart()
    this.readEnd()
    if (this.ended) return
    if (this.program && this.record.bootId === bootId()) signalGroup(this.program, 'SIGKILL')
    writeExit(this.directory, KILLED)
    this.readEnd()
  }

  private changed(name: string | null): void {
    if (name === 'log') this.grew()
    else {
      this.readStart()
      this.readEnd()
    }
  }

  private readStart(): void {
    if (this.program) return
    const started = readStarted(this.directory)
    if (!started) return
    this.program = started.program
    this.shim = started.shim
    this.cat = started.cat
    resumeLog(this.cat, this.shim)
    this.observer.started({ startedAtMs: started.startedAtMs })
    for (const delayMs of LISTEN_CHECKS_MS) this.after(delayMs, () => this.checkListening())
  }

  private readEnd(): void {
    const exit = this.ended ? undefined : readExit(this.directory, this.record)
    if (!exit) return
    this.mark()
    this.stop()
    this.observer.exited(exit)
  }

  private grew(): void {
    if (this.marking) return
    this.marking = true
    const atMs = this.clock.now()
    this.after(MARK_INTERVAL_MS, () => {
      this.marking = false
      this.mark(atMs)
    })
  }

  private mark(atMs?: number): void {
    const { size, mtimeMs } = sizeAndTime(logOf(this.directory))
    if (size <= this.marked || this.rotating) return
    this.marked = size
    appendMark(this.directory, { offset: size, atMs: atMs ?? mtimeMs })
    if (size > LOG_BYTES) this.rotate()
  }

  private rotate(): void {
    if (this.rotating || this.ended || !this.shim) return
    this.rotating = true
    rotateLog(this.directory, this.cat, this.shim, this.clock, (rotated) => {
      this.rotating = false
      if (rotated) this.marked = 0
    })
  }

  private poll(): void {
    this.after(SHIM_POLL_MS, () => {
      if (this.ended) return
      if (this.shim && isAlive(this.shim)) this.poll()
      else this.shimGone()
    })
  }

  private checkListening(): void {
    if (this.ended || this.warned || !this.program) return
    const ports = wildcardPorts(this.program.pid)
    if (ports.length === 0) return
    this.warned = true
    this.observer.warned({
      reason: 'ListensOnAllAddresses',
      message:
        `The program listens on 0.0.0.0, port ${ports.join(', ')}: without isolation it takes the port from every other pod ` +
        'of this machine. Let it listen on the address in $HOST (equal to $POD_IP).',
    })
  }

  private after(delayMs: number, callback: () => void): void {
    const timer = this.clock.setTimeout(() => {
      this.timers.delete(timer)
      callback()
    }, delayMs)
    this.timers.add(timer)
  }
}
