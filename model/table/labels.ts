// Labels and selectors as Tables print them: sorted by key, `<none>` when empty.
import type { LabelSelector, LabelSelectorRequirement } from '../schema/kinds/meta-v1.ts'
import { byText, NONE } from './columns.ts'

export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => byText(a, b))
  return pairs.length === 0 ? NONE : pairs.map(([key, value]) => `${key}=${value}`).join(',')
}

/** `app=a,tier in (back,front),!legacy` */
export function selectorText(selector: LabelSelector | undefined): string {
  const requirements: (readonly [key: string, text: string])[] = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => [key, `${key}=${value}`] as const),
    ...(selector?.matchExpressions ?? []).map((requirement) => [requirement.key, requirementText(requirement)] as const),
  ]
  requirements.sort(([a], [b]) => byText(a, b))
  return requirements.length === 0 ? NONE : requirements.map(([, text]) => text).join(',')
}

function requirementText({ key, operator, values }: LabelSelectorRequirement): string {
  const list = [...(values ?? [])].sort(byText).join(',')
  switch (operator) {
    case 'In':
      return `${key} in (${list})`
    case 'NotIn':
      return `${key} notin (${list})`
    case 'DoesNotExist':
      return `!${key}`
    default:
      return key
  }
}
