// A cluster to measure: brought up by the command as a user would, in folders of its own, and taken down whole.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..')

/** What is started: the bundle that the package ships, or the source. */
export type From = 'bundle' | 'source'
const PROGRAM: Readonly<Record<From, string>> = { bundle: join(root, 'dist', 'kinora.mjs'), source: join(root, 'cli', 'main.ts') }

export interface BenchCluster {
  /** From the exec of the command to the line that says ready, seen from outside. */
  readonly readyMs: number
  readonly readyAt: number
  /** Of each step, as the command tells it. */
  readonly steps: Readonly<Record<string, number>>
  readonly server: string
  readonly pki: string
  readonly pids: { readonly supervisor: number; readonly master: number; readonly nodes: readonly number[] }
  /** Runs the command on this cluster and waits for its end. */
  command(...words: readonly string[]): void
  /** Ends it, deletes its data; throws when a process is left. */
  down(): Promise<void>
}

export interface ClusterOptions {
  readonly from?: From
  readonly nodes?: number
  /** More words for `up`. */
  readonly words?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

interface Line {
  readonly event: string
  readonly name: string
  readonly elapsedMs: number
  readonly server?: string
  readonly dataDir?: string
}

export async function bringUp({ from = 'bundle', nodes = 3, words = [], env = {} }: ClusterOptions = {}): Promise<BenchCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-bench-'))
  for (const each of ['data', 'state']) mkdirSync(join(folder, each))
  const surroundings = {
    ...{ PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') },
    ...{ XDG_DATA_HOME: join(folder, 'data'), XDG_STATE_HOME: join(folder, 'state') },
    ...env,
  }
  const kinora = (...of: readonly string[]) => [PROGRAM[from], ...of, '--name', 'bench']
  const command = (...of: readonly string[]) => {
    const { status, stderr } = spawnSync(process.execPath, kinora(...of), { env: surroundings, encoding: 'utf8' })
    if (status !== 0) throw new Error(`kinora ${of.join(' ')} ended with ${status}: ${stderr}`)
  }
  const started = performance.now()
  const up = spawn(process.execPath, [...kinora('up', '--nodes', String(nodes), '--port', '0', '-o', 'json'), ...words], {
    env: surroundings,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const down = async () => {
    const gone = ended(up)
    command('down', '--delete-data')
    await gone
    rmSync(folder, { recursive: true, force: true })
    const left = roles(folder)
    if (left.length > 0) throw new Error(`processes are left: ${left.join(' ')}`)
  }
  try {
    const lines = await untilReady(up)
    const readyAt = performance.now()
    const ready = lines.at(-1)
    const role = pidsIn(join(folder, 'state', 'kinora', 'bench', 'run'))
    return {
      readyMs: readyAt - started,
      readyAt,
      steps: Object.fromEntries(lines.map(({ event, name, elapsedMs }) => [event === 'ready' ? 'ready' : name, elapsedMs])),
      server: ready?.server ?? '',
      pki: join(ready?.dataDir ?? '', 'pki'),
      get pids() {
        const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`)
        return { supervisor: role('supervisor'), master: role('master'), nodes: names.map(role) }
      },
      command,
      down,
    }
  } catch (error) {
    await down().catch(() => up.kill('SIGKILL'))
    throw error
  }
}

const pidsIn =
  (run: string) =>
  (role: string): number =>
    (JSON.parse(readFileSync(join(run, `${role}.process.json`), 'utf8')) as { pid: number }).pid

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode === null && child.signalCode === null
    ? new Promise((done) => child.once('exit', () => done()))
    : Promise.resolve()

function untilReady(up: ChildProcess): Promise<Line[]> {
  const lines: Line[] = []
  return new Promise((resolve, reject) => {
    if (up.stdout === null) return reject(new Error('no output'))
    createInterface(up.stdout).on('line', (text) => {
      const line = JSON.parse(text) as Line
      lines.push(line)
      if (line.event === 'ready') resolve(lines)
    })
    up.once('exit', (code) => reject(new Error(`kinora up ended with ${code} before it was ready`)))
  })
}

/** Pids of those that still have the cluster's folder in their command line. */
function roles(folder: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
  return stdout.split('\n').flatMap((line) => (line.includes(folder) ? [line.trim().split(' ')[0] ?? ''] : []))
}
