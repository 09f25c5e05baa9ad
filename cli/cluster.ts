// What a cluster is, kept beside its data: so that it comes back on the same port, with the same addresses and nodes.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ClusterPaths } from './paths.ts'
import { readJson, writePrivately } from './run-files.ts'

export interface Cluster {
  readonly id: string
  readonly port: number
  readonly nodes: readonly string[]
  readonly store: 'sqlite' | 'memory'
  readonly failureDetection: 'fast' | 'stock'
  /** Files of image tables, absolute. */
  readonly images: readonly string[]
  /** Which of the machine's address ranges it has; see runtime/network. */
  readonly slot?: number
  /** How it is entered in kubeconfigs. */
  readonly kubeconfigs?: readonly string[]
}

const fileOf = (paths: ClusterPaths) => join(paths.data, 'cluster.json')

export const readCluster = (paths: ClusterPaths): Cluster | undefined => readJson<Cluster>(fileOf(paths))
export const writeCluster = (paths: ClusterPaths, cluster: Cluster): void => writePrivately(fileOf(paths), cluster)
export const newClusterId = (): string => randomUUID()
