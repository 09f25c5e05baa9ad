// Whether an object may be created or changed as asked: all that is wrong with it at once, in Kubernetes' words. A line a kind.
import type { Errors } from '../field.ts'
import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isPathSegmentName } from '../names.ts'
import type { KubeObject, ResourceName } from '../object.ts'
import type { FieldError } from '../status.ts'
import { checkAutoscaler, checkDisruptionBudget } from './autoscaling.ts'
import { checkConfigMap, checkConfigMapUpdate, checkSecret, checkSecretUpdate } from './config-data.ts'
import { checkEndpointSlice, checkEndpointSliceUpdate, checkOldEndpoints } from './endpoints.ts'
import { checkEvent, checkEventUpdate } from './events.ts'
import { checkIngress, checkIngressClass, checkIngressClassUpdate, checkIngressUpdate } from './ingresses.ts'
import { checkCronJob, checkJob, checkJobUpdate, isCronJobName } from './jobs.ts'
import { checkLease } from './leases.ts'
import {
  checkControllerRevisionUpdate,
  checkLimitRange,
  checkPriorityClass,
  checkPriorityClassUpdate,
  checkResourceQuota,
  checkResourceQuotaUpdate,
  checkRuntimeClass,
  checkRuntimeClassUpdate,
} from './limits.ts'
import { checkMetadata, checkMetadataUpdate, type NameRule } from './metadata.ts'
import { checkNamespace, checkNamespaceStatusUpdate } from './namespaces.ts'
import { checkNetworkPolicy } from './network-policies.ts'
import { checkNode, checkNodeUpdate } from './nodes.ts'
import { checkClaim, checkClaimUpdate, checkVolumeObject, checkVolumeObjectUpdate } from './persistent-volumes.ts'
import { checkPod, checkPodStatusUpdate, checkPodTemplateObject, checkPodUpdate } from './pods.ts'
import { checkBindingUpdate, checkClusterRole, checkClusterRoleBinding, checkRole, checkRoleBinding } from './rbac.ts'
import { checkServiceAccount } from './service-accounts.ts'
import { checkService, checkServiceStatusUpdate, checkServiceUpdate } from './services.ts'
import {
  checkAttachmentUpdate,
  checkCsiDriver,
  checkCsiDriverUpdate,
  checkCsiNode,
  checkStorageClass,
  checkStorageClassUpdate,
} from './storage-classes.ts'
import { checkWebhooks } from './webhooks.ts'
import {
  checkDaemonSet,
  checkDaemonSetUpdate,
  checkDeployment,
  checkDeploymentUpdate,
  checkReplicaSet,
  checkReplicaSetUpdate,
  checkReplicationController,
  checkStatefulSet,
  checkStatefulSetUpdate,
} from './workloads.ts'

interface Rules {
  /** DNS subdomain unless said otherwise. */
  readonly name?: NameRule
  readonly create?: (errors: Errors, object: KubeObject) => void
  /** As `create` unless said otherwise. */
  readonly update?: (errors: Errors, object: KubeObject, old: KubeObject) => void
  readonly status?: (errors: Errors, object: KubeObject, old: KubeObject) => void
}

interface RulesOf<T> {
  readonly name?: NameRule
  readonly create?: (errors: Errors, object: T) => void
  readonly update?: (errors: Errors, object: T, old: T) => void
  readonly status?: (errors: Errors, object: T, old: T) => void
}

/** That a resource holds objects of its kind is what decoding saw to. */
const of = <T>(kind: RulesOf<T>): Rules => kind as Rules

