// What a cluster's processes leave for the next command to find: who runs, and what the user wants to be down.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, type ProcessIdentity } from '../runtime/process-identity.ts'
import type { ClusterPaths } from './paths.ts'

export function writePrivately(file: string, value: unknown): void {
  const fresh = `${file}.${process.pid}.tmp`
  writeFileSync(fresh, `${JSON.stringify(value)}\n`, { mode: 0o600 })
  renameSync(fresh, file)
}

export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    return undefined
  }
}

/** `supervisor`, `master`, or the name of a node. */
export type Role = string

const fileOf = (paths: ClusterPaths, role: Role) => join(paths.run, `${role}.process.json`)

export const recordProcess = (paths: ClusterPaths, role: Role, identity: ProcessIdentity): void =>
  writePrivately(fileOf(paths, role), identity)

export const forgetProcess = (paths: ClusterPaths, role: Role): void => rmSync(fileOf(paths, role), { force: true })

/** The process that serves in this role now, if it lives. */
export function livingProcess(paths: ClusterPaths, role: Role): ProcessIdentity | undefined {
  const recorded = readJson<ProcessIdentity>(fileOf(paths, role))
  return recorded && isAlive(recorded) ? recorded : undefined
}

export function recordedRoles(paths: ClusterPaths): Role[] {
  try {
    return readdirSync(paths.run)
      .filter((file) => file.endsWith('.process.json'))
      .map((file) => file.slice(0, -'.process.json'.length))
      .sort()
  } catch {
    return []
  }
}

/** Nodes that the user has killed and not started again; the supervisor leaves them down. */
export const nodesKeptDown = (paths: ClusterPaths): readonly string[] =>
  readJson<string[]>(join(paths.run, 'kept-down.json')) ?? []

export const keepDown = (paths: ClusterPaths, nodes: readonly string[]): void =>
  writePrivately(join(paths.run, 'kept-down.json'), [...new Set(nodes)].sort())
