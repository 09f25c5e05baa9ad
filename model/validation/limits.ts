// What bounds others: quotas, limit ranges, priorities and runtime classes.
import { equalJson, semanticallyEqual } from '../equality.ts'
import { duplicate, type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import { isDns1123Label, isQualifiedName } from '../names.ts'
import type { KubeObject, ObjectMeta } from '../object.ts'
import type { LimitRange, LimitRangeItem, ResourceQuota, Toleration } from '../schema/kinds/core-v1.ts'
import { addWords, IMMUTABLE, keysOf, listed } from './checks.ts'
import { checkLabels } from './metadata.ts'
import {
  amountOf,
  checkNotNegativeAmount,
  checkQuotaResourceName,
  checkResourceAmount,
  checkResourceName,
  compareAmounts,
} from './quantities.ts'
import { checkTolerations } from './scheduling.ts'

const SPEC = Path.of('spec')

const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
]
const CONFLICTING = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
]

export function checkResourceQuota(errors: Errors, { spec }: ResourceQuota): void {
  const hard = spec?.hard ?? {}
  for (const name of keysOf(hard)) {
    const at = SPEC.child('hard').at(name)
    checkQuotaResourceName(errors, name, at)
    checkResourceAmount(errors, name, hard[name] ?? '', at)
  }
  const scopes = listed(spec?.scopes)
  const wrong = (words: string): void => {
    errors.push(invalidValue(SPEC.child('scopes'), scopes, words))
  }
  if (scopes.some((scope) => !SCOPES.includes(scope))) wrong('unsupported scope')
  if (CONFLICTING.some((pair) => pair.every((scope) => scopes.includes(scope)))) wrong('conflicting scopes')
  if (scopes.includes('BestEffort') && keysOf(hard).some((name) => name !== 'pods'))
    wrong('unsupported scope applied to resource')
}

export function checkResourceQuotaUpdate(errors: Errors, quota: ResourceQuota, old: ResourceQuota): void {
  checkResourceQuota(errors, quota)
  if (!semanticallyEqual(quota.spec?.scopes, old.spec?.scopes)) {
    errors.push(invalidValue(SPEC.child('scopes'), quota.spec?.scopes ?? null, IMMUTABLE))
  }
}

export function checkLimitRange(errors: Errors, { spec }: LimitRange): void {
  const types = new Set<string>()
  for (const [i, limit] of listed(spec?.limits).entries()) {
    const at = SPEC.child('limits').at(i)
    addWords(errors, isQualifiedName(limit.type ?? ''), at.child('type'), limit.type ?? '')
    if (types.has(limit.type)) errors.push(duplicate(at.child('type'), limit.type))
    types.add(limit.type)
    checkLimit(errors, limit, at)
  }
}

const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

function checkLimit(errors: Errors, limit: LimitRangeItem, path: Path): void {
  if (limit.type === 'Pod') {
    for (const list of ['default', 'defaultRequest'] as const) {
      if (keysOf(limit[list]).length > 0)
        errors.push(forbiddenField(path.child(list), "may not be specified when `type` is 'Pod'"))
    }
  }
  if (limit.type === 'PersistentVolumeClaim' && !limit.min?.storage && !limit.max?.storage) {
    const words = 'either minimum or maximum storage value is required, but neither was provided'
    errors.push(required(path.child('limits'), words))
  }
  const names = new Set(LISTS.flatMap((list) => keysOf(limit[list])))
  for (const list of LISTS) {
    for (const name of keysOf(limit[list])) {
      checkResourceName(errors, name, path.child(list).at(name))
    }
  }
  for (const name of names) checkOrder(errors, name, limit, path)
}

/** min ≤ default request ≤ default ≤ max. */
function checkOrder(errors: Errors, name: string, limit: LimitRangeItem, path: Path): void {
  const [min, max, request, value] = [limit.min?.[name], limit.max?.[name], limit.defaultRequest?.[name], limit.default?.[name]]
  const exceeds = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && compareAmounts(a, b) > 0
  const wrong = (list: (typeof LISTS)[number], amount: string | undefined, words: string): void => {
    errors.push(invalidValue(path.child(list).at(name), amount, words))
  }
  if (exceeds(min, max)) wrong('min', min, `min value ${min} is greater than max value ${max}`)
  if (exceeds(min, request)) wrong('defaultRequest', request, `min value ${min} is greater than default request value ${request}`)
  if (exceeds(request, max)) wrong('defaultRequest', request, `default request value ${request} is greater than max value ${max}`)
  if (exceeds(request, value))
    wrong('defaultRequest', request, `default request value ${request} is greater than default limit value ${value}`)
  if (exceeds(min, value)) wrong('default', value, `min value ${min} is greater than default value ${value}`)
  if (exceeds(value, max)) wrong('default', value, `default value ${value} is greater than max value ${max}`)
  checkRatio(errors, name, limit, path)
}