const rules: Readonly<Record<ResourceName, Rules>> = {
  'clusterrolebindings.rbac.authorization.k8s.io': of({
    name: isPathSegmentName,
    create: checkClusterRoleBinding,
    update: checkBindingUpdate,
  }),
  'clusterroles.rbac.authorization.k8s.io': of({ name: isPathSegmentName, create: checkClusterRole }),
  configmaps: of({ create: checkConfigMap, update: checkConfigMapUpdate }),
  'controllerrevisions.apps': of({ update: checkControllerRevisionUpdate }),
  'cronjobs.batch': of({ name: isCronJobName, create: checkCronJob }),
  'csidrivers.storage.k8s.io': of({ create: checkCsiDriver, update: checkCsiDriverUpdate }),
  'csinodes.storage.k8s.io': of({ create: checkCsiNode }),
  'daemonsets.apps': of({ create: checkDaemonSet, update: checkDaemonSetUpdate }),
  'deployments.apps': of({ create: checkDeployment, update: checkDeploymentUpdate }),
  endpoints: of({ create: checkOldEndpoints }),
  'endpointslices.discovery.k8s.io': of({ create: checkEndpointSlice, update: checkEndpointSliceUpdate }),
  events: of({ create: checkEvent, update: checkEventUpdate }),
  'horizontalpodautoscalers.autoscaling': of({ create: checkAutoscaler }),
  'ingressclasses.networking.k8s.io': of({ create: checkIngressClass, update: checkIngressClassUpdate }),
  'ingresses.networking.k8s.io': of({ create: checkIngress, update: checkIngressUpdate }),
  'jobs.batch': of({ create: checkJob, update: checkJobUpdate }),
  'leases.coordination.k8s.io': of({ create: checkLease }),
  limitranges: of({ create: checkLimitRange }),
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': of({ create: checkWebhooks }),
  namespaces: of({ name: isDns1123Label, create: checkNamespace, status: checkNamespaceStatusUpdate }),
  'networkpolicies.networking.k8s.io': of({ create: checkNetworkPolicy }),
  nodes: of({ create: checkNode, update: checkNodeUpdate }),
  persistentvolumeclaims: of({ create: checkClaim, update: checkClaimUpdate }),
  persistentvolumes: of({ create: checkVolumeObject, update: checkVolumeObjectUpdate }),
  'poddisruptionbudgets.policy': of({ create: checkDisruptionBudget }),
  pods: of({ create: checkPod, update: checkPodUpdate, status: checkPodStatusUpdate }),
  podtemplates: of({ create: checkPodTemplateObject }),
  'priorityclasses.scheduling.k8s.io': of({ create: checkPriorityClass, update: checkPriorityClassUpdate }),
  'replicasets.apps': of({ create: checkReplicaSet, update: checkReplicaSetUpdate }),
  replicationcontrollers: of({ create: checkReplicationController }),
  resourcequotas: of({ create: checkResourceQuota, update: checkResourceQuotaUpdate }),
  'rolebindings.rbac.authorization.k8s.io': of({
    name: isPathSegmentName,
    create: checkRoleBinding,
    update: checkBindingUpdate,
  }),
  'roles.rbac.authorization.k8s.io': of({ name: isPathSegmentName, create: checkRole }),
  'runtimeclasses.node.k8s.io': of({ create: checkRuntimeClass, update: checkRuntimeClassUpdate }),
  secrets: of({ create: checkSecret, update: checkSecretUpdate }),
  serviceaccounts: of({ create: checkServiceAccount }),
  services: of({ name: isDns1035Label, create: checkService, update: checkServiceUpdate, status: checkServiceStatusUpdate }),
  'statefulsets.apps': of({ create: checkStatefulSet, update: checkStatefulSetUpdate }),
  'storageclasses.storage.k8s.io': of({ create: checkStorageClass, update: checkStorageClassUpdate }),
  'validatingwebhookconfigurations.admissionregistration.k8s.io': of({ create: checkWebhooks }),
  'volumeattachments.storage.k8s.io': of({ update: checkAttachmentUpdate }),
}

/** Questions that are answered and not kept: they need no name. */
const REVIEWS = /(?:reviews\.(?:authentication|authorization)\.k8s\.io)$/

/** `resource` as it is stored, `pods` or `deployments.apps`; the object with its defaults. */
export function validateCreate(object: KubeObject, resource: ResourceName): readonly FieldError[] {
  const errors: Errors = []
  const kind = rules[resource]
  if (!REVIEWS.test(resource)) checkMetadata(errors, object.metadata, kind?.name ?? isDns1123Subdomain)
  kind?.create?.(errors, object)
  return errors
}

/**
 * `old` is what is stored; what the API server fills in itself (uid, times, generation, what a status or spec update leaves
 * alone) has been filled in.
 */
export function validateUpdate(
  object: KubeObject,
  old: KubeObject,
  resource: ResourceName,
  subresource = '',
): readonly FieldError[] {
  const errors: Errors = []
  const kind = rules[resource]
  checkMetadataUpdate(errors, object.metadata, old.metadata)
  if (subresource === '') (kind?.update ?? kind?.create)?.(errors, object, old)
  else if (subresource === 'status') kind?.status?.(errors, object, old)
  return errors
}
