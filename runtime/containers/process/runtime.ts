// Containers as process groups of this host: no isolation, no root, started in milliseconds. The order of things is the
// charts' business; here each request is carried out once, and what happens is told.
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type {
  ContainerObserver,
  ContainerRuntime,
  ContainerSpec,
  Done,
  ExecAnswer,
  ExitFact,
  Image,
  ResolveImage,
  RuntimeFailure,
} from '../../../actors/ports/containers.ts'
import type { Host } from '../../../actors/ports/host.ts'
import { type AttemptRecord, readRecord, rootOf, writeExit, writeRecord } from './attempt.ts'
import { killContainersOf } from './end-containers.ts'
import { eraseAttempt, foundContainers } from './found.ts'
import { attemptDirectory, idOf, parseId, podDirectory, volumeDirectory } from './layout.ts'
import { SparePipes } from './pipes.ts'
import { bootId, signalPid } from './proc.ts'
import { SHIM } from './shim.ts'
import { killStrays } from './strays.ts'
import { Supervision } from './supervision.ts'
import { linkMounts, makeDirectory, writeFiles } from './volumes.ts'

export interface ProcessRuntimeOptions {
  readonly host: Host
  /** Private to the user; one node's, and nobody else's. */
  readonly stateDir: string
  readonly resolveImage: ResolveImage
  /** Where programs are looked for; containers get it as PATH. */
  readonly path: string
}

export interface ProcessRuntime extends ContainerRuntime {
  /** Ends every container of this state directory, by force. */
  stopAll(): void
  /** Lets go of the containers, which go on running. */
  close(): void
}

