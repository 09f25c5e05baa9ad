// Jobs and cron jobs.
import { semanticallyEqual } from '../equality.ts'
import { type Errors, invalidValue, notSupported, Path, required } from '../field.ts'
import { isDns1123Subdomain, type Words } from '../names.ts'
import type { ObjectMeta } from '../object.ts'
import type { PodTemplateSpec } from '../schema/kinds/core-v1.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { checkNotNegative, checkOneOf, checkOneOfIfSaid, IMMUTABLE, listed } from './checks.ts'
import { checkPodTemplate } from './pod-spec.ts'
import { checkLabelSelector } from './selectors.ts'
import { checkTemplateLabels } from './templates.ts'

interface JobSpec {
  readonly parallelism?: number
  readonly completions?: number
  readonly backoffLimit?: number
  readonly activeDeadlineSeconds?: number
  readonly ttlSecondsAfterFinished?: number
  readonly completionMode?: string
  readonly manualSelector?: boolean
  readonly selector?: LabelSelector
  readonly template: PodTemplateSpec
  readonly podFailurePolicy?: { readonly rules: readonly FailureRule[] }
}

interface FailureRule {
  readonly action: string
  readonly onExitCodes?: { readonly containerName?: string; readonly operator: string; readonly values: readonly number[] } | null
  readonly onPodConditions?: readonly { readonly type: string; readonly status: string }[] | null
}

export interface Job {
  readonly metadata: ObjectMeta
  readonly spec?: JobSpec
}

export interface CronJob {
  readonly metadata: ObjectMeta
  readonly spec?: {
    readonly schedule: string
    readonly timeZone?: string
    readonly startingDeadlineSeconds?: number
    readonly concurrencyPolicy?: string
    readonly successfulJobsHistoryLimit?: number
    readonly failedJobsHistoryLimit?: number
    readonly jobTemplate?: { readonly spec?: JobSpec }
  }
}

const SPEC = Path.of('spec')
const UID_LABEL = 'batch.kubernetes.io/controller-uid'
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const CONCURRENCY = ['Allow', 'Forbid', 'Replace']
const NUMBERS = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'] as const

export function checkJob(errors: Errors, { metadata, spec }: Job): void {
  if (!spec) return
  checkJobSpec(errors, spec, SPEC)
  const { selector, template } = spec
  if (!selector) errors.push(required(SPEC.child('selector')))
  else checkLabelSelector(errors, selector, SPEC.child('selector'))
  checkTemplateLabels(errors, selector, template, SPEC.child('template'))
  if (spec.manualSelector === true || !selector) return
  if (!semanticallyEqual(selector, { matchLabels: { [UID_LABEL]: metadata.uid } })) {
    errors.push(invalidValue(SPEC.child('selector'), selector, '`selector` not auto-generated'))
  }
}

export function checkJobUpdate(errors: Errors, job: Job, old: Job): void {
  checkJob(errors, job)
  const [spec, before] = [job.spec, old.spec]
  if (!spec || !before) return
  for (const field of ['selector', 'template', 'completionMode', 'podFailurePolicy'] as const) {
    if (!semanticallyEqual(spec[field], before[field])) {
      errors.push(invalidValue(SPEC.child(field), spec[field] ?? null, IMMUTABLE))
    }
  }
  if (spec.completionMode !== 'Indexed' && spec.completions !== before.completions) {
    errors.push(invalidValue(SPEC.child('completions'), spec.completions ?? null, IMMUTABLE))
  }
}

function checkJobSpec(errors: Errors, spec: JobSpec, path: Path): void {
  for (const field of NUMBERS) checkNotNegative(errors, spec[field], path, field)
  checkOneOfIfSaid(errors, spec.completionMode, ['Indexed', 'NonIndexed'], path, 'completionMode')
  if (spec.completionMode === 'Indexed' && typeof spec.completions !== 'number') {
    errors.push(required(path.child('completions'), 'when completion mode is Indexed'))
  }
  const at = path.child('template')
  checkPodTemplate(errors, spec.template, at)
  const restartPolicy = spec.template?.spec?.restartPolicy
  if (!restartPolicy || restartPolicy === 'Always') {
    errors.push(required(at.child('spec').child('restartPolicy'), 'valid values: "OnFailure", "Never"'))
  }
  if (!spec.podFailurePolicy) return
  if (restartPolicy !== 'Never') {
    const words = 'only "Never" is supported when podFailurePolicy is specified'
    errors.push(invalidValue(at.child('spec').child('restartPolicy'), restartPolicy ?? '', words))
  }
  const { containers, initContainers } = spec.template?.spec ?? { containers: [] }
  const names = [...listed(containers), ...listed(initContainers)].map(({ name }) => name)
  for (const [i, rule] of listed(spec.podFailurePolicy.rules).entries()) {
    checkFailureRule(errors, rule, names, path.child('podFailurePolicy').child('rules').at(i))
  }
}

