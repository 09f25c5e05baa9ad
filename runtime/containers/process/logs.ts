// Serves what a container has written, as `kubectl logs` asks for it, straight from the file that the shim's `cat` fills.
// Times come from the marks that the node set while it watched the file grow.
import { close, type FSWatcher, fstatSync, open, read, readFileSync, readSync, statSync, watch } from 'node:fs'
import type { LogsRequest } from '../../../actors/link.protocol.ts'
import { badRequest, internalError, type Status } from '../../../model/status.ts'
import { parseTime } from '../../../model/time.ts'
import { logOf, type Mark, marksOf, olderLogOf, readExit, readMarks, readRecord, readStarted, sizeAndTime } from './attempt.ts'
import { attemptDirectory, attemptsOfPod, isComponent } from './layout.ts'
import { isAlive } from './proc.ts'

/** Where the bytes go: a stream to the Master with its credit. */
export interface LogSink {
  /** False: wait for the drain before writing more. */
  write(bytes: Uint8Array): boolean
  onDrain(drained: () => void): void
  /** The end; with a status when nothing could be served. */
  close(status?: Status): void
}

const CHUNK_BYTES = 64 * 1024
/** After the program's end its last lines may still be in the pipe for as long as the shim lives, and no longer than this. */
const DRAIN_MS = 1000
const DRAIN_POLL_MS = 20

/** Answers within the call only by `sink.close` for what cannot be served; `stop` when the reader has gone. */
export function serveLogs(stateDir: string, request: LogsRequest, sink: LogSink, nowMs: number): { stop(): void } {
  const directory = attemptOf(stateDir, request)
  if (typeof directory !== 'string') {
    sink.close(directory)
    return { stop: () => {} }
  }
  const reader = new LogReader(directory, request, sink, nowMs)
  reader.open()
  return reader
}

function attemptOf(stateDir: string, request: LogsRequest): string | Status {
  const { podUid, podName, container, previous, waitingFor = 'ContainerCreating' } = request
  const known = isComponent(podUid) ? attemptsOfPod(stateDir, podUid) : []
  const attempts = known
    .filter(({ name }) => name === container)
    .map((key) => attemptDirectory(stateDir, key))
    .filter((directory) => readStarted(directory) !== undefined)
  const attempt = attempts.at(previous ? -2 : -1)
  if (attempt !== undefined) return attempt
  return previous
    ? badRequest(`previous terminated container "${container}" in pod "${podName}" not found`)
    : badRequest(`container "${container}" in pod "${podName}" is waiting to start: ${waitingFor}`)
}

class LogReader {
  private readonly directory: string
  private readonly request: LogsRequest
  private readonly sink: LogSink
  private readonly nowMs: number
  private fd = -1
  private offset = 0
  private bytesLeft: number
  private marks: Mark[] = []
  private generation = ''
  private lineStart = true
  private watcher: FSWatcher | undefined
  private timer: NodeJS.Timeout | undefined
  private drainUntilMs: number | undefined
  private busy = false
  private over = false

  constructor(directory: string, request: LogsRequest, sink: LogSink, nowMs: number) {
    this.directory = directory
    this.request = request
    this.sink = sink
    this.nowMs = nowMs
    this.bytesLeft = request.limitBytes ?? Number.POSITIVE_INFINITY
  }

  open(): void {
    // The shim makes it, but may not have come to it.
    open(logOf(this.directory), 'a+', 0o600, (error, fd) => {
      if (error) return this.end(internalError(`the log cannot be read: ${error.message}`))
      this.fd = fd
      if (this.over) return this.release()
      this.generation = generationOf(this.directory)
      this.marks = readMarks(this.directory)
      this.offset = Math.max(this.offsetOfTail(), this.offsetOfSince())
      if (this.request.follow) this.watcher = watch(this.directory, { persistent: false }, () => this.advance())
      this.advance()
    })
  }

  stop(): void {
    if (this.over) return
    this.over = true
    this.release()
  }

  private advance(): void {
    if (this.busy || this.over) return
    if (this.begunAnew()) return this.readRest()
    this.busy = true
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    read(this.fd, buffer, 0, CHUNK_BYTES, this.offset, (error, length) => {
      this.busy = false
      if (this.over) return this.release()
      if (error) return this.end(internalError(`the log cannot be read: ${error.message}`))
      if (length === 0) return this.caughtUp()
      const chunk = buffer.subarray(0, length)
      const start = this.offset
      this.offset += length
      this.deliver(this.request.timestamps ? this.stamped(chunk, start) : chunk)
    })
  }

  /** The rest of what the log held when it was read last lies in the older file. */
  private begunAnew(): boolean {
    const generation = generationOf(this.directory)
    if (generation === this.generation) return false
    this.generation = generation
    return true
  }

