// What only the process runtime does: its shim, its logs, its files, its eye for 0.0.0.0.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LogsRequest } from '../../actors/link.protocol.ts'
import type { ContainerObserver, ContainerSpec, Done, Mount } from '../../actors/ports/containers.ts'
import type { Status } from '../../model/status.ts'
import { logOf, readStarted } from '../../runtime/containers/process/attempt.ts'
import { endContainersOf } from '../../runtime/containers/process/end-containers.ts'
import { attemptDirectory, volumeDirectory } from '../../runtime/containers/process/layout.ts'
import { serveLogs } from '../../runtime/containers/process/logs.ts'
import { processesWithEnvironment } from '../../runtime/containers/process/proc.ts'
import { createProcessRuntime, type ProcessRuntime } from '../../runtime/containers/process/runtime.ts'
import { systemHost } from '../../runtime/host.ts'
import { Observed } from './containers.contract.ts'

let stateDir: string
let runtime: ProcessRuntime
const runtimes: ProcessRuntime[] = []

function open(): ProcessRuntime {
  const images: Record<string, readonly string[]> = { sh: ['sh', '-c'], env: ['env'], absent: ['no-such-program'] }
  const made = createProcessRuntime({
    host: systemHost(),
    stateDir,
    resolveImage: (name) => images[name] && { name, command: images[name] },
    path: process.env.PATH ?? '',
  })
  runtimes.push(made)
  return made
}

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kinora-process-'))
  runtime = open()
})
afterEach(async () => {
  for (const each of runtimes.splice(0)) each.close()
  await endContainersOf(stateDir)
  rmSync(stateDir, { recursive: true, force: true })
})

const until = (isSo: () => boolean, timeout = 10_000): Promise<void> => expect.poll(isSo, { timeout, interval: 2 }).toBe(true)

const spec = (script: string, more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  ...{ podUid: 'pod-1', name: 'web', attempt: 0, namespace: 'default', podName: 'web-1', podIp: '127.64.9.1', image: 'sh' },
  ...{ command: [], args: [script], env: {}, mounts: [] },
  ...more,
})

async function run(wanted: ContainerSpec, observer: ContainerObserver): Promise<string> {
  let id = ''
  runtime.create(wanted, (answer) => {
    if (!answer.ok) throw new Error(answer.message)
    id = answer.id
    runtime.start(id, observer)
  })
  await until(() => id !== '')
  return id
}

const directoryOf = (wanted: ContainerSpec): string => attemptDirectory(stateDir, wanted)
const log = (wanted: ContainerSpec): string => readFileSync(logOf(directoryOf(wanted)), 'utf8')
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1)

