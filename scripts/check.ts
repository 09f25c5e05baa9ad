// Everything that must hold before a change lands, cheapest first; stops at the first that does not.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)

const checks: readonly (readonly [string, readonly string[]])[] = [
  ['format', [bin('biome'), 'format', '.']],
  ['lint', [bin('biome'), 'lint', '--error-on-warnings', '.']],
  ['types', [bin('tsc'), '--noEmit']],
  ['dead code', [bin('knip')]],
  ['generated files', [process.execPath, 'scripts/generate-kinds.ts', '--verify']],
  ['tests', [process.execPath, 'scripts/test.ts']],
]

for (const [name, [command = '', ...words]] of checks) {
  const startedAt = performance.now()
  console.log(`── ${name}`)
  const { status } = spawnSync(command, words, { cwd: root, stdio: 'inherit' })
  if (status !== 0) {
    console.error(`${name} failed`)
    process.exit(1)
  }
  console.log(`   ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
}
