// Namespaces: their finalizers, and a phase that follows from whether they are being deleted.
import { type Errors, invalidValue, Path } from '../field.ts'
import { isQualifiedName } from '../names.ts'
import type { Namespace } from '../schema/kinds/core-v1.ts'
import { addWords, listed } from './checks.ts'
import { checkFinalizerName } from './metadata.ts'

const SPEC = Path.of('spec')

export function checkNamespace(errors: Errors, namespace: Namespace): void {
  for (const finalizer of listed(namespace.spec?.finalizers)) {
    addWords(errors, isQualifiedName(finalizer), SPEC.child('finalizers'), finalizer)
    checkFinalizerName(errors, finalizer, SPEC.child('finalizers'))
  }
}

export function checkNamespaceStatusUpdate(errors: Errors, { metadata, status }: Namespace): void {
  const phase = status?.phase ?? 'Active'
  const at = Path.of('status').child('Phase')
  if (metadata.deletionTimestamp) {
    if (phase !== 'Terminating')
      errors.push(invalidValue(at, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"))
  } else if (phase !== 'Active') {
    errors.push(invalidValue(at, phase, "may only be 'Active' if `deletionTimestamp` is empty"))
  }
}
