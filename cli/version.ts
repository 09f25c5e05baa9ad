// The version of this program, from the package that it is part of.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds package.json: above the source, or above the bundle. */
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..')

export function version(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return version
}
