// An object reduced to its metadata: what garbage collectors and other clients ask for that need no more.
import type { KubeObject, ObjectMeta } from '../object.ts'
import type { ListMeta } from '../schema/kinds/meta-v1.ts'

/** Versions of `meta.k8s.io` in which tables and metadata can be asked for. */
export type MetaVersion = 'v1' | 'v1beta1'

export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata'
  readonly apiVersion: `meta.k8s.io/${MetaVersion}`
  readonly metadata: ObjectMeta
}

interface PartialObjectMetadataList {
  readonly kind: 'PartialObjectMetadataList'
  readonly apiVersion: `meta.k8s.io/${MetaVersion}`
  readonly metadata: ListMeta
  readonly items: readonly PartialObjectMetadata[]
}

export const partialMetadata = ({ metadata }: KubeObject, version: MetaVersion = 'v1'): PartialObjectMetadata => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
})

export const partialMetadataList = (
  objects: readonly KubeObject[],
  metadata: ListMeta,
  version: MetaVersion = 'v1',
): PartialObjectMetadataList => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
  items: objects.map((object) => partialMetadata(object, version)),
})