function checkRatio(errors: Errors, name: string, { maxLimitRequestRatio, min, max }: LimitRangeItem, path: Path): void {
  const ratio = maxLimitRequestRatio?.[name]
  if (ratio === undefined) return
  const at = path.child('maxLimitRequestRatio').at(name)
  if (compareAmounts(ratio, '1') < 0) errors.push(invalidValue(at, ratio, `ratio ${ratio} is less than 1`))
  const [least, most] = [Number(amountOf(min?.[name]).nanos), Number(amountOf(max?.[name]).nanos)]
  if (least > 0 && most > 0 && Number(amountOf(ratio).nanos) / 1e9 > most / least) {
    errors.push(invalidValue(at, ratio, `ratio ${ratio} is greater than max/min = ${(most / least).toFixed(6)}`))
  }
}

const HIGHEST_USER_PRIORITY = 1_000_000_000
const SYSTEM_PRIORITIES: ReadonlySet<string> = new Set(['system-cluster-critical', 'system-node-critical'])

export interface PriorityClass {
  readonly metadata: ObjectMeta
  readonly value?: number
  readonly preemptionPolicy?: string
}

export function checkPriorityClass(errors: Errors, { metadata, value = 0, preemptionPolicy }: PriorityClass): void {
  const name = metadata.name ?? ''
  if (!name.startsWith('system-')) {
    if (value > HIGHEST_USER_PRIORITY) {
      const words = `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`
      errors.push(forbiddenField(Path.of('value'), words))
    }
  } else if (!SYSTEM_PRIORITIES.has(name)) {
    const words = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`
    errors.push(forbiddenField(Path.of('metadata').child('name'), words))
  }
  const policies = ['PreemptLowerPriority', 'Never']
  if (preemptionPolicy && !policies.includes(preemptionPolicy)) {
    errors.push(notSupported(Path.of('preemptionPolicy'), preemptionPolicy, policies))
  }
}

export function checkPriorityClassUpdate(errors: Errors, priority: PriorityClass, old: PriorityClass): void {
  if ((priority.value ?? 0) !== (old.value ?? 0))
    errors.push(forbiddenField(Path.of('value'), 'may not be changed in an update.'))
  if (priority.preemptionPolicy !== old.preemptionPolicy) {
    errors.push(invalidValue(Path.of('preemptionPolicy'), priority.preemptionPolicy ?? '', IMMUTABLE))
  }
}

export interface RuntimeClass {
  readonly handler: string
  readonly overhead?: { readonly podFixed?: Readonly<Record<string, string>> }
  readonly scheduling?: { readonly nodeSelector?: Readonly<Record<string, string>>; readonly tolerations?: readonly Toleration[] }
}

export function checkRuntimeClass(errors: Errors, { handler, overhead, scheduling }: RuntimeClass): void {
  addWords(errors, isDns1123Label(handler ?? ''), Path.of('handler'), handler ?? '')
  for (const name of keysOf(overhead?.podFixed)) {
    checkNotNegativeAmount(errors, overhead?.podFixed?.[name] ?? '', Path.of('overhead').child('limits').at(name))
  }
  if (!scheduling) return
  const at = Path.of('scheduling')
  checkLabels(errors, scheduling.nodeSelector, at.child('nodeSelector'))
  checkTolerations(errors, listed(scheduling.tolerations), at.child('tolerations').child('tolerations'))
}

export function checkRuntimeClassUpdate(errors: Errors, runtime: RuntimeClass, old: RuntimeClass): void {
  if (runtime.handler !== old.handler) errors.push(invalidValue(Path.of('handler'), runtime.handler, IMMUTABLE))
}

/** Revisions are written once. */
export function checkControllerRevisionUpdate(errors: Errors, revision: KubeObject, old: KubeObject): void {
  if (!equalJson(revision.data ?? null, old.data ?? null))
    errors.push(invalidValue(Path.of('data'), revision.data ?? null, IMMUTABLE))
}
