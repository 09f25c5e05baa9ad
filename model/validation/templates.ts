// What kinds have in common that make pods from a template: their selector matches what they make.
import { type Errors, forbiddenField, invalidValue, notSupported, type Path, required } from '../field.ts'
import { type IntOrString, scaledValue } from '../intstr.ts'
import { isPercentage } from '../names.ts'
import type { PodTemplateSpec } from '../schema/kinds/core-v1.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { selectorOf } from '../selectors.ts'
import { addWords } from './checks.ts'
import { checkPodTemplate } from './pod-spec.ts'
import { checkLabelSelector, isEmptySelector } from './selectors.ts'

interface Templated {
  readonly selector?: LabelSelector | null
  readonly template?: PodTemplateSpec | null
}

/** `owner` as Kubernetes calls it in this place: `deployment`, also for replica sets. */
export function checkSelectedTemplate(errors: Errors, { selector, template }: Templated, path: Path, owner: string): void {
  const before = errors.length
  if (!selector) errors.push(required(path.child('selector')))
  else {
    checkLabelSelector(errors, selector, path.child('selector'))
    if (errors.length > before) {
      errors.push(invalidValue(path.child('selector'), selector, 'invalid label selector'))
      return
    }
    if (isEmptySelector(selector)) {
      errors.push(invalidValue(path.child('selector'), selector, `empty selector is invalid for ${owner}`))
    }
  }
  checkTemplateLabels(errors, selector, template, path.child('template'))
  checkEndlessTemplate(errors, template, path.child('template'))
}

export function checkTemplateLabels(
  errors: Errors,
  selector: LabelSelector | null | undefined,
  template: PodTemplateSpec | null | undefined,
  path: Path,
): void {
  const labels = template?.metadata?.labels ?? {}
  if (selector && isEmptySelector(selector)) return
  if (selectorOf(selector).matches(labels)) return
  const at = path.child('metadata').child('labels')
  errors.push(invalidValue(at, labels, '`selector` does not match template `labels`'))
}

/** Pods that are replaced whenever they end have no end of their own. */
export function checkEndlessTemplate(errors: Errors, template: PodTemplateSpec | null | undefined, path: Path): void {
  checkPodTemplate(errors, template, path)
  const spec = template?.spec
  const at = path.child('spec')
  if (spec?.restartPolicy && spec.restartPolicy !== 'Always') {
    errors.push(notSupported(at.child('restartPolicy'), spec.restartPolicy, ['Always']))
  }
  if (typeof spec?.activeDeadlineSeconds === 'number') {
    errors.push(forbiddenField(at.child('activeDeadlineSeconds'), 'activeDeadlineSeconds in ReplicaSet is not Supported'))
  }
}

/** A count or a share of a hundred; answers whether it is one. */
export function checkCountOrPercentage(errors: Errors, value: IntOrString | null | undefined, path: Path): boolean {
  if (value === null || value === undefined) return true
  const before = errors.length
  if (typeof value === 'string') addWords(errors, isPercentage(value), path, value)
  else if (value < 0) errors.push(invalidValue(path, value, 'must be greater than or equal to 0'))
  return errors.length === before
}

export function checkAtMostAll(errors: Errors, value: IntOrString | null | undefined, path: Path): void {
  if (typeof value === 'string' && (scaledValue(value, 100, 'up') ?? 0) > 100) {
    errors.push(invalidValue(path, value, 'must not be greater than 100%'))
  }
}

export const isNone = (value: IntOrString | null | undefined): boolean =>
  value === null || value === undefined || scaledValue(value, 100, 'up') === 0
