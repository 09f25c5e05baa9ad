// A whole cluster for one test file, as a user brings it up: its own processes and folders, stock kubectl to talk to it, and
// nothing of it left at the end, whatever the tests did.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect } from 'vitest'
import { findKubectls, type KubectlBinary } from './kubectl-binaries.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** A command that ended as it should: what it printed. The others throw with what they said. */
type Command = (...args: string[]) => Promise<string>

/** kubectl in one namespace. */
export interface Kubectl extends Command {
  /** With a manifest on its standard input: `kubectl.with(yaml)('apply', '-f', '-')`. */
  with(stdin: string): Command
  /** A command that must be refused: what it said on standard error. */
  refused(...args: string[]): Promise<string>
  refusedWith(stdin: string): (...args: string[]) => Promise<string>
  /** One that goes on until it is stopped: proxy, `get -w`, `logs -f`. */
  start(...args: string[]): Running
  json<T>(...args: string[]): Promise<T>
  readonly namespace: string
  /** Another namespace, made for one test, so that tests may run side by side. */
  inNamespace(name: string): Promise<Kubectl>
}

interface Running {
  /** All that it printed, as soon as that matches. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>
  stop(): Promise<void>
}

interface Cluster {
  readonly kubectl: Kubectl
  /** Versions of kubectl found, newest first, each as a command in the namespace `default`. */
  readonly everyKubectl: readonly { readonly version: string; readonly kubectl: Kubectl }[]
  kinora(...args: string[]): Promise<string>
  /** A private folder, gone at the end. */
  readonly folder: string
}

const kubectls = findKubectls()
const mustNotSkip = process.env.KINORA_TESTS_MUST_NOT_SKIP === '1'
/** True when there is nothing to run the tests with, and that is tolerated. */
export const kubectlIsMissing = kubectls.length === 0 && !mustNotSkip
if (kubectls.length === 0) console.warn('SKIPPED: no kubectl on the PATH nor in $KUBECTL; the tests with stock clients need one')

interface ClusterOptions {
  /** Written into the folder before the cluster comes up. */
  readonly files?: Readonly<Record<string, string>>
  /** The one of them that is the image table. */
  readonly images?: string
}

/** Brings a cluster up before the first test of the file and takes it down after the last. */
export function useCluster({ files = {}, images }: ClusterOptions = {}): Cluster {
  const name = `t-${randomBytes(6).toString('hex')}`
  const folder = join(tmpdir(), `kinora-clients-${name}`)
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    KUBECONFIG: join(folder, 'kubeconfig'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_STATE_HOME: join(folder, 'state'),
    NODE_OPTIONS: '',
    // What `kubectl edit` starts: nothing, until a test has put a program there.
    KUBE_EDITOR: join(folder, 'editor'),
  }
  const [newest] = kubectls
  const program = [join(repository, 'cli', 'main.ts')]
  const down = [...program, 'down', '--name', name, '--delete-data']
  const kinora = (...args: string[]) => finished(process.execPath, [...program, ...args, '--name', name], environment)
  let guardian: Guardian | undefined

  beforeAll(async () => {
    if (kubectls.length === 0) {
      if (mustNotSkip) throw new Error('no kubectl on the PATH nor in $KUBECTL, and no test may be skipped here')
      return
    }
    console.info(`kubectl ${newest?.version}, of ${kubectls.map(({ version }) => version).join(' ')}`)
    mkdirSync(folder, { mode: 0o700 })
    for (const { version } of kubectls) mkdirSync(temporaryFolder(folder, version), { recursive: true })
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content)
    guardian = startGuardian(folder, down, environment)
    await kinora('up', '--detach', '--port', '0', '-o', 'json', ...(images ? ['--images', join(folder, images)] : []))
  })

  afterAll(async () => {
    if (!guardian) return
    const failed = await finished(process.execPath, down, environment).catch((error: Error) => error)
    await guardian.dismiss()
    const living = processesThatName(folder)
    const left = ['data', 'state'].flatMap((part) => namesIn(join(folder, part, 'kinora')))
    for (const { pid } of living) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
    expect(failed, 'kinora down').not.toBeInstanceOf(Error)
    expect(living, 'processes of the cluster after kinora down').toEqual([])
    expect(left, 'files of the cluster after kinora down --delete-data').toEqual([])
  })

  return {
    folder,
    kinora,
    kubectl: kubectlAs(newest, environment, 'default'),
    everyKubectl: kubectls.map((binary) => ({
      version: binary.version,
      kubectl: kubectlAs(binary, environment, 'default'),
    })),
  }
}

