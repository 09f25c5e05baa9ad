// How each resource is written: what a client may not set, what survives an update of another part, when the generation
// rises. After the registry strategies of Kubernetes.
import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject, ResourceName } from '../../../../model/object.ts'
import type { ResourceInfo } from '../../../../model/schema/resources.ts'

/** Kinds whose `metadata.generation` counts changes of what they want. */
const COUNTED = new Set<ResourceName>([
  'pods',
  'replicationcontrollers',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'endpointslices.discovery.k8s.io',
  'ingresses.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
])

/** Kinds that a PUT creates where they do not exist. */
const CREATED_BY_UPDATE = new Set<ResourceName>([
  'leases.coordination.k8s.io',
  'endpoints',
  'events',
  'limitranges',
  'resourcequotas',
])

/** Kinds of which a DELETE answers the object instead of a Status. */
const TOLD_WHEN_DELETED = new Set<ResourceName>([
  'pods',
  'services',
  'serviceaccounts',
  'podtemplates',
  'resourcequotas',
  'persistentvolumes',
  'persistentvolumeclaims',
])

export const createdByUpdate = (name: ResourceName): boolean => CREATED_BY_UPDATE.has(name)
export const toldWhenDeleted = (name: ResourceName): boolean => TOLD_WHEN_DELETED.has(name)

type Fields = Record<string, unknown>

/** What only the server may say of a new object is taken out; the rest is as its author wants it. */
export function withoutServerFields(object: KubeObject, resource: ResourceInfo): KubeObject {
  const {
    resourceVersion: _r,
    uid: _u,
    generation: _g,
    creationTimestamp: _c,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _p,
    selfLink: _s,
    ...metadata
  } = object.metadata
  return { ...object, metadata: COUNTED.has(resource.storageName) ? { ...metadata, generation: 1 } : metadata }
}

/** Server-owned metadata stay; status stays when it has a subresource of its own; the generation follows what is wanted. */
export function prepareForUpdate(object: KubeObject, old: KubeObject, resource: ResourceInfo): KubeObject {
  const draft: Fields = { ...object }
  if (resource.subresources.status) keepField(draft, old, 'status')
  if (resource.storageName === 'services') keepAddresses(draft, old)
  if (resource.storageName === 'namespaces') keepField(draft, old, 'spec')
  draft.metadata = { ...serverMetadata(object, old), ...generationOf(draft as unknown as KubeObject, old, resource) }
  return draft as unknown as KubeObject
}

/** Only the status, and of the metadata labels, annotations, finalizers and owners as Kubernetes allows, come from the client. */
export function prepareForStatusUpdate(object: KubeObject, old: KubeObject, resource: ResourceInfo): KubeObject {
  const draft: Fields = { ...old, ...('status' in object ? { status: object.status } : {}) }
  // Of Nodes and Pods the metadata are as they were, too; elsewhere labels and annotations may come along.
  const metadata = resource.storageName === 'pods' ? old.metadata : { ...object.metadata, ...immutable(old) }
  draft.metadata = { ...metadata, generation: old.metadata.generation }
  if (old.metadata.generation === undefined) delete (draft.metadata as Fields).generation
  return draft as unknown as KubeObject
}

function generationOf(draft: KubeObject, old: KubeObject, resource: ResourceInfo): { generation?: number } {
  const before = old.metadata.generation
  if (!COUNTED.has(resource.storageName)) return before === undefined ? {} : { generation: before }
  const { metadata: _a, status: _b, ...wanted } = draft
  const { metadata: _c, status: _d, ...had } = old
  return { generation: (before ?? 0) + (semanticallyEqual(wanted, had) ? 0 : 1) }
}

const immutable = (old: KubeObject) => {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, namespace, name } = old.metadata
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  }
}

function serverMetadata(object: KubeObject, old: KubeObject): KubeObject['metadata'] {
  const {
    resourceVersion: _r,
    selfLink: _s,
    generation: _g,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _p,
    ...metadata
  } = object.metadata
  return { ...metadata, ...immutable(old) }
}

function keepField(draft: Fields, old: KubeObject, field: string): void {
  if (field in old) draft[field] = old[field]
  else delete draft[field]
}

interface ServiceFields {
  type?: string
  clusterIP?: string
  clusterIPs?: readonly string[] | null
  ipFamilies?: readonly string[] | null
  ipFamilyPolicy?: string
  internalTrafficPolicy?: string
  ports?: readonly { name?: string; port: number; protocol?: string; nodePort?: number }[] | null
}

/** A client that sends a Service without its addresses means: leave them. */
function keepAddresses(draft: Fields, old: KubeObject): void {
  const before = (old.spec ?? {}) as ServiceFields
  const spec: ServiceFields = { ...(draft.spec as ServiceFields) }
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName') {
    if (!spec.clusterIP && before.clusterIP) {
      spec.clusterIP = before.clusterIP
      spec.clusterIPs = before.clusterIPs ?? [before.clusterIP]
    }
    if (!spec.ipFamilies && before.ipFamilies) spec.ipFamilies = before.ipFamilies
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy
  }
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
    spec.ports = spec.ports?.map((port) => {
      if (port.nodePort) return port
      const same = before.ports?.find((each) => each.port === port.port && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
      return same?.nodePort ? { ...port, nodePort: same.nodePort } : port
    })
  }
  draft.spec = spec
}
