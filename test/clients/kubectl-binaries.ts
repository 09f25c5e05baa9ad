// The stock kubectls of this machine: one to run the tests with, and every other version that lies beside it.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'

export interface KubectlBinary {
  readonly path: string
  /** As it tells it: `v1.33.1`. */
  readonly version: string
}

/** Newest first. $KUBECTL, when set, is the only one; else that of the PATH and its neighbours `kubectl.1.27` and so on. */
export function findKubectls(): KubectlBinary[] {
  const chosen = process.env.KUBECTL
  if (chosen) return [describe(chosen)]
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .find(isExecutable)
  if (!found) return []
  const real = realpathSync(found)
  const beside = readdirSync(dirname(real))
    .filter((name) => name.startsWith(`${basename(real)}.`))
    .map((name) => join(dirname(real), name))
    .filter(isExecutable)
  // A kubectl that has versions beside it only chooses among them.
  return (beside.length > 0 ? beside : [real]).map(describe).sort((a, b) => compareVersions(b.version, a.version))
}

function describe(path: string): KubectlBinary {
  const told = JSON.parse(execFileSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })) as {
    clientVersion: { gitVersion: string }
  }
  return { path, version: told.clientVersion.gitVersion }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.match(/\d+/g)?.map(Number) ?? [])
  for (let part = 0; part < 3; part++) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
