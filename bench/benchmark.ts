// What a benchmark is, and what is kept of one: for each figure its median, its range and how often it was taken, with the
// machine and the versions that it holds for.
import { cpus, totalmem } from 'node:os'
import { version } from '../cli/version.ts'

export interface Benchmark {
  readonly name: string
  readonly measures: string
  /** Takes its samples; says on stderr how far it is. */
  readonly run: (progress: (text: string) => void) => Promise<Samples>
}

type Unit = 'ms' | 'MB' | '% of a core' | '1/s' | 's CPU'

export interface Sampled {
  readonly unit: Unit
  readonly values: readonly number[]
  /** What the project wants the median to be at most; of the 99th percentile where that is what is wanted. */
  readonly target?: number
  readonly targetP99?: number
}

/** By the name of the figure. */
export type Samples = Readonly<Record<string, Sampled>>

interface Figure {
  readonly unit: Unit
  readonly median: number
  readonly range: readonly [number, number]
  readonly p99?: number
  readonly samples: number
  readonly target?: number
  readonly targetP99?: number
}

export interface Result {
  readonly name: string
  readonly measures: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryMB: number; readonly loadBefore: number }
  readonly date: string
  readonly versions: { readonly node: string; readonly kinora: string }
  readonly figures: Readonly<Record<string, Figure>>
}

/** Fewer say nothing about one in a hundred. */
const SAMPLES_FOR_P99 = 100

export function resultOf({ name, measures }: Benchmark, samples: Samples, loadBefore: number): Result {
  const [cpu] = cpus()
  return {
    name,
    measures,
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryMB: Math.round(totalmem() / 2 ** 20),
      loadBefore: round(loadBefore),
    },
    date: new Date().toISOString(),
    versions: { node: process.version, kinora: version() },
    figures: Object.fromEntries(Object.entries(samples).map(([figure, sampled]) => [figure, figureOf(sampled)])),
  }
}

function figureOf({ unit, values, target, targetP99 }: Sampled): Figure {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    unit,
    median: round(at(sorted, 0.5)),
    range: [round(at(sorted, 0)), round(at(sorted, 1))],
    ...(sorted.length >= SAMPLES_FOR_P99 ? { p99: round(at(sorted, 0.99)) } : {}),
    samples: sorted.length,
    ...(target === undefined ? {} : { target }),
    ...(targetP99 === undefined ? {} : { targetP99 }),
  }
}

/** Nearest rank: a value that was measured, never one between two. */
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN

const round = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
