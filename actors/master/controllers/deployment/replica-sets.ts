// The ReplicaSets of a Deployment: which is the new one, how revisions are numbered, what a new one looks like.
import type { KubeObject } from '../../../../model/object.ts'
import type { Deployment, ReplicaSet } from '../../../../model/schema/kinds/apps-v1.ts'
import type { PodTemplateSpec } from '../../../../model/schema/kinds/core-v1.ts'
import { controllerReference } from '../ownership.ts'
import { maxSurge, replicasOf } from './fence-posts.ts'
import { sameTemplate, TEMPLATE_HASH, templateHash } from './template-hash.ts'

export const REVISION = 'deployment.kubernetes.io/revision'
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas'
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas'
const ROLLBACK_TO = 'deprecated.deployment.rollback.to'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** What a ReplicaSet does not take over from its Deployment. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  LAST_APPLIED,
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  ROLLBACK_TO,
])

type Annotations = Readonly<Record<string, string>>

export interface Generations {
  readonly newest: ReplicaSet | undefined
  /** Every other, in the order of creation. */
  readonly old: readonly ReplicaSet[]
}

const byCreation = (a: ReplicaSet, b: ReplicaSet): number => {
  const [from, to] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  return from !== to ? (from < to ? -1 : 1) : (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

/** The new one has the Deployment's template; of several the oldest, so that all who look agree. */
export function generations(deployment: Deployment, sets: readonly ReplicaSet[]): Generations {
  const sorted = sets.toSorted(byCreation)
  const newest = sorted.find((set) => sameTemplate(set.spec?.template, deployment.spec?.template))
  return { newest, old: sorted.filter((set) => set !== newest) }
}

export const isActiveSet = (set: ReplicaSet): boolean => replicasOf(set) > 0

function revisionOf(object: { readonly metadata: KubeObject['metadata'] }): number {
  const revision = Number(object.metadata.annotations?.[REVISION] ?? '0')
  return Number.isSafeInteger(revision) ? revision : 0
}

export const nextRevision = (old: readonly ReplicaSet[]): number => Math.max(0, ...old.map(revisionOf)) + 1

export const replicasAnnotations = (deployment: Deployment): Annotations => ({
  [DESIRED_REPLICAS]: String(replicasOf(deployment)),
  [MAX_REPLICAS]: String(replicasOf(deployment) + maxSurge(deployment)),
})

/** Annotations that the new ReplicaSet lacks: the Deployment's own, and its revision when others have overtaken it. */
export function missingAnnotations(deployment: Deployment, set: ReplicaSet, revision: number): Annotations {
  const has = set.metadata.annotations ?? {}
  const missing: Record<string, string> = {}
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!NOT_COPIED.has(key) && has[key] !== value) missing[key] = value
  if (revisionOf(set) < revision) {
    missing[REVISION] = String(revision)
    const before = has[REVISION]
    if (before) {
      const history = has[REVISION_HISTORY]
      missing[REVISION_HISTORY] = history ? `${history},${before}` : before
    }
  }
  return missing
}

export function newReplicaSet(deployment: Deployment, revision: number, replicas: number): KubeObject {
  const template: PodTemplateSpec = deployment.spec?.template ?? {}
  const hash = templateHash(template, deployment.status?.collisionCount)
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash }
  const { matchLabels, ...selector } = deployment.spec?.selector ?? {}
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key))
  const minReadySeconds = deployment.spec?.minReadySeconds
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: { ...Object.fromEntries(inherited), [REVISION]: String(revision), ...replicasAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** Old ones beyond the limit that have nothing left, the lowest revision first. */
export function beyondHistory(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10
  const alive = old.filter((set) => set.metadata.deletionTimestamp === undefined)
  return alive
    .toSorted((a, b) => revisionOf(a) - revisionOf(b) || byCreation(a, b))
    .slice(0, Math.max(0, alive.length - limit))
    .filter(
      (set) =>
        (set.status?.replicas ?? 0) === 0 &&
        replicasOf(set) === 0 &&
        (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
    )
}
