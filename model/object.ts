// What every API object has in common, and how a resource, an object and its owner are named.
import type { ObjectMeta, OwnerReference } from './schema/kinds/meta-v1.ts'

export type { ObjectMeta, OwnerReference }

/** Any API object, built-in or not, as decoded JSON. Treated as frozen once it has been stored. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/** JSON as it comes from outside, before anything is known about it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * A resource in the form `plural.group`, or the plural alone in the core group, as Kubernetes' GroupResource prints it:
 * `pods`, `deployments.apps`, `leases.coordination.k8s.io`.
 */
export type ResourceName = string

/** `pods` + `` → `pods`; `deployments` + `apps` → `deployments.apps`. */
export const resourceName = (plural: string, group: string): ResourceName => (group === '' ? plural : `${plural}.${group}`)

/** `apps/v1` → group `apps`, version `v1`; `v1` → the core group, whose name is empty. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

export const apiVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`)

/** The owner that manages an object: at most one reference has `controller: true`. */
export const controllerOf = (object: { readonly metadata: ObjectMeta }): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)
