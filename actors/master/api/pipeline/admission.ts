// Built-in admission: steps that complete an object or refuse it, in a fixed order. Another plug-in is one more line.

import type { KubeObject } from '../../../../model/object.ts'
import type { Namespace, PodSpec, Toleration } from '../../../../model/schema/kinds/core-v1.ts'
import type { ResourceInfo } from '../../../../model/schema/resources.ts'
import { failure, forbidden, notFound, type Status } from '../../../../model/status.ts'
import type { User } from '../api.protocol.ts'
import { nodeOf } from '../authorise.ts'
import { type Asked, type Facts, subjectOf } from './write.ts'

type Mutation = (object: KubeObject, resource: ResourceInfo, facts: Facts) => KubeObject
type Step = (object: KubeObject, resource: ResourceInfo, facts: Facts, user: User) => KubeObject | Status

const isStatus = (outcome: KubeObject | Status): outcome is Status => outcome.kind === 'Status' && 'code' in outcome

/** On create, after defaults. */
export function admitCreate(
  object: KubeObject,
  { resource, user }: Asked,
  facts: Facts,
): { object: KubeObject } | { status: Status } {
  let admitted = object
  for (const step of STEPS) {
    const outcome = step(admitted, resource, facts, user)
    if (isStatus(outcome)) return { status: outcome }
    admitted = outcome
  }
  return { object: admitted }
}

/** On update, when it is not a subresource that is written. Nothing here refuses. */
export const admitUpdate = (object: KubeObject, resource: ResourceInfo, facts: Facts): KubeObject =>
  defaultTolerations(object, resource, facts)

/** NamespaceLifecycle: nothing is made in a namespace that is not there, or is going. */
const namespaceLifecycle: Step = (object, resource, { state }) => {
  if (!resource.namespaced) return object
  const name = object.metadata.namespace ?? ''
  const namespace = state.get<Namespace>('namespaces', '', name)
  if (!namespace) return notFound({ group: '', resource: 'namespaces', name })
  if (!namespace.metadata.deletionTimestamp) return object
  const refused = forbidden(
    subjectOf(resource, object.metadata.name),
    `unable to create new content in namespace ${name} because it is being terminated`,
  )
  const cause = { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated`, field: 'metadata.namespace' }
  return failure(403, 'Forbidden', refused.message ?? '', { ...refused.details, causes: [cause] })
}

/** ServiceAccount: a pod has one. That it exists is asked for once tokens are mounted. */
const serviceAccount: Step = (object, resource) => {
  if (resource.storageName !== 'pods') return object
  const spec = object.spec as PodSpec
  if (spec.serviceAccountName) return object
  return { ...object, spec: { ...spec, serviceAccountName: 'default', serviceAccount: 'default' } }
}

/** Priority: without priority classes every pod has the same. */
const priority: Step = (object, resource) => {
  if (resource.storageName !== 'pods') return object
  const spec = object.spec as PodSpec
  return {
    ...object,
    spec: { ...spec, priority: spec.priority ?? 0, preemptionPolicy: spec.preemptionPolicy ?? 'PreemptLowerPriority' },
  }
}

const SILENT_NODES = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/** DefaultTolerationSeconds: how long a pod stays with a node that has fallen silent. */
const defaultTolerations: Mutation = (object, resource, { config }) => {
  const seconds = config.defaultTolerationSeconds
  if (resource.storageName !== 'pods' || seconds === undefined) return object
  const spec = object.spec as PodSpec
  const has = (key: string) =>
    spec.tolerations?.some((each) => (each.key === key || !each.key) && (!each.effect || each.effect === 'NoExecute'))
  const added: Toleration[] = SILENT_NODES.filter((key) => !has(key)).map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: seconds,
  }))
  return added.length === 0 ? object : { ...object, spec: { ...spec, tolerations: [...(spec.tolerations ?? []), ...added] } }
}

/** NodeRestriction: a node says of nobody but itself that it is there [I34]. */
const nodeRestriction: Step = (object, resource, _, user) => {
  const node = nodeOf(user)
  const { name } = object.metadata
  if (node === undefined || name === node) return object
  if (resource.storageName === 'nodes') {
    return forbidden(subjectOf(resource, name), `node "${node}" is not allowed to modify node "${name}"`)
  }
  if (resource.storageName === 'leases.coordination.k8s.io') {
    return forbidden(subjectOf(resource, name), `node "${node}" can only access its own lease`)
  }
  return object
}

const STEPS: readonly Step[] = [namespaceLifecycle, nodeRestriction, serviceAccount, priority, defaultTolerations]
