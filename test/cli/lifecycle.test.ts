// From `up` to `down`: what is printed, what survives, what is left behind.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Status } from '../../cli/status.ts'
import type { Ready, Step } from '../../cli/up.ts'
import { until } from '../clients/cluster.ts'
import { containerGroups } from '../faults/processes.ts'
import { jsonLines, useHome } from './command.ts'

/** Of examples/hello. */
const HELLO_REPLICAS = 3

interface Kubeconfig {
  readonly 'current-context': string
  readonly contexts: readonly { readonly name: string }[]
}

describe('a cluster in the foreground [X1]', () => {
  const home = useHome()

  it('shows at most twelve lines, ends whole at Ctrl-C, and puts the context back', { timeout: 90_000 }, async () => {
    mkdirSync(join(home.folder, 'kube'))
    const other = { cluster: { server: 'https://192.0.2.1' }, name: 'other' }
    writeFileSync(
      home.kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [other],
        users: [{ name: 'other', user: {} }],
        contexts: [{ name: 'other', context: { cluster: 'other', user: 'other' } }],
        'current-context': 'other',
      }),
    )
    const up = home.start('up', '--name', home.name, '--port', '0', '--apply', 'examples/guestbook')
    let text = ''
    up.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const ended = new Promise<number | null>((resolve) => up.once('exit', resolve))
    await until('the screen is there', async () => text.includes('Ctrl-C'), 60_000)

    const lines = text.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(12)
    for (const word of ['Kinora', 'https://127.0.0.1:', '3/3 ready', home.folder, `kinora-${home.name}`, 'other', 'node kill'])
      expect(text).toContain(word)
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? ''
    const page = await until('the application answers', async () => (await fetch(url)).text(), 20_000)
    expect(page).toMatch(/guestbook-[a-z0-9]+-[a-z0-9]{5}/)
    expect((parse(readFileSync(home.kubeconfig, 'utf8')) as Kubeconfig)['current-context']).toBe(`kinora-${home.name}`)

    // The same command again shows the same and leaves everything as it is.
    const again = await home.kinora('up', '--name', home.name)
    expect(again.code).toBe(0)
    expect(again.stdout).toContain('3/3 ready')

    up.kill('SIGINT')
    expect(await ended).toBe(130)
    await until('every process has ended', async () => home.processes().length === 0, 5_000)
    const { 'current-context': current, contexts } = parse(readFileSync(home.kubeconfig, 'utf8')) as Kubeconfig
    expect([current, contexts.map(({ name }) => name)]).toEqual(['other', ['other']])
  })
})

