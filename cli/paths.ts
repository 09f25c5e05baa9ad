// Where a cluster's things lie: data that survives, and state that belongs to running processes. Both are private to the user.
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { EXIT, Failure } from './failure.ts'

export interface ClusterPaths {
  readonly name: string
  /** Objects, certificates, and what the cluster is. */
  readonly data: string
  /** Logs, run files, containers. */
  readonly state: string
  readonly pki: string
  readonly run: string
  readonly logs: string
  /** Containers and volumes of one node. */
  node(nodeName: string): string
}

const NAME = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/

export function clusterPaths(name: string, env: Readonly<Record<string, string | undefined>>, dataDir?: string): ClusterPaths {
  if (!NAME.test(name)) {
    throw new Failure(
      'name-invalid',
      `"${name}" cannot name a cluster: lower case letters, digits and "-", at most 40`,
      undefined,
      EXIT.usage,
    )
  }
  const home = homedir()
  const state = join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'kinora', name)
  return {
    name,
    data: dataDir === undefined ? join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'kinora', name) : resolve(dataDir),
    state,
    get pki() {
      return join(this.data, 'pki')
    },
    run: join(state, 'run'),
    logs: join(state, 'logs'),
    node: (nodeName) => join(state, 'nodes', nodeName),
  }
}

export function makePrivate(...directories: readonly string[]): void {
  for (const directory of directories) mkdirSync(directory, { recursive: true, mode: 0o700 })
}

/** Of the context, the cluster and the user in a kubeconfig. */
export const contextName = (name: string): string => (name === 'default' ? 'kinora' : `kinora-${name}`)
