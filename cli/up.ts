// `kinora up`: data and certificates, a Master, nodes that dial it, the kubeconfig, what is to be applied. The same
// function serves the foreground, where this process is the supervisor, and `--detach`, where a process left behind is.
import { accessSync, constants, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KubeObject } from '../model/object.ts'
import { claimSlot, type Slot } from '../runtime/network/claims.ts'
import { identityOf } from '../runtime/process-identity.ts'
import type { ApiAccess } from './api-client.ts'
import { type Cluster, newClusterId, readCluster, writeCluster } from './cluster.ts'
import { EXIT, Failure } from './failure.ts'
import type { MasterCommandOptions } from './master-agent.ts'
import type { NodeCommandOptions } from './node-agent.ts'
import { type ClusterPaths, contextName, makePrivate } from './paths.ts'
import { choosePort } from './port.ts'
import { end } from './processes.ts'
import { forgetProcess, keepDown, livingProcess, nodesKeptDown, recordedRoles, recordProcess } from './run-files.ts'
import { type Report, Supervisor } from './supervisor.ts'

export interface UpOptions {
  readonly name: string
  readonly nodes: number
  readonly port?: number
  readonly dataDir?: string
  readonly store: 'sqlite' | 'memory'
  readonly apply: readonly string[]
  readonly images: readonly string[]
  readonly failureDetection: 'fast' | 'stock'
  readonly kubeconfig?: string
  readonly switchContext: boolean
}

export interface Ready {
  readonly event: 'ready'
  readonly name: string
  readonly server: string
  readonly kubeconfig: string
  readonly context: string
  readonly previousContext?: string
  readonly dataDir: string
  readonly store: string
  readonly nodes: number
  readonly urls: Readonly<Record<string, string>>
  readonly elapsedMs: number
}

export interface Step {
  readonly event: 'step'
  readonly name: string
  readonly n: number
  readonly of: number
  readonly elapsedMs: number
  /** For people: what was decided on the way, such as another port. */
  readonly note?: string
}

const STEPS = ['data', 'processes', 'api', 'nodes', 'kubeconfig', 'apply'] as const
const API_TIMEOUT_MS = 30_000
const NODES_TIMEOUT_MS = 60_000

/** Since the process started; the figure that a user feels. */
export const elapsedMs = (): number => Math.round(performance.now())

export interface Running {
  readonly ready: Ready
  readonly supervisor: Supervisor
  /** Ends all in order, and lets go of what this machine lent. */
  stop(): Promise<void>
}

/** How often another port is looked for when somebody takes the chosen one while the Master is starting. */
const PORT_ATTEMPTS = 3

export async function bringUp(...words: Parameters<typeof bringUpOnce>): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await bringUpOnce(...words)
    } catch (error) {
      const mayMove = error instanceof Failure && error.id === 'port-taken' && words[0].port === undefined
      if (!mayMove || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

async function bringUpOnce(
  options: UpOptions,
  paths: ClusterPaths,
  program: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  stepped: (step: Step) => void,
): Promise<Running> {
  const step = (name: (typeof STEPS)[number], note?: string) =>
    stepped({
      event: 'step',
      name,
      n: STEPS.indexOf(name) + 1,
      of: STEPS.length,
      elapsedMs: elapsedMs(),
      ...(note ? { note } : {}),
    })

  for (const path of options.apply) requireReadable(path)
  makePrivate(paths.data, paths.state, paths.run, paths.logs)
  const self = identityOf(process.pid)
  if (self) recordProcess(paths, 'supervisor', self)
  let slot: Slot | undefined
  let supervisor: Supervisor | undefined
  let connection: ApiAccess | undefined
  try {
    await endLeftovers(paths)
    const before = readCluster(paths)
    const chosen = await choosePort(options.port, before?.port)
    slot = claimSlot(before?.slot, { directory: paths.run })
    const nodeNames = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`)
    const cluster: Cluster = {
      id: before?.id ?? newClusterId(),
      port: chosen.port,
      nodes: nodeNames,
      store: options.store,
      failureDetection: options.failureDetection,
      images: options.images.map((file) => resolve(file)),
      slot: slot.slot,
    }
    keepDown(paths, [])

    const watched = new Reports()
    supervisor = new Supervisor({
      paths,
      program,
      restart: true,
      keptDown: () => nodesKeptDown(paths),
      reported: (role, report) => watched.heard(role, report),
      died: (role, how) => watched.died(role, how, paths),
    })
    // The processes load their code while this one makes what they read, and loads what it needs only later itself.
    supervisor.start({ role: 'master', args: masterArgs(paths, cluster, slot) })
    for (const name of nodeNames) supervisor.start({ role: name, args: nodeArgs(paths, cluster, name) })
    const { openPki } = await import('../runtime/identity/pki.ts')
    const pki = openPki({ directory: paths.pki, hosts: [slot.apiServiceIp] })
    for (const name of nodeNames) pki.node(name)
    supervisor.begin()
    const { kubeconfigFiles, upsertContext } = await import('./kubeconfig.ts')
    const files = kubeconfigFiles(env, env.HOME ?? '', options.kubeconfig)
    writeCluster(paths, { ...cluster, kubeconfigs: files })
    step('data')
    step(
      'processes',
      chosen.insteadOf === undefined ? undefined : `port ${chosen.insteadOf} is taken; the API is on ${chosen.port}`,
    )

    const { adminAccess } = await import('./api-client.ts')
    await watched.until('the API serves', API_TIMEOUT_MS, () => watched.listening)
    step('api')
    const api = adminAccess(paths, chosen.port)
    connection = api
    // While nodes get ready: opens the connection, and tells of Services that were there before.
    const urlsBefore = serviceUrls(api)
    urlsBefore.catch(() => {})
    await watched.until('all nodes are ready', NODES_TIMEOUT_MS, () => nodeNames.every((name) => watched.ready.has(name)))
    step('nodes')

    const server = `https://127.0.0.1:${chosen.port}`
    const context = contextName(options.name)
    const { file, previousContext } = await upsertContext(
      files,
      { name: context, server, authority: pki.authority, certificate: pki.admin.certificate, key: pki.admin.key },
      options.switchContext,
    )
    step('kubeconfig')

    if (options.apply.length > 0) {
      const { applyManifests, readManifests } = await import('./manifests.ts')
      await applyManifests(readManifests(options.apply), api)
    }
    step('apply')
    const ready: Ready = {
      event: 'ready',
      name: options.name,
      server,
      kubeconfig: file,
      context,
      ...(previousContext ? { previousContext } : {}),
      dataDir: paths.data,
      store: options.store,
      nodes: options.nodes,
      urls: options.apply.length > 0 ? await serviceUrls(api) : await urlsBefore,
      elapsedMs: elapsedMs(),
    }
    const running = supervisor
    const claimed = slot
    return {
      ready,
      supervisor: running,
      stop: async () => {
        await running.stop()
        claimed.release()
        forgetProcess(paths, 'supervisor')
      },
    }
  } catch (error) {
    await supervisor?.stop()
    slot?.release()
    forgetProcess(paths, 'supervisor')
    throw error
  } finally {
    connection?.close()
  }
}

/** Before anything is started; what is in it is read while the processes start. */
function requireReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
  } catch {
    throw new Failure('manifest-unreadable', `${path} cannot be read`, undefined, EXIT.usage)
  }
}

