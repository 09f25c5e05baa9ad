// Whether labels match a selector as objects carry it (metav1.LabelSelector). An empty selector matches everything, an
// absent one nothing.
import type { LabelSelector } from '../../../model/schema/kinds/meta-v1.ts'

type Labels = Readonly<Record<string, string>>

export function matches(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (selector === undefined) return false
  return (
    matchesAll(selector.matchLabels ?? {}, labels) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        default:
          return operator === 'DoesNotExist' && value === undefined
      }
    })
  )
}

export const matchesAll = (wanted: Labels, labels: Labels = {}): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value)
