// Which of the objects that lie around belong to a controller: those it owns and that fit, those it must let go, and
// orphans that fit and that it may take.
import { controllerOf, type KubeObject, type OwnerReference } from '../../../model/object.ts'

export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: KubeObject['metadata']
}

export interface Claims<T> {
  /** Owned and fitting. */
  readonly mine: readonly T[]
  readonly adopt: readonly T[]
  readonly release: readonly T[]
}

export const controllerReference = (owner: Owner): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name ?? '',
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})

/** An owner that is being deleted takes nothing and lets nothing go. */
export function claim<T extends { readonly metadata: KubeObject['metadata'] }>(
  owner: Owner,
  candidates: Iterable<T>,
  fits: (candidate: T) => boolean,
): Claims<T> {
  const mine: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  const ending = owner.metadata.deletionTimestamp !== undefined
  for (const candidate of candidates) {
    const controller = controllerOf(candidate)
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue
      if (fits(candidate)) mine.push(candidate)
      else if (!ending && candidate.metadata.deletionTimestamp === undefined) release.push(candidate)
    } else if (!ending && candidate.metadata.deletionTimestamp === undefined && fits(candidate)) adopt.push(candidate)
  }
  return { mine, adopt, release }
}

export const adopted = (candidate: { readonly metadata: KubeObject['metadata'] }, owner: Owner): readonly OwnerReference[] => [
  ...(candidate.metadata.ownerReferences ?? []),
  controllerReference(owner),
]

export const released = (candidate: { readonly metadata: KubeObject['metadata'] }, owner: Owner): readonly OwnerReference[] =>
  (candidate.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid)