/** What a killed `up` left behind. Agents are ended hard, so that their containers live on and are adopted. */
async function endLeftovers(paths: ClusterPaths): Promise<void> {
  for (const role of recordedRoles(paths)) {
    if (role === 'supervisor') continue
    const process = livingProcess(paths, role)
    if (process) await end(process, role === 'master' ? 5_000 : 0)
    forgetProcess(paths, role)
  }
}

/** What the processes have reported so far, and who waits for it. */
class Reports {
  listening = false
  ready: ReadonlySet<string> = new Set()
  #failure: Failure | undefined
  #wake: () => void = () => {}

  heard(role: string, report: Report): void {
    if (report.type === 'listening') this.listening = true
    if (report.type === 'nodes') this.ready = new Set(report.ready as string[])
    if (report.type === 'refused') {
      this.#failure = new Failure(
        String(report.id),
        String(report.message),
        report.next === undefined ? undefined : String(report.next),
      )
    }
    if (role !== '') this.#wake()
  }

  died(role: string, how: string, paths: ClusterPaths): void {
    // A node that dies is started again; a Master that dies before it has served never will.
    if (role === 'master' && !this.listening) {
      this.#failure ??= new Failure('master-died', `the Master ${how} before it served`, `less ${paths.logs}/master.log`)
    }
    this.#wake()
  }

  async until(what: string, timeoutMs: number, holds: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = () => {
      if (this.#failure) reject(this.#failure)
      else if (holds()) resolve()
    }
    const timer = setTimeout(
      () => reject(new Failure('up-timeout', `it is not so that ${what} after ${timeoutMs / 1000} s`)),
      timeoutMs,
    )
    this.#wake = check
    check()
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#wake = () => {}
    }
  }
}

const masterArgs = (paths: ClusterPaths, { id, port, store, failureDetection }: Cluster, { slot }: Slot): string[] => {
  const options: MasterCommandOptions = {
    ...{ clusterId: id, port, store, failureDetection, slot },
    dataDir: paths.data,
    pki: paths.pki,
  }
  return ['master', JSON.stringify(options)]
}

const nodeArgs = (paths: ClusterPaths, { id, port, failureDetection, images }: Cluster, name: string): string[] => {
  const options: NodeCommandOptions = {
    ...{ name, clusterId: id, failureDetection, images },
    server: `wss://127.0.0.1:${port}/kinora/v1/link`,
    pki: paths.pki,
    stateDir: paths.node(name),
  }
  return ['node', 'run', JSON.stringify(options)]
}

/** Of every Service that has a node port. */
export async function serviceUrls(api: ApiAccess): Promise<Record<string, string>> {
  const { body } = await api.call('GET', '/api/v1/services')
  const urls: Record<string, string> = {}
  for (const { metadata, spec } of (body as { items?: (KubeObject & { spec?: { ports?: { nodePort?: number }[] } })[] }).items ??
    []) {
    const port = spec?.ports?.find(({ nodePort }) => nodePort)?.nodePort
    if (port) urls[`${metadata.namespace}/${metadata.name}`] = `http://127.0.0.1:${port}`
  }
  return urls
}

export const deleteData = (paths: ClusterPaths): void => {
  rmSync(paths.data, { recursive: true, force: true })
  rmSync(paths.state, { recursive: true, force: true })
}
