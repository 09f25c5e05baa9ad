// Whether a label selector within an object is well-formed.
import { type Errors, forbiddenField, invalidValue, type Path, required } from '../field.ts'
import { isLabelValue, isQualifiedName } from '../names.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { addWords, listed } from './checks.ts'
import { checkLabels } from './metadata.ts'

export function checkLabelSelector(errors: Errors, selector: LabelSelector | null | undefined, path: Path): void {
  if (!selector) return
  checkLabels(errors, selector.matchLabels, path.child('matchLabels'))
  for (const [i, requirement] of listed(selector.matchExpressions).entries()) {
    const at = path.child('matchExpressions').at(i)
    const values = listed(requirement.values)
    switch (requirement.operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) {
          errors.push(required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"))
        }
        break
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) {
          errors.push(forbiddenField(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
        }
        break
      default:
        errors.push(invalidValue(at.child('operator'), requirement.operator ?? '', 'not a valid selector operator'))
    }
    addWords(errors, isQualifiedName(requirement.key ?? ''), at.child('key'), requirement.key ?? '')
    for (const [j, value] of values.entries()) addWords(errors, isLabelValue(value), at.child('values').at(j), value)
  }
}

export const isEmptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + listed(selector.matchExpressions).length === 0