describe('the shim', () => {
  test('outlives its agent: every line once, the exit code kept [K12]', async () => {
    const wanted = spec('i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); [ $i = 1000 ] && sleep 0.1; done; exit 7')
    const first = new Observed()
    await run(wanted, first.observer)
    await until(() => first.started.length > 0)
    runtime.close()
    runtime = open()
    const second = new Observed()
    runtime.adopt('pod-1.web.0', second.observer)
    await until(() => second.exits.length > 0)
    expect(second.exits).toMatchObject([{ exitCode: 7 }])
    await until(() => linesOf(log(wanted)).length === 2000)
    expect(linesOf(log(wanted))).toEqual(Array.from({ length: 2000 }, (_, i) => `line ${i}`))
    expect(first.exits).toEqual([])
  })

  test('an end while no agent runs is found by the next', async () => {
    const wanted = spec('sleep 0.05; exit 9')
    await run(wanted, new Observed().observer)
    await until(() => readStarted(directoryOf(wanted)) !== undefined)
    runtime.close()
    await until(() => existsSync(join(directoryOf(wanted), 'exit')))
    runtime = open()
    const found: unknown[] = []
    runtime.list((containers) => found.push(...containers))
    await until(() => found.length > 0)
    expect(found).toMatchObject([{ exit: { exitCode: 9 } }])
  })

  test.each(['agent that started it', 'agent that adopted it'])('its own death ends the program: told to the %s', async (who) => {
    const wanted = spec('sleep 1000 & sleep 1000')
    const observed = new Observed()
    await run(wanted, observed.observer)
    await until(() => observed.started.length > 0)
    let told = observed
    if (who === 'agent that adopted it') {
      runtime.close()
      runtime = open()
      told = new Observed()
      runtime.adopt('pod-1.web.0', told.observer)
      await until(() => told.started.length > 0)
    }
    process.kill(readStarted(directoryOf(wanted))?.shim.pid ?? 0, 'SIGKILL')
    await until(() => told.exits.length > 0)
    expect(told.exits).toMatchObject([{ exitCode: 137 }])
    await until(() => processesWithEnvironment(`KINORA_ROOT=${stateDir}/`).length === 0)
  })

  test('what a program leaves behind in its group ends with it [K2]', async () => {
    const observed = new Observed()
    await run(spec('sleep 1000 & exit 0'), observed.observer)
    await until(() => observed.exits.length > 0)
    await until(() => processesWithEnvironment(`KINORA_ROOT=${stateDir}/`).length === 0)
  })

  test('a redirection that truncates its target loses no line', async () => {
    const wanted = spec('echo one; echo two > /dev/stdout; echo three >&2')
    const observed = new Observed()
    await run(wanted, observed.observer)
    await until(() => observed.exits.length > 0)
    await until(() => linesOf(log(wanted)).length === 3)
    expect(linesOf(log(wanted))).toEqual(['one', 'two', 'three'])
  })

  test('endContainersOf leaves no process, an agent or not', async () => {
    const observed = new Observed()
    await run(spec('setsid sleep 1000 & sleep 1000'), observed.observer)
    await until(() => observed.started.length > 0)
    runtime.close()
    await endContainersOf(stateDir)
    expect(processesWithEnvironment(`KINORA_ROOT=${stateDir}/`)).toEqual([])
  })
})

test('what left its container’s group does not outlive it for long', async () => {
  const [over, lives] = [new Observed(), new Observed()]
  await run(spec('setsid sleep 1000 & sleep 0.1; exit 0'), over.observer)
  await run(spec('setsid sleep 1001 & sleep 1000', { name: 'other' }), lives.observer)
  await until(() => over.exits.length > 0 && lives.started.length > 0)
  const of = (name: string) => processesWithEnvironment(`KINORA_ROOT=${stateDir}/pods/pod-1/${name}.0/`).length
  await until(() => of('web') === 0)
  expect(of('other')).toBe(5)
})

test('endContainersOf ends also what has outlived its recorded end', async () => {
  const wanted = spec('setsid sleep 1000 & sleep 0.1; exit 0')
  const observed = new Observed()
  await run(wanted, observed.observer)
  await until(() => observed.exits.length > 0)
  runtime.close()
  await endContainersOf(stateDir)
  expect(processesWithEnvironment(`KINORA_ROOT=${stateDir}/`)).toEqual([])
})

test('the environment is the pod’s, and nothing of the agent’s [K11]', async () => {
  process.env.KINORA_TEST_SECRET = 'of the agent'
  const wanted = spec('env', { env: { GREETING: 'hello  world', POD_IP: '127.64.9.1' } })
  const observed = new Observed()
  await run(wanted, observed.observer)
  await until(() => observed.exits.length > 0)
  await until(() => log(wanted).includes('GREETING'))
  delete process.env.KINORA_TEST_SECRET
  const names = linesOf(log(wanted)).map((line) => line.split('=')[0])
  expect(log(wanted)).toContain('GREETING=hello  world')
  expect(
    names.filter(
      (name) => !['GREETING', 'HOME', 'KINORA_ROOT', 'PATH', 'POD_IP', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? ''),
    ),
  ).toEqual([])
})

