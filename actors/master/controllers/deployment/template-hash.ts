// The hash that names a ReplicaSet after its template. Stable for equal templates; only letters and digits that form no words.

import { semanticallyEqual } from '../../../../model/equality.ts'
import type { PodTemplateSpec } from '../../../../model/schema/kinds/core-v1.ts'

export const TEMPLATE_HASH = 'pod-template-hash'

const SAFE = 'bcdfghjklmnpqrstvwxz2456789'

/** `collisionCount` leads to another name when an unlike ReplicaSet has taken the first one. */
export function templateHash(template: PodTemplateSpec, collisionCount = 0): string {
  const text = `${canonical(template)}${collisionCount === 0 ? '' : collisionCount}`
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return [...String(hash >>> 0)].map((digit) => SAFE[digit.charCodeAt(0) % SAFE.length]).join('')
}

export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return semanticallyEqual(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec = {}): unknown {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {}
  return {
    spec: template.spec,
    annotations: template.metadata?.annotations ?? {},
    finalizers: template.metadata?.finalizers ?? [],
    labels,
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