  private readRest(): void {
    const older = readOlder(this.directory, this.offset)
    const start = this.offset
    this.offset = 0
    this.deliver(this.request.timestamps ? this.stamped(older, start) : older)
    this.marks = readMarks(this.directory)
  }

  private deliver(bytes: Uint8Array): void {
    const part = bytes.subarray(0, Math.min(bytes.length, this.bytesLeft))
    this.bytesLeft -= part.length
    const goesOn = part.length === 0 || this.sink.write(part)
    if (this.bytesLeft <= 0) return this.end()
    if (goesOn) return this.advance()
    this.busy = true
    this.sink.onDrain(() => {
      this.busy = false
      this.advance()
    })
  }

  /** Everything written so far has been served. A log that is followed ends with its container. */
  private caughtUp(): void {
    if (!this.request.follow) return this.end()
    const record = readRecord(this.directory)
    if (record && !readExit(this.directory, record)) return
    const shim = readStarted(this.directory)?.shim
    const now = performance.now()
    this.drainUntilMs ??= now + DRAIN_MS
    if (!shim || !isAlive(shim) || now > this.drainUntilMs) {
      if (sizeAndTime(logOf(this.directory)).size > this.offset) return this.advance()
      return this.end()
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.advance(), DRAIN_POLL_MS)
  }

  private stamped(chunk: Buffer, start: number): Uint8Array {
    const parts: Uint8Array[] = []
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(10, from)
      const to = newline < 0 ? chunk.length : newline + 1
      if (this.lineStart) parts.push(Buffer.from(`${nanoTime(this.timeAt(start + from))} `))
      parts.push(chunk.subarray(from, to))
      this.lineStart = newline >= 0
      from = to
    }
    return Buffer.concat(parts)
  }

  /** Of the first mark beyond the offset: the byte was there by then. */
  private timeAt(offset: number): number {
    const index = firstBeyond(this.marks, offset)
    const mark = this.marks[index]
    if (mark) return mark.atMs
    this.marks = readMarks(this.directory)
    return this.marks[firstBeyond(this.marks, offset)]?.atMs ?? sizeAndTime(logOf(this.directory)).mtimeMs
  }

  private offsetOfSince(): number {
    const { sinceSeconds, sinceTime } = this.request
    const sinceMs = sinceSeconds !== undefined ? this.nowMs - sinceSeconds * 1000 : sinceTime ? parseTime(sinceTime) : undefined
    if (sinceMs === undefined) return 0
    const { size, mtimeMs } = sizeAndTime(logOf(this.directory))
    // What was written after the last mark is as old as the file.
    const marks = [...this.marks, { offset: size, atMs: mtimeMs }]
    const index = marks.findIndex((mark) => mark.atMs >= sinceMs)
    if (index < 0) return size
    return marks[index - 1]?.offset ?? 0
  }

  private offsetOfTail(): number {
    const { tailLines } = this.request
    if (tailLines === undefined) return 0
    const size = fstatSync(this.fd).size
    if (tailLines <= 0) return size
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
    let left = tailLines
    for (let end = size; end > 0; ) {
      const begin = Math.max(0, end - CHUNK_BYTES)
      readSync(this.fd, buffer, 0, end - begin, begin)
      for (let i = end - begin - 1; i >= 0; i--) {
        // The newline at the very end closes the last line and begins none.
        if (buffer[i] !== 10 || begin + i === size - 1) continue
        if (--left <= 0) return begin + i + 1
      }
      end = begin
    }
    return 0
  }

  private end(status?: Status): void {
    if (this.over) return
    this.over = true
    this.release()
    this.sink.close(status)
  }

  private release(): void {
    this.watcher?.close()
    clearTimeout(this.timer)
    if (this.fd >= 0 && !this.busy) {
      close(this.fd, () => {})
      this.fd = -1
    }
  }
}

/** At most what one file may hold, so it is read at once. */
function readOlder(directory: string, offset: number): Buffer {
  try {
    return readFileSync(olderLogOf(directory)).subarray(offset)
  } catch {
    return Buffer.alloc(0)
  }
}

/** Changes once for each time that the log has begun anew, after it has. */
function generationOf(directory: string): string {
  const older = statSync(marksOf(directory, true), { throwIfNoEntry: false })
  return older ? `${older.ino} ${older.ctimeMs}` : ''
}

function firstBeyond(marks: readonly Mark[], offset: number): number {
  let low = 0
  let high = marks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((marks[middle]?.offset ?? 0) > offset) high = middle
    else low = middle + 1
  }
  return low
}

/** As the log files of Kubernetes have it; marks know milliseconds. */
const nanoTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000Z')