test.skipIf(!existsSync('/bin/bash'))('names that a shell cannot hold arrive all the same', async () => {
  const direct = spec('', { attempt: 1, image: 'env', args: [], env: { 'log.level': 'debug' } })
  const again = new Observed()
  await run(direct, again.observer)
  await until(() => again.exits.length > 0)
  await until(() => log(direct).includes('log.level=debug'))
  expect(again.exits).toMatchObject([{ exitCode: 0 }])
})

test('a program that does not exist cannot start: 128, and why', async () => {
  const observed = new Observed()
  await run(spec('', { image: 'absent', args: [] }), observed.observer)
  await until(() => observed.exits.length > 0)
  expect(observed.exits).toMatchObject([{ exitCode: 128, message: expect.stringContaining('no-such-program') }])
})

test('what lies at the terminationMessagePath is told with the end', async () => {
  const observed = new Observed()
  await run(spec('echo -n farewell > $KINORA_ROOT/dev/termination-log; exit 1'), observed.observer)
  await until(() => observed.exits.length > 0)
  expect(observed.exits).toMatchObject([{ exitCode: 1, message: 'farewell' }])
})

test.each([
  { host: '0.0.0.0', warned: true },
  { host: '127.64.9.1', warned: false },
])('a program that listens on $host: warned = $warned', async ({ host, warned }) => {
  const warnings: string[] = []
  const script = `node -e "require('http').createServer().listen(0, '${host}', () => console.log('listens'))" & wait`
  const wanted = spec(script)
  const observed = new Observed()
  await run(wanted, { ...observed.observer, warned: ({ message }) => void warnings.push(message) })
  await until(() => observed.started.length > 0)
  // The second look comes after five seconds; for what must not be warned of, the first suffices.
  if (warned) await until(() => warnings.length > 0)
  else await until(() => log(wanted) === 'listens\n')
  expect(warnings.length > 0).toBe(warned)
  if (warned) expect(warnings[0]).toContain('$HOST')
})

