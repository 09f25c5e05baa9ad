// `kinora node kill` and `kinora node start`: to see the cluster heal.
import { endContainersOf } from '../runtime/containers/process/end-containers.ts'
import { readCluster } from './cluster.ts'
import { EXIT, Failure } from './failure.ts'
import type { ClusterPaths } from './paths.ts'
import { ended, signal } from './processes.ts'
import { keepDown, livingProcess, nodesKeptDown } from './run-files.ts'

const KILL_MS = 5_000

/** Ends agent and containers and keeps them down; with `kubeletOnly` the agent alone, which the supervisor starts again. */
export async function killNode(paths: ClusterPaths, node: string, kubeletOnly: boolean): Promise<{ pid: number | null }> {
  requireNode(paths, node)
  const agent = livingProcess(paths, node)
  if (!kubeletOnly) keepDown(paths, [...nodesKeptDown(paths), node])
  if (agent) {
    signal(agent, 'SIGKILL')
    await ended(agent, KILL_MS)
  }
  if (!kubeletOnly) await endContainersOf(paths.node(node))
  return { pid: agent?.pid ?? null }
}

export function startNode(paths: ClusterPaths, node: string): void {
  requireNode(paths, node)
  const supervisor = livingProcess(paths, 'supervisor')
  if (!supervisor) throw new Failure('not-running', 'nobody supervises this cluster, so nobody can start its node', 'kinora up')
  keepDown(
    paths,
    nodesKeptDown(paths).filter((name) => name !== node),
  )
  signal(supervisor, 'SIGUSR2')
}

function requireNode(paths: ClusterPaths, node: string): void {
  const cluster = readCluster(paths)
  if (!cluster) throw new Failure('no-cluster', `there is no cluster ${paths.name}`, 'kinora up')
  if (!cluster.nodes.includes(node)) {
    throw new Failure('no-node', `${node} is none of ${cluster.nodes.join(', ')}`, 'kinora status', EXIT.usage)
  }
}
