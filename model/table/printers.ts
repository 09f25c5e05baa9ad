// Which printer prints which resource. A resource without one shows its name and when it was created.
import { resourceName } from '../object.ts'
import { certificateSigningRequests, roleBindings } from './access.ts'
import { mutatingAdmissionPolicies, policyBindings, validatingAdmissionPolicies, webhookConfigurations } from './admission.ts'
import { autoscalers, autoscalersV1 } from './autoscaling.ts'
import { cronJobs, jobs } from './batch.ts'
import { column, NAME, type Named, nameOf, type Printer, printer } from './columns.ts'
import { componentStatuses, configMaps, namespaces, podTemplates, resourceQuotas, secrets, serviceAccounts } from './core.ts'
import { namesAndAges, resourceClaims, resourceSlices } from './devices.ts'
import { events, newEvents } from './events.ts'
import { flowSchemas, priorityLevels } from './flow-control.ts'
import { ingressClasses, ingresses, ipAddresses, networkPolicies, serviceCIDRs } from './networking.ts'
import { nodes } from './nodes.ts'
import {
  apiServices,
  leaseCandidates,
  leases,
  podDisruptionBudgets,
  priorityClasses,
  runtimeClasses,
  storageVersions,
} from './operations.ts'
import { pods } from './pods.ts'
import { endpointSlices, endpoints, services } from './services.ts'
import {
  csiDrivers,
  csiNodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
} from './storage.ts'
import {
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  replicationControllers,
  scales,
  statefulSets,
} from './workloads.ts'

/** What is printed: a resource, or one of its subresources. */
export interface Printed {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly subresource?: string
}

const byResource: Readonly<Record<string, Printer>> = {
  componentstatuses: componentStatuses,
  configmaps: configMaps,
  endpoints,
  events,
  namespaces,
  nodes,
  persistentvolumeclaims: persistentVolumeClaims,
  persistentvolumes: persistentVolumes,
  pods,
  podtemplates: podTemplates,
  replicationcontrollers: replicationControllers,
  resourcequotas: resourceQuotas,
  secrets,
  serviceaccounts: serviceAccounts,
  services,
  'apiservices.apiregistration.k8s.io': apiServices,
  'controllerrevisions.apps': controllerRevisions,
  'daemonsets.apps': daemonSets,
  'deployments.apps': deployments,
  'replicasets.apps': replicaSets,
  'statefulsets.apps': statefulSets,
  'events.events.k8s.io': newEvents,
  'horizontalpodautoscalers.autoscaling': autoscalers,
  'cronjobs.batch': cronJobs,
  'jobs.batch': jobs,
  'certificatesigningrequests.certificates.k8s.io': certificateSigningRequests,
  'ingressclasses.networking.k8s.io': ingressClasses,
  'ingresses.networking.k8s.io': ingresses,
  'ipaddresses.networking.k8s.io': ipAddresses,
  'networkpolicies.networking.k8s.io': networkPolicies,
  'servicecidrs.networking.k8s.io': serviceCIDRs,
  'poddisruptionbudgets.policy': podDisruptionBudgets,
  'clusterrolebindings.rbac.authorization.k8s.io': roleBindings,
  'rolebindings.rbac.authorization.k8s.io': roleBindings,
  'csidrivers.storage.k8s.io': csiDrivers,
  'csinodes.storage.k8s.io': csiNodes,
  'storageclasses.storage.k8s.io': storageClasses,
  'volumeattachments.storage.k8s.io': volumeAttachments,
  'volumeattributesclasses.storage.k8s.io': volumeAttributesClasses,
  'mutatingadmissionpolicies.admissionregistration.k8s.io': mutatingAdmissionPolicies,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindings,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurations,
  'validatingadmissionpolicies.admissionregistration.k8s.io': validatingAdmissionPolicies,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindings,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurations,
  'priorityclasses.scheduling.k8s.io': priorityClasses,
  'leasecandidates.coordination.k8s.io': leaseCandidates,
  'leases.coordination.k8s.io': leases,
  'runtimeclasses.node.k8s.io': runtimeClasses,
  'endpointslices.discovery.k8s.io': endpointSlices,
  'flowschemas.flowcontrol.apiserver.k8s.io': flowSchemas,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': priorityLevels,
  'storageversions.internal.apiserver.k8s.io': storageVersions,
  'deviceclasses.resource.k8s.io': namesAndAges,
  'resourceclaims.resource.k8s.io': resourceClaims,
  'resourceclaimtemplates.resource.k8s.io': namesAndAges,
  'resourceslices.resource.k8s.io': resourceSlices,
}

/** Where a version has a form of its own. */
const byVersion: Readonly<Record<string, Printer>> = {
  'v1/horizontalpodautoscalers.autoscaling': autoscalersV1,
}

/** Kubernetes' table for what has no columns of its own; roles and custom resource definitions among them. */
const plain = printer<Named>([NAME, column('Created At', 'When the object was created.', 'date')], (object) => [
  nameOf(object),
  object.metadata.creationTimestamp ?? '',
])

export function printerOf({ group, version, plural, subresource }: Printed): Printer {
  if (subresource === 'scale') return scales
  const name = resourceName(plural, group)
  return byVersion[`${version}/${name}`] ?? byResource[name] ?? plain
}
