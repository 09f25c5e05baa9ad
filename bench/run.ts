// `npm run bench -- NAME [-o json]`: takes a benchmark, prints its figures, and keeps them beside it under results/.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Benchmark, type Result, resultOf } from './benchmark.ts'
import { creates } from './creates.ts'
import { firstPod } from './first-pod.ts'
import { idleCpu } from './idle-cpu.ts'
import { memory } from './memory.ts'
import { nodeLoss } from './node-loss.ts'
import { podStart } from './pod-start.ts'
import { up } from './up.ts'

const BENCHMARKS: readonly Benchmark[] = [up, firstPod, podStart, nodeLoss, memory, idleCpu, creates]

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', short: 'o', default: 'text' }, built: { type: 'boolean', default: false } },
})
const benchmark = BENCHMARKS.find(({ name }) => name === positionals[0])
if (benchmark === undefined || !['text', 'json'].includes(values.output)) {
  const listed = BENCHMARKS.map(({ name, measures }) => `  ${name.padEnd(10)} ${measures}`).join('\n')
  process.stderr.write(
    `npm run bench -- NAME [-o json] [--built]\n\n${listed}\n\n--built takes dist/ as it is, instead of building it first\n`,
  )
  process.exit(2)
}
if (!values.built) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, '..', 'scripts', 'build.ts')], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
const [loadBefore = 0] = loadavg()
const result = resultOf(benchmark, await benchmark.run((text) => process.stderr.write(`${text}\n`)), loadBefore)
writeFileSync(join(import.meta.dirname, 'results', `${result.name}.json`), `${JSON.stringify(result, undefined, 2)}\n`)
process.stdout.write(values.output === 'json' ? `${JSON.stringify(result)}\n` : table(result))

function table({ measures, machine, versions, figures }: Result): string {
  const rows = Object.entries(figures).map(([name, { unit, median, range, p99, samples, target, targetP99 }]) =>
    [
      name.padEnd(24),
      `${median} ${unit}`.padEnd(20),
      `${range[0]} – ${range[1]}`.padEnd(20),
      (p99 === undefined ? '' : `p99 ${p99}`).padEnd(12),
      `n=${samples}`.padEnd(8),
      [target === undefined ? '' : `target ${target}`, targetP99 === undefined ? '' : `p99 ${targetP99}`].join(' ').trim(),
    ]
      .join('')
      .trimEnd(),
  )
  const where = `${machine.cores} × ${machine.cpu}, ${machine.memoryMB} MB, load ${machine.loadBefore}, Node ${versions.node}`
  return `${measures}\n${where}\n${rows.join('\n')}\n`
}