describe('a cluster that is left running', () => {
  const home = useHome()
  const { kinora, name } = home
  const status = async () => JSON.parse((await kinora('status', '--name', name, '-o', 'json')).stdout) as Status
  const kill = (pid: number | null) => process.kill(pid ?? 0, 'SIGKILL')

  it('comes up in steps, as JSON [X2]', { timeout: 60_000 }, async () => {
    const { code, stdout } = await kinora(
      'up',
      '--detach',
      '--name',
      name,
      '--port',
      '0',
      '--apply',
      'examples/hello',
      '-o',
      'json',
    )
    expect(code).toBe(0)
    const lines = jsonLines<Step | Ready>(stdout)
    const steps = lines.slice(0, -1) as Step[]
    expect(steps.map(({ n }) => n)).toEqual(steps.map((_, index) => index + 1))
    expect(steps.every(({ event, of, elapsedMs }) => event === 'step' && of === steps.length && elapsedMs > 0)).toBe(true)
    const ready = lines.at(-1) as Ready
    expect(ready).toMatchObject({
      event: 'ready',
      name,
      context: `kinora-${name}`,
      kubeconfig: home.kubeconfig,
      store: 'sqlite',
      nodes: 3,
    })
    expect(ready.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(ready.dataDir.startsWith(home.folder)).toBe(true)
    for (const folder of [ready.dataDir, join(home.folder, 'state/kinora', name)]) expect(statSync(folder).mode & 0o077).toBe(0)
    expect(statSync(home.kubeconfig).mode & 0o077).toBe(0)
  })

  it('a Master that dies is started again on its port [X3]', { timeout: 60_000 }, async () => {
    const before = await status()
    expect(before).toMatchObject({ name, state: 'running', store: 'sqlite' })
    kill(before.master.pid)
    const after = await until(
      'the Master is back',
      async () => {
        const now = await status()
        return now.state === 'running' && now.master.pid !== before.master.pid && now
      },
      30_000,
    )
    expect((after as Status).server).toBe(before.server)
  })

  it('a node that is killed stays down until it is started [X4]', { timeout: 90_000 }, async () => {
    expect((await kinora('node', 'kill', 'node-2', '--name', name)).code).toBe(0)
    const of = async (node: string) => (await status()).nodes.find((each) => each.name === node)
    expect(await of('node-2')).toMatchObject({ pid: null })
    expect(containerGroups(join(home.folder, 'state/kinora', name, 'nodes/node-2'))).toEqual([])
    await until('it is seen as gone', async () => (await of('node-2'))?.ready === false, 20_000)
    expect((await kinora('node', 'start', 'node-2', '--name', name)).code).toBe(0)
    await until('it is back', async () => (await of('node-2'))?.ready, 30_000)
  })

  it('when the supervisor is killed, the next up takes everything over and doubles nothing [X5]', {
    timeout: 90_000,
  }, async () => {
    const before = await status()
    const supervisor = JSON.parse(
      readFileSync(join(home.folder, 'state/kinora', name, 'run/supervisor.process.json'), 'utf8'),
    ) as { pid: number }
    kill(supervisor.pid)
    const pods = () =>
      containerGroups(home.folder)
        .map(({ podUid, container }) => `${podUid} ${container}`)
        .sort()
    const had = pods()
    const { code, stdout } = await kinora('up', '--detach', '--name', name, '-o', 'json')
    expect(code).toBe(0)
    expect((jsonLines<Ready>(stdout).at(-1) as Ready).server).toBe(before.server)
    const after = await status()
    expect(after.state).toBe('running')
    expect([after.master.pid, ...after.nodes.map(({ pid }) => pid)]).not.toContain(before.master.pid)
    await until('the same pods run once each', async () => pods().join() === had.join(), 20_000)
  })

  it('status answers while nothing runs; what was stored is there again [X6]', { timeout: 120_000 }, async () => {
    expect((await kinora('down', '--name', name)).code).toBe(0)
    expect(home.processes()).toEqual([])
    expect(await status()).toMatchObject({ state: 'stopped', master: { pid: null } })
    expect((await kinora('up', '--detach', '--name', name, '-o', 'json')).code).toBe(0)
    await until('its pods run again', async () => containerGroups(home.folder).length > 0, 30_000)
    const { code } = await kinora('down', '--name', name, '--delete-data')
    expect(code).toBe(0)
    expect(home.processes()).toEqual([])
    expect(existsSync(join(home.folder, 'data/kinora', name))).toBe(false)
  })
})

describe('an agent that dies', () => {
  const home = useHome()
  const { kinora, name } = home
  const nodes = async () => (JSON.parse((await kinora('status', '--name', name, '-o', 'json')).stdout) as Status).nodes

  // With stock timings, so that a machine that is busy with other tests has time to start the agent again.
  it('a kubelet that dies finds its containers, and none is started again [K1]', { timeout: 60_000 }, async () => {
    const words = ['up', '--detach', '--name', name, '--port', '0', '--apply', 'examples/hello', '--failure-detection', 'stock']
    expect((await kinora(...words)).code).toBe(0)
    await until('all containers run', async () => containerGroups(home.folder).length === HELLO_REPLICAS, 20_000)
    const groups = () =>
      containerGroups(home.folder)
        .map(({ group }) => group)
        .sort()
    const before = groups()
    const [was] = await nodes()
    const killed = await kinora('node', 'kill', 'node-1', '--kubelet-only', '--name', name, '-o', 'json')
    expect(JSON.parse(killed.stdout)).toMatchObject({ event: 'killed', node: 'node-1', pid: was?.pid })
    await until(
      'the agent is back',
      async () => {
        const [node] = await nodes()
        return node?.ready && node.pid !== was?.pid
      },
      30_000,
    )
    expect(groups()).toEqual(before)
  })
})

describe('what cannot be [X7]', () => {
  const home = useHome()
  const { kinora, name } = home
  const failure = async (...words: string[]) => {
    const { code, stdout, stderr } = await kinora(...words, '-o', 'json')
    return { code, stderr, ...jsonLines<{ id?: string; next?: string }>(stdout).at(-1) }
  }

  it('a port that was asked for and is taken', { timeout: 30_000 }, async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    )
    expect(await failure('up', '--name', name, '--port', String(port))).toMatchObject({
      code: 1,
      id: 'port-taken',
      next: 'kinora up --port 0',
    })
    server.close()
    expect(home.processes()).toEqual([])
  })

  it('words that nobody knows', async () => {
    for (const words of [['sing'], ['up', '--nodes', 'many'], ['up', '--store', 'paper'], ['status', '--name', 'No Name']]) {
      expect((await kinora(...words)).code).toBe(2)
    }
  })

  it('a cluster that is not there', async () => {
    expect(await failure('status', '--name', name)).toMatchObject({ code: 1, id: 'no-cluster', next: 'kinora up' })
  })

  it('manifests that are not there, before anything is started', { timeout: 30_000 }, async () => {
    expect(await failure('up', '--name', name, '--port', '0', '--apply', 'nowhere.yaml')).toMatchObject({
      code: 2,
      id: 'manifest-unreadable',
    })
    expect(home.processes()).toEqual([])
  })

  it('help and version', async () => {
    const help = await kinora()
    expect(help.code).toBe(0)
    for (const command of ['up', 'down', 'status', 'why', 'node', 'master', 'version']) expect(help.stdout).toContain(command)
    expect(JSON.parse((await kinora('version', '-o', 'json')).stdout)).toMatchObject({ kubernetes: 'v1.36' })
  })
})
