// Runs the tests and closes with `N passed, N failed` alone on the last line. Tests that bring up whole clusters run one file
// at a time: beside each other they would wait for the machine, not for the program. Words after the command go to vitest.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Report {
  numPassedTests: number
  numFailedTests: number
  numFailedTestSuites: number
}

interface Counted {
  readonly passed: number
  readonly failed: number
}

const root = join(import.meta.dirname, '..')
const CLUSTERS = ['test/cli/', 'test/clients/', 'test/faults/']
const words = process.argv.slice(2)
const runs =
  words.length > 0
    ? [words]
    : [CLUSTERS.flatMap((folder) => ['--exclude', `${folder}**`]), [...CLUSTERS, '--no-file-parallelism', '--test-timeout=60000']]

const directory = mkdtempSync(join(tmpdir(), 'kinora-test-'))
let total: Counted = { passed: 0, failed: 0 }
for (const run of runs) {
  const { passed, failed } = await vitest(run)
  total = { passed: total.passed + passed, failed: total.failed + failed }
}
rmSync(directory, { recursive: true, force: true })
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

function vitest(run: readonly string[]): Promise<Counted> {
  const report = join(directory, `${Math.random()}.json`)
  const program = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(
    process.execPath,
    [program, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...run],
    {
      cwd: root,
      stdio: 'inherit',
    },
  )
  return new Promise((resolve) => {
    child.once('exit', (code) => {
      try {
        const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8')) as Report
        // A file that cannot be loaded has no failed test, and has failed.
        const failed = Math.max(numFailedTests, numFailedTestSuites > 0 || code !== 0 ? 1 : 0)
        resolve({ passed: numPassedTests, failed })
      } catch (error) {
        console.error(`no report of the tests: ${String(error)}`)
        resolve({ passed: 0, failed: 1 })
      }
    })
  })
}
