// The command as a user runs it, in folders of its own.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const root = join(import.meta.dirname, '../..')
const main = join(root, 'cli/main.ts')

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Home {
  readonly folder: string
  readonly name: string
  readonly kubeconfig: string
  readonly env: NodeJS.ProcessEnv
  kinora(...words: string[]): Promise<Ended>
  /** Started and left running. */
  start(...words: string[]): ChildProcess
  /** Processes that carry this folder in command line or environment. */
  processes(): number[]
}

/** A home for one cluster; whatever is left in it at the end is ended. */
export function useHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-cli-'))
  const name = `c-${randomBytes(5).toString('hex')}`
  const kubeconfig = join(folder, 'kube', 'config')
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    KUBECONFIG: kubeconfig,
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_STATE_HOME: join(folder, 'state'),
    NODE_OPTIONS: '',
  }
  const home: Home = {
    ...{ folder, name, kubeconfig, env },
    kinora: (...words) =>
      new Promise((resolve) => {
        execFile(process.execPath, [main, ...words], { env, cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
          resolve({ code: error ? (typeof error.code === 'number' ? error.code : null) : 0, stdout, stderr }),
        )
      }),
    start: (...words) => spawn(process.execPath, [main, ...words], { env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }),
    processes: () => processesOf(folder),
  }
  afterAll(async () => {
    if (home.processes().length > 0) await home.kinora('down', '--name', name)
    for (const pid of home.processes()) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  return home
}

function processesOf(folder: string): number[] {
  const mentions = (pid: string, file: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(folder)
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && (mentions(pid, 'cmdline') || mentions(pid, 'environ')))
    .map(Number)
}

/** The lines of JSON that a command printed. */
export const jsonLines = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as T)
