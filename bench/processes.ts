// What the kernel says about a process: memory from smaps_rollup, processor time over all threads.
import { readdirSync, readFileSync } from 'node:fs'

export interface Memory {
  readonly rssMB: number
  /** Pages that several processes share are counted in parts. */
  readonly pssMB: number
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024
  return { rssMB: megabytes('Rss'), pssMB: megabytes('Pss') }
}

/** In nanoseconds of the scheduler, where ticks of 10 ms would be too coarse for idle processes. */
export const cpuMsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, each) => sum + each, 0)

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