describe('logs', () => {
  const request = (more: Partial<LogsRequest> = {}): LogsRequest => ({
    ...{ podUid: 'pod-1', namespace: 'default', podName: 'web-1', container: 'web' },
    ...more,
  })

  interface Served {
    text: string
    closed: boolean
    status?: Status
    stop(): void
  }

  function serve(asked: LogsRequest, accepts: () => boolean = () => true): Served & { drain(): void } {
    let drained = (): void => {}
    const served = { text: '', closed: false, status: undefined as Status | undefined, stop: () => {}, drain: () => drained() }
    const { stop } = serveLogs(
      stateDir,
      asked,
      {
        write: (bytes) => {
          served.text += Buffer.from(bytes).toString()
          return accepts()
        },
        onDrain: (callback) => {
          drained = callback
        },
        close: (status) => {
          served.closed = true
          served.status = status
        },
      },
      Date.now(),
    )
    return Object.assign(served, { stop })
  }

  async function ended(script: string, attempt = 0): Promise<void> {
    const observed = new Observed()
    const wanted = spec(script, { attempt })
    await run(wanted, observed.observer)
    await until(() => observed.exits.length > 0)
    const shim = readStarted(directoryOf(wanted))?.shim.pid ?? 0
    await until(() => !existsSync(`/proc/${shim}`))
  }

  const three = 'echo one; echo two; echo three'
  test.each<[Partial<LogsRequest>, string]>([
    [{}, 'one\ntwo\nthree\n'],
    [{ tailLines: 2 }, 'two\nthree\n'],
    [{ tailLines: 0 }, ''],
    [{ tailLines: 9 }, 'one\ntwo\nthree\n'],
    [{ limitBytes: 5 }, 'one\nt'],
    [{ tailLines: 1, limitBytes: 2 }, 'th'],
    [{ sinceSeconds: 100 }, 'one\ntwo\nthree\n'],
    [{ sinceTime: '2200-01-01T00:00:00Z' }, ''],
    [{ follow: true }, 'one\ntwo\nthree\n'],
  ])('%j → %j', async (more, text) => {
    await ended(three)
    const served = serve(request(more))
    await until(() => served.closed)
    expect(served.text).toBe(text)
    expect(served.status).toBeUndefined()
  })

  test('a last line without a newline is served as it is', async () => {
    await ended('printf "one\\ntwo"')
    const all = serve(request())
    const tail = serve(request({ tailLines: 1 }))
    await until(() => all.closed && tail.closed)
    expect([all.text, tail.text]).toEqual(['one\ntwo', 'two'])
  })

  test('times are those at which lines were written', async () => {
    const before = Date.now()
    await ended('echo one; sleep 0.2; echo two')
    const served = serve(request({ timestamps: true }))
    await until(() => served.closed)
    const lines = linesOf(served.text).map((line) => /^(\S+) (.*)$/.exec(line))
    expect(lines.map((line) => line?.[2])).toEqual(['one', 'two'])
    const [one = 0, two = 0] = lines.map((line) => Date.parse(line?.[1] ?? ''))
    expect(one).toBeGreaterThanOrEqual(before - 20)
    expect(two - one).toBeGreaterThan(120)
    expect(two).toBeLessThanOrEqual(Date.now())
  })

  test('follows until the container has ended, to the last line', async () => {
    const wanted = spec('echo one; until [ -e $KINORA_ROOT/go ]; do sleep 0.01; done; echo two')
    const observed = new Observed()
    await run(wanted, observed.observer)
    await until(() => observed.started.length > 0)
    const served = serve(request({ follow: true }))
    await until(() => served.text === 'one\n')
    expect(served.closed).toBe(false)
    writeFileSync(join(directoryOf(wanted), 'root', 'go'), 'go\n')
    await until(() => served.closed)
    expect(served.text).toBe('one\ntwo\n')
  })

  test('a slow reader is waited for, and gets every byte once', async () => {
    await ended('i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done')
    let writes = 0
    const served = serve(request(), () => {
      writes += 1
      return false
    })
    await until(() => writes === 1)
    for (let seen = 1; !served.closed; ) {
      served.drain()
      await until(() => writes > seen || served.closed)
      seen = writes
    }
    expect(linesOf(served.text)).toEqual(Array.from({ length: 20_000 }, (_, i) => `${i}`))
  })

  test('a log that grows too large begins anew, without a lost line, under the eyes of one who follows', async () => {
    const count = 230_000
    const line = (i: number): string => `line ${i} ${'x'.repeat(40)}`
    const script = `sleep 0.2; exec node -e 'for (let i = 0; i < ${count}; i++) console.log("line " + i + " " + "x".repeat(40))'`
    const wanted = spec(script)
    const observed = new Observed()
    await run(wanted, observed.observer)
    await until(() => observed.started.length > 0)
    const served = serve(request({ follow: true }))
    await until(() => served.closed, 60_000)
    const lines = linesOf(served.text)
    expect(lines).toHaveLength(count)
    expect(lines.every((text, i) => text === line(i))).toBe(true)
    expect(existsSync(join(directoryOf(wanted), 'log.1'))).toBe(true)
    expect(log(wanted).length).toBeLessThan(served.text.length)
  }, 60_000)

  test('the run before, and what is said when there is none', async () => {
    await ended('echo first')
    const none = serve(request({ previous: true }))
    expect(none.status).toMatchObject({ code: 400, message: 'previous terminated container "web" in pod "web-1" not found' })
    await ended('echo second', 1)
    const [last, before] = [serve(request()), serve(request({ previous: true }))]
    await until(() => last.closed && before.closed)
    expect([last.text, before.text]).toEqual(['second\n', 'first\n'])
  })

  test.each(['../pod-1', 'pod-1/..', ''])('a uid that is no uid reads nothing: %j', (podUid) => {
    expect(serve(request({ podUid })).status).toMatchObject({ code: 400 })
  })
})

