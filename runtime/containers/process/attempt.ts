// What is written down about one start of a container, by the node (record, marks) and by the shim (started, exit).
// All of it is read back by a node that was started again.
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerKey, ExitFact } from '../../../actors/ports/containers.ts'
import type { ProcessIdentity } from './proc.ts'

/** Nothing secret: the environment is not among it. */
export interface AttemptRecord extends ContainerKey {
  readonly namespace: string
  readonly podName: string
  readonly podIp: string
  readonly image: string
  readonly imageId: string
  /** Pids and start times mean something only within this boot of the machine. */
  readonly bootId: string
  readonly workingDirectory: string
  readonly terminationMessagePath: string
}

export interface StartedFact {
  readonly program: ProcessIdentity
  readonly shim: ProcessIdentity
  /** The pid of what fills the log. */
  readonly cat: number
  readonly startedAtMs: number
}

const TERMINATION_MESSAGE_BYTES = 4096

export const logOf = (directory: string): string => join(directory, 'log')
/** What the log held before it was begun anew. */
export const olderLogOf = (directory: string): string => join(directory, 'log.1')
export const marksOf = (directory: string, ofOlder = false): string => join(directory, ofOlder ? 'marks.1' : 'marks')
export const rootOf = (directory: string): string => join(directory, 'root')

export function writeRecord(directory: string, record: AttemptRecord): void {
  mkdirSync(rootOf(directory), { recursive: true, mode: 0o755 })
  writeFileSync(join(directory, 'record.json'), JSON.stringify(record), { mode: 0o600 })
}

/** Undefined when the node died before it had written it all. */
export function readRecord(directory: string): AttemptRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, 'record.json'), 'utf8'))
  } catch {
    return undefined
  }
}

interface TimedText {
  readonly text: string
  readonly mtimeMs: number
}

/** A file that its writer makes with one write: until it ends in a newline it is not there yet. */
function readWhole(path: string): TimedText | undefined {
  try {
    const text = readFileSync(path, 'latin1')
    return text.endsWith('\n') ? { text: text.trim(), mtimeMs: statSync(path).mtimeMs } : undefined
  } catch {
    return undefined
  }
}

export function readStarted(directory: string): StartedFact | undefined {
  const file = readWhole(join(directory, 'started'))
  if (!file) return undefined
  const [pid = '', startTicks = '', shimPid = '', shimTicks = '', cat = ''] = file.text.split(' ')
  const shim = { pid: Number(shimPid), startTicks: shimTicks }
  return { program: { pid: Number(pid), startTicks }, shim, cat: Number(cat), startedAtMs: file.mtimeMs }
}

export function readExit(directory: string, { terminationMessagePath }: AttemptRecord): ExitFact | undefined {
  const file = readWhole(join(directory, 'exit'))
  if (!file) return undefined
  const message = head(join(rootOf(directory), terminationMessagePath), TERMINATION_MESSAGE_BYTES)
  return { exitCode: Number(file.text), finishedAtMs: file.mtimeMs, ...(message ? { message } : {}) }
}

/** Where the shim could not: it was killed, or the machine was started anew. */
export const writeExit = (directory: string, exitCode: number): void =>
  writeFileSync(join(directory, 'exit'), `${exitCode}\n`, { mode: 0o600 })

function head(path: string, bytes: number): string | undefined {
  try {
    const fd = openSync(path, 'r')
    try {
      const buffer = Buffer.alloc(bytes)
      return buffer.toString('utf8', 0, readSync(fd, buffer))
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/** The log had grown to `offset` at `atMs`: what lies before and after the mark before was written about then. */
export interface Mark {
  readonly offset: number
  readonly atMs: number
}

export const appendMark = (directory: string, { offset, atMs }: Mark): void =>
  appendFileSync(marksOf(directory), `${offset} ${Math.round(atMs)}\n`, { mode: 0o600 })

export function readMarks(directory: string): Mark[] {
  let text = ''
  try {
    text = readFileSync(marksOf(directory), 'latin1')
  } catch {
    // No line yet.
  }
  return text.split('\n').flatMap((line) => {
    const [offset, atMs] = line.split(' ').map(Number)
    return offset !== undefined && atMs !== undefined ? [{ offset, atMs }] : []
  })
}

export function sizeAndTime(path: string): { size: number; mtimeMs: number } {
  const found = statSync(path, { throwIfNoEntry: false })
  return { size: found?.size ?? 0, mtimeMs: found?.mtimeMs ?? 0 }
}