interface Prepared {
  readonly directory: string
  readonly record: AttemptRecord
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** How long what left its container's group may outlive it. */
const SWEEP_MS = 500
const EXEC_OUTPUT_BYTES = 10 * 1024
/** What a runtime answers for a program that cannot be started, as runc does. */
const CANNOT_START = 128

export function createProcessRuntime({ host, stateDir, resolveImage, path }: ProcessRuntimeOptions): ProcessRuntime {
  const prepared = new Map<string, Prepared>()
  const supervisions = new Map<string, Supervision>()
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const pipes = new SparePipes(stateDir)

  function prepare(spec: ContainerSpec): Prepared {
    const image = resolveImage(spec.image)
    if (!image) throw new Error(unknownImage(spec.image))
    const directory = attemptDirectory(stateDir, spec)
    // What a node that died in between has left of the same attempt.
    supervisions.get(idOf(spec))?.stop()
    if (existsSync(directory)) eraseAttempt(directory)
    const root = rootOf(directory)
    const env = { PATH: path, HOME: root, ...image.env, ...spec.env, KINORA_ROOT: root }
    const { podUid, name, attempt, namespace, podName, podIp } = spec
    const record: AttemptRecord = {
      ...{ podUid, name, attempt, namespace, podName, podIp },
      image: spec.image,
      imageId: imageIdOf(image),
      bootId: bootId(),
      workingDirectory: workingDirectory(image, spec, root),
      terminationMessagePath: spec.terminationMessagePath ?? '/dev/termination-log',
    }
    writeRecord(directory, record)
    pipes.place(join(directory, 'pipe'))
    mkdirSync(dirname(join(root, record.terminationMessagePath)), { recursive: true })
    linkMounts(root, spec.mounts, (volume) => volumeDirectory(stateDir, podUid, volume))
    return { directory, record, command: commandOf(image, spec), env }
  }

  let sweep: unknown
  /** One look through all processes for many ends. */
  function sweepSoon(): void {
    sweep ??= host.clock.setTimeout(() => {
      sweep = undefined
      killStrays(stateDir)
    }, SWEEP_MS)
  }

  function supervise(id: string, directory: string, record: AttemptRecord, observer: ContainerObserver): Supervision {
    supervisions.get(id)?.stop()
    const exited = (fact: ExitFact): void => {
      sweepSoon()
      observer.exited(fact)
    }
    const supervision = new Supervision(host.clock, directory, record, { ...observer, exited })
    supervisions.set(id, supervision)
    return supervision
  }

  function start(id: string, observer: ContainerObserver): void {
    const container = prepared.get(id)
    prepared.delete(id)
    if (!container) return void host.defer(() => observer.exited({ exitCode: CANNOT_START, finishedAtMs: host.clock.now() }))
    const { directory, record, command, env } = container
    const problem = cannotRun(command, env.PATH ?? '', record.workingDirectory)
    if (problem) {
      writeExit(directory, CANNOT_START)
      return void host.defer(() => observer.exited({ exitCode: CANNOT_START, finishedAtMs: host.clock.now(), message: problem }))
    }
    const supervision = supervise(id, directory, record, observer)
    const shim = spawn(shellFor(env), ['-c', SHIM, 'kinora-shim', directory, ...command], {
      cwd: record.workingDirectory,
      env,
      detached: true,
      stdio: 'ignore',
    })
    shim.unref()
    shim.on('exit', () => supervision.shimGone())
    shim.on('error', () => supervision.shimGone())
  }

  function adopt(id: string, observer: ContainerObserver): void {
    const key = parseId(id)
    const directory = key && attemptDirectory(stateDir, key)
    const record = directory && readRecord(directory)
    if (!directory || !record) {
      return void host.defer(() => observer.exited({ exitCode: 137, finishedAtMs: host.clock.now() }))
    }
    host.defer(() => supervise(id, directory, record, observer).look(false))
  }

  function exec(id: string, command: readonly string[], timeoutMs: number, answered: (answer: ExecAnswer) => void): void {
    const supervision = supervisions.get(id)
    const program = supervision?.program
    const [file, ...args] = command
    if (!supervision || supervision.ended || !program || file === undefined) {
      return void host.defer(() => answered({ output: 'container is not running' }))
    }
    const env = environmentOf(program.pid)
    const child = spawn(file, args, {
      cwd: supervision.record.workingDirectory,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const gather = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(0, EXEC_OUTPUT_BYTES)
    }
    child.stdout.on('data', gather)
    child.stderr.on('data', gather)
    let answer: ((answer: ExecAnswer) => void) | undefined = answered
    const settle = (result: ExecAnswer): void => {
      host.clock.clearTimeout(timer)
      answer?.(result)
      answer = undefined
    }
    const timer = host.clock.setTimeout(() => {
      if (child.pid !== undefined) signalPid(-child.pid, 'SIGKILL')
      settle({ output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s` })
    }, timeoutMs)
    child.on('error', (error) => settle({ output: `cannot run ${file}: ${error.message}` }))
    child.on('close', (code) => settle(code === null ? { output } : { exitCode: code, output }))
  }

  const answerLater = <A>(answered: (answer: A | RuntimeFailure) => void, reason: string, work: () => A): void => {
    let answer: A | RuntimeFailure
    try {
      answer = work()
    } catch (error) {
      answer = { ok: false, reason, message: error instanceof Error ? error.message : String(error) }
    }
    host.defer(() => answered(answer))
  }

  return {
    name: 'kinora-process',
    version: '0.1.0',
    list: (found) => {
      const containers = foundContainers(stateDir, (id) => supervisions.has(id) || prepared.has(id))
      host.defer(() => found(containers))
    },
    pull: (name, answered) =>
      answerLater(answered, 'ErrImagePull', () => {
        const image = resolveImage(name)
        if (!image) throw new Error(unknownImage(name))
        return { ok: true as const, imageId: imageIdOf(image) }
      }),
    create: (spec, answered) =>
      answerLater(answered, 'CreateContainerError', () => {
        const id = idOf(spec)
        prepared.set(id, prepare(spec))
        return { ok: true as const, id }
      }),
    start,
    adopt,
    signal: (id, signal) => supervisions.get(id)?.signal(signal),
    exec,
    remove: (id) => {
      const key = parseId(id)
      if (!key) return
      supervisions.get(id)?.stop()
      supervisions.delete(id)
      prepared.delete(id)
      rmSync(attemptDirectory(stateDir, key), { recursive: true, force: true })
    },
    writeVolume: (podUid, volume, files, answered) =>
      answerLater<Done>(answered, 'FailedMount', () => {
        writeFiles(volumeDirectory(stateDir, podUid, volume), files)
        return { ok: true }
      }),
    makeVolume: (podUid, volume, source, answered) =>
      answerLater<Done>(answered, 'FailedMount', () => {
        makeDirectory(volumeDirectory(stateDir, podUid, volume), source)
        return { ok: true }
      }),
    removePod: (podUid) => {
      for (const [id, supervision] of supervisions) {
        if (supervision.record.podUid !== podUid) continue
        supervision.stop()
        supervisions.delete(id)
      }
      rmSync(podDirectory(stateDir, podUid), { recursive: true, force: true })
    },
    stopAll: () => killContainersOf(stateDir),
    close: () => {
      host.clock.clearTimeout(sweep)
      for (const supervision of supervisions.values()) supervision.stop()
      supervisions.clear()
    },
  }
}

/** Some shells drop what they cannot name, as `log.level`; bash passes it on. Kubernetes allows such names. */
const shellFor = (env: Readonly<Record<string, string>>): string =>
  Object.keys(env).every((name) => /^[A-Za-z_]\w*$/.test(name)) || !existsSync('/bin/bash') ? '/bin/sh' : '/bin/bash'

const imageIdOf = (image: Image): string => image.name

const unknownImage = (name: string): string =>
  `no image table has ${JSON.stringify(name)}: the process runtime starts programs of this machine. ` +
  `Put "images: [{name: ${JSON.stringify(name)}, command: [PROGRAM, ARGUMENT]}]" into a file and start the cluster with --images FILE`

/** A pod's command takes the place of the image's command and arguments; its args that of the image's arguments. */
function commandOf(image: Image, spec: ContainerSpec): readonly string[] {
  const command = spec.command.length > 0 ? spec.command : image.command
  const args = spec.args.length > 0 ? spec.args : spec.command.length > 0 ? [] : (image.args ?? [])
  const [file = '', ...rest] = command
  const here = image.directory !== undefined && spec.command.length === 0 && file.startsWith('.')
  return [here ? resolve(image.directory, file) : file, ...rest, ...args]
}

/** A pod's workingDir is looked for under the container's root, then on the host. */
function workingDirectory(image: Image, spec: ContainerSpec, root: string): string {
  if (!spec.workingDir) return image.workingDir ? resolve(image.directory ?? '/', image.workingDir) : (image.directory ?? root)
  const inside = join(root, spec.workingDir)
  return existsSync(inside) || !isAbsolute(spec.workingDir) || !existsSync(spec.workingDir) ? inside : spec.workingDir
}

function cannotRun(command: readonly string[], path: string, workingDirectory: string): string | undefined {
  const [file = ''] = command
  mkdirIfInside(workingDirectory)
  if (!statSync(workingDirectory, { throwIfNoEntry: false })?.isDirectory())
    return `chdir to cwd (${JSON.stringify(workingDirectory)}): no such directory`
  const places = file.includes('/') ? [resolve(workingDirectory, file)] : path.split(':').map((place) => join(place, file))
  if (file !== '' && places.some(isExecutable)) return undefined
  return file.includes('/') || file === ''
    ? `exec: ${JSON.stringify(file)}: stat ${file}: no such file or directory, or not executable`
    : `exec: ${JSON.stringify(file)}: executable file not found in $PATH`
}

function mkdirIfInside(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true })
  } catch {
    // Told by the check that follows.
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The environment that the program was started with: kept by the kernel, so that secrets need not lie on the disk. */
function environmentOf(pid: number): Record<string, string> {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return Object.fromEntries(
      entries.flatMap((entry) =>
        entry.includes('=') ? [[entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]] : [],
      ),
    )
  } catch {
    return {}
  }
}
