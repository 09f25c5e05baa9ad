// How each resource is written: what a client may not set, what survives an update of another part, when the generation
// rises. After the registry strategies of Kubernetes.
import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject, ResourceName } from '../../../../model/object.ts'
import type { ResourceInfo } from '../../../../model/schema/resources.ts'
import { dropOfOldType } from './service-type.ts'

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
  'podtemplates',
])

/** Kinds that begin with generation 1 and stay there: what they want never changes. */
const BORN_FIRST = new Set<ResourceName>(['priorityclasses.scheduling.k8s.io'])

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
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
])

export const createdByUpdate = (name: ResourceName): boolean => CREATED_BY_UPDATE.has(name)
export const toldWhenDeleted = (name: ResourceName): boolean => TOLD_WHEN_DELETED.has(name)

type Fields = Record<string, unknown>

/** What only the server may say of a new object is taken out; the rest is as its author wants it. */
export function withoutServerFields(object: KubeObject, resource: ResourceInfo): KubeObject {
  const {
    resourceVersion: _r,
    uid: _u,
    creationTimestamp: _c,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _p,
    selfLink: _s,
    ...metadata
  } = object.metadata
  const { storageName } = resource
  const isFirst = COUNTED.has(storageName) || BORN_FIRST.has(storageName)
  return { ...object, metadata: isFirst ? { ...metadata, generation: 1 } : metadata }
}

/** Server-owned metadata stay; status stays when it has a subresource of its own; the generation follows what is wanted. */
export function prepareForUpdate(object: KubeObject, old: KubeObject, resource: ResourceInfo): KubeObject {
  const draft: Fields = { ...object }
  if (resource.subresources.status) keepField(draft, old, 'status')
  if (resource.storageName === 'services') keepAddresses(draft, dropOfOldType(draft as unknown as KubeObject, old), old)
  if (resource.storageName === 'namespaces') keepField(draft, old, 'spec')
  const metadata = serverMetadata(object, old)
  draft.metadata = { ...metadata, ...generationOf({ ...object, ...draft, metadata }, old, resource) }
  if (resource.storageName === 'daemonsets.apps') countTemplate(draft as unknown as KubeObject, old)
  return draft as unknown as KubeObject
}

/** Only the status and, of the metadata, what Kubernetes lets come along: labels, annotations, finalizers, owners. */
export function prepareForStatusUpdate(object: KubeObject, old: KubeObject, resource: ResourceInfo): KubeObject {
  const draft: Fields = { ...old }
  keepField(draft, object, 'status')
  const { generation } = old.metadata
  const metadata: Fields = { ...serverMetadata(object, old), ...(generation === undefined ? {} : { generation }) }
  if (resource.storageName === 'deployments.apps') keepField(metadata, old.metadata as unknown as Fields, 'labels')
  if (resource.storageName === 'pods') keepField(metadata, old.metadata as unknown as Fields, 'ownerReferences')
  draft.metadata = metadata
  if (resource.storageName === 'daemonsets.apps') countTemplate(draft as unknown as KubeObject, old)
  return draft as unknown as KubeObject
}

function generationOf(draft: KubeObject, old: KubeObject, resource: ResourceInfo): { generation?: number } {
  const before = old.metadata.generation
  if (!COUNTED.has(resource.storageName)) return before === undefined ? {} : { generation: before }
  const { metadata: _a, status: _b, ...wanted } = draft
  const { metadata: _c, status: _d, ...had } = old
  const isChanged =
    !semanticallyEqual(wanted, had) ||
    // Its controller copies them to ReplicaSets.
    (resource.storageName === 'deployments.apps' && !semanticallyEqual(draft.metadata.annotations, old.metadata.annotations))
  return { generation: (before ?? 0) + (isChanged ? 1 : 0) }
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

/** A DaemonSet counts changes of its template in an annotation, which a client may leave out but not set. */
function countTemplate(draft: KubeObject, old: KubeObject): void {
  const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0)
  const template = (object: KubeObject) => (object.spec as { template?: unknown } | undefined)?.template
  const generation = before + (semanticallyEqual(template(draft), template(old)) ? 0 : 1)
  const annotations = { ...draft.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) }
  Object.assign(draft, { metadata: { ...draft.metadata, annotations } })
}

/**
 * What the client leaves out is as it was; what it says otherwise of a uid or of a deletion stays for validation to refuse. A
 * deletion that is under way stays so.
 */
function serverMetadata(object: KubeObject, old: KubeObject): KubeObject['metadata'] {
  const { resourceVersion: _r, selfLink: _s, generation: _g, creationTimestamp: _c, ...metadata } = object.metadata
  const { name, namespace, uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = old.metadata
  return {
    ...metadata,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(metadata.uid || uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(metadata.deletionGracePeriodSeconds !== undefined || deletionGracePeriodSeconds === undefined
      ? {}
      : { deletionGracePeriodSeconds }),
  }
}

function keepField(draft: Fields, old: Readonly<Record<string, unknown>>, field: string): void {
  if (field in old) draft[field] = old[field]
  else delete draft[field]
}

export interface ServiceFields {
  type?: string
  clusterIP?: string
  clusterIPs?: readonly string[] | null
  ipFamilies?: readonly string[] | null
  ipFamilyPolicy?: string
  internalTrafficPolicy?: string
  ports?: readonly { name?: string; port: number; protocol?: string; nodePort?: number }[] | null
}

/** A client that sends a Service without its addresses means: leave them. */
function keepAddresses(draft: Fields, { ...spec }: ServiceFields, old: KubeObject): void {
  const before = (old.spec ?? {}) as ServiceFields
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
