// Rows of jobs and cron jobs.
import type { PodTemplateSpec } from '../schema/kinds/core-v1.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { humanDuration, parseTime } from '../time.ts'
import {
  AGE,
  age,
  CONTAINERS,
  column,
  count,
  IMAGES,
  isAbsent,
  isBeingDeleted,
  NAME,
  type Named,
  NONE,
  nameOf,
  printer,
  SELECTOR,
  since,
} from './columns.ts'
import { selectorText } from './labels.ts'
import { templateCells } from './workloads.ts'

interface JobSpec {
  readonly completions?: number
  readonly parallelism?: number
  readonly selector?: LabelSelector
  readonly template?: PodTemplateSpec
}

interface Job extends Named {
  readonly spec?: JobSpec
  readonly status?: {
    readonly succeeded?: number
    readonly startTime?: string
    readonly completionTime?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export const jobs = printer<Job>(
  [
    NAME,
    column('Status', 'How the job is.'),
    column('Completions', 'Pods that succeeded, of those that must.'),
    column('Duration', 'How long it has run, or ran.'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  (job, nowMs) => [
    nameOf(job),
    statusText(job),
    completionsText(job),
    durationText(job, nowMs),
    age(job, nowMs),
    ...templateCells(job.spec?.template),
    selectorText(job.spec?.selector),
  ],
)

function statusText({ metadata, status }: Job): string {
  const holds = (type: string): boolean => (status?.conditions ?? []).some((c) => c.type === type && c.status === 'True')
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (isBeingDeleted({ metadata })) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running'
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (!isAbsent(spec?.completions)) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationText({ status }: Job, nowMs: number): string {
  const start = status?.startTime ? parseTime(status.startTime) : undefined
  if (start === undefined) return ''
  const end = status?.completionTime ? parseTime(status.completionTime) : undefined
  return humanDuration((end ?? nowMs) - start)
}

interface CronJob extends Named {
  readonly spec?: {
    readonly schedule?: string
    readonly timeZone?: string
    readonly suspend?: boolean
    readonly jobTemplate?: { readonly spec?: JobSpec }
  }
  readonly status?: { readonly active?: readonly unknown[]; readonly lastScheduleTime?: string }
}

export const cronJobs = printer<CronJob>(
  [
    NAME,
    column('Schedule', 'When it starts jobs.'),
    column('Timezone', 'Of the schedule.'),
    column('Suspend', 'Whether it starts none for now.', 'boolean'),
    count('Active', 'Jobs that run.'),
    column('Last Schedule', 'How long ago the last job was due.'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  ({ metadata, spec, status }, nowMs) => [
    nameOf({ metadata }),
    spec?.schedule ?? '',
    spec?.timeZone ?? NONE,
    // A column of booleans whose cells are words: so real servers answer.
    isAbsent(spec?.suspend) ? '<unset>' : spec.suspend ? 'True' : 'False',
    status?.active?.length ?? 0,
    status?.lastScheduleTime ? since(status.lastScheduleTime, nowMs) : NONE,
    age({ metadata }, nowMs),
    ...templateCells(spec?.jobTemplate?.spec?.template),
    selectorText(spec?.jobTemplate?.spec?.selector),
  ],
)
