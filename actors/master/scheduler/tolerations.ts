// Taints and tolerations, as Kubernetes compares them.
import type { Taint, Toleration } from '../../../model/schema/kinds/core-v1.ts'

/** An empty effect tolerates every effect; an empty key with Exists every taint; Gt and Lt compare whole numbers. */
export function tolerates({ effect, key, operator = 'Equal', value = '' }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (!key && operator !== 'Exists') return false
  if (operator === 'Exists') return true
  const has = taint.value ?? ''
  if (operator === 'Gt' || operator === 'Lt') {
    const [left, right] = [Number.parseInt(has, 10), Number.parseInt(value, 10)]
    return operator === 'Gt' ? left > right : left < right
  }
  return operator === 'Equal' && value === has
}

export const firstUntolerated = (
  taints: readonly Taint[] = [],
  tolerations: readonly Toleration[] = [],
  effects: readonly string[],
): Taint | undefined =>
  taints.find((taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)))
