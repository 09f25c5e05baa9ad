// `kinora down`: ends a cluster whole, whether its supervisor lives or not, and takes its context out of the kubeconfig.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { endContainersOf } from '../runtime/containers/process/end-containers.ts'
import { readCluster } from './cluster.ts'
import { Failure } from './failure.ts'
import { kubeconfigFiles, removeContext } from './kubeconfig.ts'
import { type ClusterPaths, contextName } from './paths.ts'
import { end, ended, signal } from './processes.ts'
import { forgetProcess, livingProcess, recordedRoles } from './run-files.ts'
import { MASTER_STOP_MS, NODE_STOP_MS } from './supervisor.ts'

/** The supervisor ends the Master, then the nodes, each within its own time. */
const SUPERVISOR_STOP_MS = NODE_STOP_MS + MASTER_STOP_MS + 5_000

export interface DownResult {
  readonly restoredContext?: string
}

export async function down(
  name: string,
  paths: ClusterPaths,
  env: Readonly<Record<string, string | undefined>>,
  kubeconfig?: string,
): Promise<DownResult> {
  const cluster = readCluster(paths)
  const roles = recordedRoles(paths)
  if (!cluster && roles.length === 0) throw new Failure('no-cluster', `there is no cluster ${name}`, 'kinora up')
  const supervisor = livingProcess(paths, 'supervisor')
  if (supervisor) {
    signal(supervisor, 'SIGTERM')
    if (!(await ended(supervisor, SUPERVISOR_STOP_MS))) await end(supervisor, 0)
  }
  await endWithoutSupervisor(paths)
  return removeContext(
    kubeconfig ? kubeconfigFiles(env, '', kubeconfig) : (cluster?.kubeconfigs ?? kubeconfigFiles(env, env.HOME ?? '')),
    contextName(name),
  )
}

/** What is left when the supervisor is gone: the Master first, as the supervisor does it, then nodes, then containers without one. */
async function endWithoutSupervisor(paths: ClusterPaths): Promise<void> {
  const roles = recordedRoles(paths)
  const endRole = async (role: string, graceMs: number) => {
    const process = livingProcess(paths, role)
    if (process) await end(process, graceMs)
    forgetProcess(paths, role)
  }
  await endRole('master', MASTER_STOP_MS)
  await Promise.all(roles.filter((role) => role !== 'master').map((role) => endRole(role, NODE_STOP_MS)))
  for (const node of nodeDirectories(paths)) await endContainersOf(node)
}

function nodeDirectories(paths: ClusterPaths): string[] {
  try {
    return readdirSync(join(paths.state, 'nodes')).map((name) => paths.node(name))
  } catch {
    return []
  }
}