function checkFailureRule(errors: Errors, rule: FailureRule, names: readonly string[], path: Path): void {
  checkOneOf(errors, rule.action, ACTIONS, path, 'action')
  const { onExitCodes } = rule
  const conditions = listed(rule.onPodConditions)
  if (!onExitCodes && conditions.length === 0) {
    errors.push({
      type: 'FieldValueInvalid',
      field: path.toString(),
      detail: 'Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
    })
  }
  if (!onExitCodes) return
  const at = path.child('onExitCodes')
  checkOneOf(errors, onExitCodes.operator, OPERATORS, at, 'operator')
  if (onExitCodes.containerName && !names.includes(onExitCodes.containerName)) {
    const words = 'must be one of the container or initContainer names in the pod template'
    errors.push(invalidValue(at.child('containerName'), onExitCodes.containerName, words))
  }
  const values = listed(onExitCodes.values)
  if (values.length === 0) errors.push(invalidValue(at.child('values'), values, 'at least one value is required'))
  for (const [i, value] of values.entries()) {
    if (value === 0 && onExitCodes.operator === 'In') {
      errors.push(invalidValue(at.child('values').at(i), value, 'must not be 0 for the In operator'))
    }
  }
  if (values.some((value, i) => i > 0 && value < (values[i - 1] ?? value))) {
    errors.push(invalidValue(at.child('values'), values, 'must be ordered'))
  }
}

/** The names of its jobs are its own with eleven characters more. */
export function isCronJobName(name: string): Words {
  return [...isDns1123Subdomain(name), ...(name.length > 52 ? ['must be no more than 52 characters'] : [])]
}

export function checkCronJob(errors: Errors, { spec }: CronJob): void {
  if (!spec) return
  if (!spec.schedule) errors.push(required(SPEC.child('schedule')))
  else checkSchedule(errors, spec.schedule, SPEC.child('schedule'))
  if (spec.timeZone !== undefined && spec.timeZone !== null) checkTimeZone(errors, spec.timeZone, SPEC.child('timeZone'))
  checkNotNegative(errors, spec.startingDeadlineSeconds, SPEC, 'startingDeadlineSeconds')
  checkOneOf(errors, spec.concurrencyPolicy, CONCURRENCY, SPEC, 'concurrencyPolicy')
  checkNotNegative(errors, spec.successfulJobsHistoryLimit, SPEC, 'successfulJobsHistoryLimit')
  checkNotNegative(errors, spec.failedJobsHistoryLimit, SPEC, 'failedJobsHistoryLimit')
  const at = SPEC.child('jobTemplate').child('spec')
  const job = spec.jobTemplate?.spec
  checkJobSpec(errors, job ?? ({} as JobSpec), at)
  if (job?.manualSelector === true) errors.push(notSupported(at.child('manualSelector'), true, ['nil', 'false']))
}

const field = String.raw`(?:\*|\?|[0-9A-Za-z]+(?:-[0-9A-Za-z]+)?)(?:\/\d+)?`
const fields = `${field}(?:,${field})*`
const schedule = new RegExp(
  String.raw`^(?:${fields}(?:\s+${fields}){4}|@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)|@every\s+\S+)$`,
)

function checkSchedule(errors: Errors, text: string, path: Path): void {
  if (text.includes('TZ')) {
    errors.push(invalidValue(path, text, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'))
  } else if (!schedule.test(text.trim())) {
    const count = text.trim().split(/\s+/).length
    errors.push(
      invalidValue(
        path,
        text,
        count === 5 ? `failed to parse: ${text}` : `expected exactly 5 fields, found ${count}: [${text.trim()}]`,
      ),
    )
  }
}

/** Which zones exist the controller finds out; their names have a form. */
function checkTimeZone(errors: Errors, zone: string, path: Path): void {
  if (zone === '') errors.push(invalidValue(path, zone, 'timeZone must be nil or non-empty string'))
  else if (zone.toLowerCase() === 'local') {
    errors.push(invalidValue(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'))
  } else if (!isTimeZone(zone)) {
    errors.push(invalidValue(path, zone, `unknown time zone ${zone}`))
  }
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