describe('volumes', () => {
  const write = async (files: Record<string, string>): Promise<Done> => {
    const answers: Done[] = []
    const list = Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o644 }))
    runtime.writeVolume('pod-1', 'config', list, (answer) => answers.push(answer))
    await until(() => answers.length > 0)
    return answers[0] as Done
  }

  test('files are replaced at once, and stale ones go [K10]', async () => {
    await write({ 'a.txt': '1', 'deep/b.txt': '2' })
    const at = volumeDirectory(stateDir, 'pod-1', 'config')
    const before = readlinkSync(join(at, '..data'))
    expect(readFileSync(join(at, 'deep/b.txt'), 'utf8')).toBe('2')
    await write({ 'a.txt': '3' })
    expect(readlinkSync(join(at, '..data'))).not.toBe(before)
    expect(readFileSync(join(at, 'a.txt'), 'utf8')).toBe('3')
    expect(existsSync(join(at, 'deep'))).toBe(false)
    expect(existsSync(join(at, before))).toBe(false)
  })

  test.each(['../escape', 'a/../../escape', '/etc/escape'])('no file outside the volume: %s', async (path) => {
    expect(await write({ [path]: 'x' })).toMatchObject({ ok: false, reason: 'FailedMount' })
    expect(existsSync(join(stateDir, 'pods', 'pod-1', 'volumes', 'escape'))).toBe(false)
  })

  async function mounted(mounts: readonly Mount[]): Promise<string | undefined> {
    const answers: { ok: boolean; message?: string }[] = []
    runtime.create(spec('true', { mounts }), (answer) => answers.push(answer))
    await until(() => answers.length > 0)
    return answers[0]?.message
  }

  test('mounts are found below KINORA_ROOT, one inside another, and by subPath', async () => {
    await write({ 'a.txt': '1' })
    runtime.makeVolume('pod-1', 'data', { kind: 'emptyDir' }, () => {})
    await until(() => existsSync(volumeDirectory(stateDir, 'pod-1', 'data')))
    const mounts = [
      { volume: 'config', mountPath: '/srv/data/config' },
      { volume: 'data', mountPath: '/srv/data' },
      { volume: 'config', mountPath: '/etc/a.txt', subPath: 'a.txt' },
      { volume: 'data', mountPath: '/logs', subPath: 'deep/logs' },
    ]
    expect(await mounted(mounts)).toBeUndefined()
    const root = join(directoryOf(spec('')), 'root')
    expect(readFileSync(join(root, 'srv/data/config/a.txt'), 'utf8')).toBe('1')
    expect(readFileSync(join(root, 'etc/a.txt'), 'utf8')).toBe('1')
    expect(existsSync(join(root, 'logs'))).toBe(true)
    expect(await mounted(mounts), 'a second attempt finds the inner mount in the volume').toBeUndefined()
  })

  test('a link that a container planted in a volume is not followed', async () => {
    runtime.makeVolume('pod-1', 'data', { kind: 'emptyDir' }, () => {})
    const at = volumeDirectory(stateDir, 'pod-1', 'data')
    await until(() => existsSync(at))
    const outside = mkdtempSync(join(tmpdir(), 'kinora-outside-'))
    symlinkSync(outside, join(at, 'planted'))
    mkdirSync(join(outside, 'there'))
    expect(await mounted([{ volume: 'data', mountPath: '/d', subPath: 'planted/there' }])).toContain('leads out of the volume')
    expect(await mounted([{ volume: 'data', mountPath: '/d', subPath: 'planted/new' }])).toContain('not followed')
    const inner = [
      { volume: 'data', mountPath: '/d' },
      { volume: 'data', mountPath: '/d/planted/x' },
    ]
    expect(await mounted(inner)).toContain('not followed')
    expect(existsSync(join(outside, 'x')) || existsSync(join(outside, 'new'))).toBe(false)
    rmSync(outside, { recursive: true })
  })
})
