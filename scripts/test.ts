// Runs the tests and closes with `N passed, N failed` alone on the last line.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Report {
  numPassedTests: number
  numFailedTests: number
  numFailedTestSuites: number
}

const root = join(import.meta.dirname, '..')
const directory = mkdtempSync(join(tmpdir(), 'kinora-test-'))
const report = join(directory, 'report.json')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const words = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)]

const child = spawn(process.execPath, words, { cwd: root, stdio: 'inherit' })
child.once('exit', (code) => {
  let summary = '0 passed, 1 failed'
  let failed = true
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8')) as Report
    // A file that cannot be loaded has no failed test, and has failed.
    const failures = Math.max(numFailedTests, numFailedTestSuites > 0 || code !== 0 ? 1 : 0)
    failed = failures > 0 || numPassedTests === 0
    summary = `${numPassedTests} passed, ${failures} failed`
  } catch (error) {
    console.error(`no report of the tests: ${String(error)}`)
  }
  rmSync(directory, { recursive: true, force: true })
  console.log(summary)
  process.exitCode = failed ? 1 : 0
})
