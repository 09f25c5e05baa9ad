// Leases: who holds one, for how long, and how it changes hands.
import { type Errors, forbiddenField, Path } from '../field.ts'
import { isQualifiedName } from '../names.ts'
import type { Lease } from '../schema/kinds/coordination-v1.ts'
import { addWords, checkNotNegative, checkPositive } from './checks.ts'

const SPEC = Path.of('spec')

export function checkLease(errors: Errors, { spec }: Lease): void {
  checkPositive(errors, spec?.leaseDurationSeconds, SPEC, 'leaseDurationSeconds')
  checkNotNegative(errors, spec?.leaseTransitions, SPEC, 'leaseTransitions')
  if (spec?.strategy) addWords(errors, isQualifiedName(spec.strategy), SPEC.child('strategy'), spec.strategy)
  if (spec?.preferredHolder !== undefined && !spec.strategy) {
    errors.push(forbiddenField(SPEC.child('preferredHolder'), 'can only be specified if a strategy is defined'))
  }
}