interface Guardian {
  dismiss(): Promise<void>
}

/** Takes the cluster down when this process ends before its time, killed perhaps: the pipe between them closes then. */
function startGuardian(folder: string, down: readonly string[], environment: NodeJS.ProcessEnv): Guardian {
  const line = 'read -r _; folder=$1; shift; "$@"; rm -rf "$folder"'
  const child = spawn('/bin/sh', ['-c', line, 'guardian', folder, process.execPath, ...down], {
    env: environment,
    cwd: repository,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    dismiss: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}

const temporaryFolder = (folder: string, version: string): string => join(folder, 'kubectl', version)

function kubectlAs(binary: KubectlBinary | undefined, environment: NodeJS.ProcessEnv, namespace: string): Kubectl {
  // Each version keeps what it has learnt to itself: they share the format of the folder, but not every opinion on it.
  const temporary = temporaryFolder(environment.HOME ?? '', binary?.version ?? 'none')
  const env = { ...environment, KUBECACHEDIR: join(temporary, 'cache'), TMPDIR: temporary }
  const path = binary?.path ?? 'kubectl'
  const words = (args: string[]) => ['--namespace', namespace, ...args]
  const run = (args: string[], stdin?: string) => finished(path, words(args), env, stdin)
  const refuse = async (args: string[], stdin?: string) => {
    const outcome = await outcomeOf(path, words(args), env, stdin)
    if (outcome.code === 0)
      throw new Error(`kubectl ${args.join(' ')} was expected to be refused, and was not:\n${outcome.stdout}`)
    return outcome.stderr
  }
  return Object.assign((...args: string[]) => run(args), {
    namespace,
    with:
      (stdin: string) =>
      (...args: string[]) =>
        run(args, stdin),
    refused: (...args: string[]) => refuse(args),
    refusedWith:
      (stdin: string) =>
      (...args: string[]) =>
        refuse(args, stdin),
    start: (...args: string[]) => started(path, words(args), env),
    json: async <T>(...args: string[]) => JSON.parse(await run([...args, '-o', 'json'])) as T,
    inNamespace: async (name: string) => {
      await run(['create', 'namespace', name])
      // Pods need it, and it comes a moment after the namespace.
      await until(`the ServiceAccount of ${name}`, () => run(['get', 'serviceaccount', 'default', '--namespace', name]))
      return kubectlAs(binary, environment, name)
    },
  })
}

/** The first answer that is neither an error nor empty nor false; asked again until then. */
export async function until<T>(what: string, ask: () => Promise<T>, limitMs = 30_000): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const answer = await ask().catch((error: Error) => error)
    if (answer && !(answer instanceof Error)) return answer as T
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms; last: ${String(answer)}`)
    await pause()
  }
}

/** What a URL answers, asked over a connection of its own, as curl does. */
export function page(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.once('end', () => resolve(text))
      response.once('error', reject)
    })
    request.once('error', reject)
  })
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function finished(file: string, args: string[], env: NodeJS.ProcessEnv, stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await outcomeOf(file, args, env, stdin)
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`)
  return stdout
}

function outcomeOf(file: string, args: string[], env: NodeJS.ProcessEnv, stdin?: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { env, cwd: repository, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number')
        return reject(new Error(`${file} ${args.join(' ')}: ${error.message}\n${stderr}`))
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
    child.stdin?.on('error', () => {}) // It may end before it has read all.
    child.stdin?.end(stdin ?? '')
  })
}

function started(file: string, args: string[], env: NodeJS.ProcessEnv): Running {
  const child: ChildProcess = spawn(file, args, { env, cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return {
    printed: (pattern) => until(`${pattern} from ${args.join(' ')}`, async () => text.match(pattern) ?? fail(text)),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

const fail = (text: string): never => {
  throw new Error(`so far: ${text}`)
}

/** Agents and containers alike carry the cluster's folder in their environment or their command line. */
function processesThatName(folder: string): { pid: number; command: string }[] {
  const readable = (file: string): string => {
    try {
      return readFileSync(file, 'latin1')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map((entry) => ({ pid: Number(entry), command: readable(`/proc/${entry}/cmdline`).replaceAll('\0', ' ').slice(0, 200) }))
    .filter(({ pid, command }) => command.includes(folder) || readable(`/proc/${pid}/environ`).includes(folder))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
