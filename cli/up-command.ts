// What `kinora up` prints, and who stays behind: this process in the foreground, or a supervisor of its own.
import { spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readCluster } from './cluster.ts'
import { EXIT, Failure } from './failure.ts'
import { type Format, print, printJson, progress } from './output.ts'
import { type ClusterPaths, clusterPaths, contextName, makePrivate } from './paths.ts'
import { livingProcess } from './run-files.ts'
import { bringUp, elapsedMs, type Ready, type Running, type Step, type UpOptions } from './up.ts'
import { version } from './version.ts'

type UpCommandOptions = Omit<UpOptions, 'apply' | 'images'> & {
  readonly detach?: boolean
  readonly apply?: readonly string[]
  readonly images?: readonly string[]
  readonly output: Format
}

/** What a user types for this program: from a checkout, or as an installed package. */
const OWN_NAME = import.meta.url.endsWith('.ts') ? 'npm run -s kinora --' : onPath('kinora') ? 'kinora' : 'npx kinora'

/** How this program starts itself again: the file that Node was given. */
const program = [process.argv[1] ?? fileURLToPath(new URL('./main.ts', import.meta.url))]

export async function upCommand(given: UpCommandOptions, paths: ClusterPaths): Promise<void> {
  const options: UpOptions = { ...given, apply: given.apply ?? [], images: given.images ?? [] }
  const json = given.output === 'json'
  const stepped = (step: Step) => {
    if (json) printJson(step)
    if (step.note) progress(step.note)
  }
  const show = async (ready: Ready, foreground: boolean) => {
    if (json) return printJson(ready)
    const { readyScreen } = await import('./screen.ts')
    for (const line of readyScreen(ready, version(), OWN_NAME, onPath('kubectl'), foreground)) print(line)
  }
  if (livingProcess(paths, 'supervisor')) {
    const { alreadyUp } = await import('./already-up.ts')
    return show(await alreadyUp(options, paths), false)
  }
  if (given.detach) return show(await detached(options, paths, stepped), false)
  const interrupted = interruption()
  const running = await bringUp(options, paths, program, process.env, stepped)
  await show(running.ready, true)
  await stay(running, paths, interrupted)
  process.exitCode = EXIT.interrupted
}

/** The process that `--detach` leaves behind: tells its parent how far it is, then only supervises. */
export async function superviseCommand(json: string): Promise<void> {
  const { options, dataDir } = JSON.parse(json) as { options: UpOptions; dataDir: string }
  const paths = clusterPaths(options.name, process.env, dataDir)
  const tell = (message: unknown) => {
    if (process.connected) process.send?.(message as object)
  }
  try {
    const interrupted = interruption()
    const running = await bringUp(options, paths, program, process.env, tell)
    tell(running.ready)
    if (process.connected) process.disconnect()
    await stay(running, paths, interrupted)
  } catch (error) {
    const failure =
      error instanceof Failure
        ? error
        : new Failure('unexpected', error instanceof Error ? (error.stack ?? error.message) : String(error))
    tell({ event: 'error', id: failure.id, message: failure.message, next: failure.next, exitCode: failure.exitCode })
    process.exitCode = failure.exitCode
    if (process.connected) process.disconnect()
  }
}

function detached(options: UpOptions, paths: ClusterPaths, stepped: (step: Step) => void): Promise<Ready> {
  makePrivate(paths.data, paths.state, paths.run, paths.logs)
  const log = openSync(join(paths.logs, 'supervisor.log'), 'a', 0o600)
  const words = [...program, 'supervise', JSON.stringify({ options, dataDir: paths.data })]
  const child = spawn(process.execPath, words, { detached: true, stdio: ['ignore', log, log, 'ipc'], cwd: process.cwd() })
  closeSync(log)
  return new Promise((resolve, reject) => {
    child.on(
      'message',
      (message: Step | Ready | { event: 'error'; id: string; message: string; next?: string; exitCode: number }) => {
        if (message.event === 'step') return stepped(message)
        if (message.event === 'error') return reject(new Failure(message.id, message.message, message.next, message.exitCode))
        child.unref()
        if (child.connected) child.disconnect()
        resolve({ ...message, elapsedMs: elapsedMs() })
      },
    )
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Failure('supervisor-died', `the supervisor ended with ${code}`, `less ${paths.logs}/supervisor.log`)),
    )
  })
}

/** Until it is told to end; then ends all in order and puts the context back. */
async function stay(running: Running, paths: ClusterPaths, interrupted: Promise<void>): Promise<void> {
  process.on('SIGUSR2', () => running.supervisor.reconsider())
  await interrupted
  process.on('SIGINT', () => {}) // A second Ctrl-C must not leave half a cluster behind.
  await running.stop()
  const cluster = readCluster(paths)
  const { removeContext } = await import('./kubeconfig.ts')
  await removeContext(cluster?.kubeconfigs ?? [running.ready.kubeconfig], contextName(running.ready.name))
}

function interruption(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
  return promise
}

function onPath(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
