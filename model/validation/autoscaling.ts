// Autoscalers and disruption budgets: how many pods there shall be, and how many must stay.
import { type Errors, invalidValue, Path, required } from '../field.ts'
import type { IntOrString } from '../intstr.ts'
import { isPathSegmentName } from '../names.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { addWords, checkNotNegative, checkOneOf, checkOneOfIfSaid, checkPositive, checkRequired, listed } from './checks.ts'
import { checkLabelSelector } from './selectors.ts'
import { checkAtMostAll, checkCountOrPercentage } from './templates.ts'

const SPEC = Path.of('spec')
const MAX_WINDOW_SECONDS = 3600
const MAX_PERIOD_SECONDS = 1800

interface ScalingRules {
  readonly stabilizationWindowSeconds?: number
  readonly selectPolicy?: string
  readonly policies?: readonly { readonly type: string; readonly value: number; readonly periodSeconds: number }[]
}

export interface HorizontalPodAutoscaler {
  readonly spec?: {
    readonly minReplicas?: number
    readonly maxReplicas: number
    readonly scaleTargetRef: { readonly kind: string; readonly name: string }
    readonly behavior?: { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules }
  }
}

export function checkAutoscaler(errors: Errors, { spec }: HorizontalPodAutoscaler): void {
  if (!spec) return
  const { minReplicas, maxReplicas = 0, scaleTargetRef, behavior } = spec
  if (typeof minReplicas === 'number' && minReplicas < 1) {
    errors.push(invalidValue(SPEC.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'))
  }
  if (maxReplicas < 1) errors.push(invalidValue(SPEC.child('maxReplicas'), maxReplicas, 'must be greater than 0'))
  if (typeof minReplicas === 'number' && maxReplicas < minReplicas) {
    errors.push(invalidValue(SPEC.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'))
  }
  for (const field of ['kind', 'name'] as const) {
    const value = scaleTargetRef?.[field]
    if (checkRequired(errors, value, SPEC.child('scaleTargetRef'), field)) {
      addWords(errors, isPathSegmentName(value ?? ''), SPEC.child('scaleTargetRef').child(field), value)
    }
  }
  if (behavior?.scaleUp) checkScalingRules(errors, behavior.scaleUp, SPEC.child('behavior').child('scaleUp'))
  if (behavior?.scaleDown) checkScalingRules(errors, behavior.scaleDown, SPEC.child('behavior').child('scaleDown'))
}

function checkScalingRules(errors: Errors, rules: ScalingRules, path: Path): void {
  const { stabilizationWindowSeconds: window, policies } = rules
  checkNotNegative(errors, window, path, 'stabilizationWindowSeconds')
  if (typeof window === 'number' && window > MAX_WINDOW_SECONDS) {
    const words = `must be less than or equal to ${MAX_WINDOW_SECONDS}`
    errors.push(invalidValue(path.child('stabilizationWindowSeconds'), window, words))
  }
  checkOneOfIfSaid(errors, rules.selectPolicy, ['Disabled', 'Max', 'Min'], path, 'selectPolicy')
  if (listed(policies).length === 0) errors.push(required(path.child('policies'), 'must specify at least one Policy'))
  for (const [i, { type, value, periodSeconds }] of listed(policies).entries()) {
    const at = path.child('policies').at(i)
    checkOneOf(errors, type, ['Percent', 'Pods'], at, 'type')
    checkPositive(errors, value ?? 0, at, 'value')
    checkPositive(errors, periodSeconds ?? 0, at, 'periodSeconds')
    if (periodSeconds > MAX_PERIOD_SECONDS) {
      errors.push(invalidValue(at.child('periodSeconds'), periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`))
    }
  }
}

export interface PodDisruptionBudget {
  readonly spec?: {
    readonly minAvailable?: IntOrString | null
    readonly maxUnavailable?: IntOrString | null
    readonly selector?: LabelSelector
    readonly unhealthyPodEvictionPolicy?: string
  }
}

export function checkDisruptionBudget(errors: Errors, { spec }: PodDisruptionBudget): void {
  if (!spec) return
  const { minAvailable, maxUnavailable } = spec
  const said = (value: IntOrString | null | undefined): boolean => value !== undefined && value !== null
  if (said(minAvailable) && said(maxUnavailable)) {
    errors.push(invalidValue(SPEC, spec, 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    checkCountOrPercentage(errors, spec[field], SPEC.child(field))
    checkAtMostAll(errors, spec[field], SPEC.child(field))
  }
  checkLabelSelector(errors, spec.selector, SPEC.child('selector'))
  checkOneOfIfSaid(
    errors,
    spec.unhealthyPodEvictionPolicy,
    ['AlwaysAllow', 'IfHealthyBudget'],
    SPEC,
    'unhealthyPodEvictionPolicy',
  )
}
