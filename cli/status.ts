// `kinora status`: what runs, from the run files, and what is ready, from the API when it answers.
import type { Node } from '../model/schema/kinds/core-v1.ts'
import { adminAccess } from './api-client.ts'
import { readCluster } from './cluster.ts'
import { Failure } from './failure.ts'
import type { ClusterPaths } from './paths.ts'
import { livingProcess } from './run-files.ts'

export interface Status {
  readonly name: string
  readonly state: 'running' | 'degraded' | 'stopped'
  readonly server: string
  readonly store: string
  readonly dataDir: string
  readonly master: { readonly pid: number | null }
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly pid: number | null }[]
}

export async function status(name: string, paths: ClusterPaths): Promise<Status> {
  const cluster = readCluster(paths)
  if (!cluster) throw new Failure('no-cluster', `there is no cluster ${name}`, 'kinora up')
  const pidOf = (role: string) => livingProcess(paths, role)?.pid ?? null
  const master = { pid: pidOf('master') }
  const ready = master.pid === null ? new Set<string>() : await readyNodes(paths, cluster.port)
  const nodes = cluster.nodes.map((node) => ({ name: node, ready: ready.has(node), pid: pidOf(node) }))
  const living = [master, ...nodes].filter(({ pid }) => pid !== null).length
  return {
    name,
    state: living === 0 ? 'stopped' : master.pid !== null && nodes.every((node) => node.ready) ? 'running' : 'degraded',
    server: `https://127.0.0.1:${cluster.port}`,
    store: cluster.store,
    dataDir: paths.data,
    master,
    nodes,
  }
}

async function readyNodes(paths: ClusterPaths, port: number): Promise<Set<string>> {
  const api = adminAccess(paths, port)
  try {
    const { body } = await api.call('GET', '/api/v1/nodes')
    const isReady = ({ status }: Node) => status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    return new Set(((body as { items?: Node[] }).items ?? []).filter(isReady).map(({ metadata }) => metadata.name ?? ''))
  } catch {
    return new Set() // The Master is starting or ending; what it thinks is unknown.
  } finally {
    api.close()
  }
}
