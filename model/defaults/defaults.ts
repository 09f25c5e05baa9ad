// Kubernetes' static defaults: what an API server adds to an object before anybody judges it. A line a kind.
import { apiVersionOf } from '../object.ts'
import {
  defaultAdmissionPolicy,
  defaultAdmissionPolicyBinding,
  defaultFlowSchema,
  defaultLimitRange,
  defaultNamespace,
  defaultNode,
  defaultPriorityClass,
  defaultPriorityLevel,
  defaultResourceQuota,
  defaultRoleBinding,
  defaultSecret,
  defaultWebhookConfiguration,
} from './core.ts'
import { type Draft, partOf } from './draft.ts'
import {
  defaultEndpointSlice,
  defaultEndpoints,
  defaultIngressClass,
  defaultNetworkPolicy,
  defaultService,
} from './networking.ts'
import { defaultPod, defaultPodTemplate } from './pods.ts'
import { defaultClaimObject, defaultCsiDriver, defaultStorageClass, defaultVolumeObject } from './storage.ts'
import {
  defaultAutoscaler,
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './workloads.ts'

const defaults: Readonly<Record<string, (draft: Draft) => void>> = {
  'v1/Endpoints': defaultEndpoints,
  'v1/LimitRange': defaultLimitRange,
  'v1/Namespace': defaultNamespace,
  'v1/Node': defaultNode,
  'v1/PersistentVolume': defaultVolumeObject,
  'v1/PersistentVolumeClaim': defaultClaimObject,
  'v1/Pod': defaultPod,
  'v1/PodTemplate': (draft) => defaultPodTemplate(partOf(draft, 'template')),
  'v1/ReplicationController': defaultReplicationController,
  'v1/ResourceQuota': defaultResourceQuota,
  'v1/Secret': defaultSecret,
  'v1/Service': defaultService,
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': defaultWebhookConfiguration,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': defaultAdmissionPolicy,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': defaultAdmissionPolicyBinding,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': defaultWebhookConfiguration,
  'apps/v1/DaemonSet': defaultDaemonSet,
  'apps/v1/Deployment': defaultDeployment,
  'apps/v1/ReplicaSet': defaultReplicaSet,
  'apps/v1/StatefulSet': defaultStatefulSet,
  'autoscaling/v1/HorizontalPodAutoscaler': defaultAutoscaler,
  'autoscaling/v2/HorizontalPodAutoscaler': defaultAutoscaler,
  'batch/v1/CronJob': defaultCronJob,
  'batch/v1/Job': defaultJob,
  'discovery.k8s.io/v1/EndpointSlice': defaultEndpointSlice,
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': defaultFlowSchema,
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': defaultPriorityLevel,
  'networking.k8s.io/v1/IngressClass': defaultIngressClass,
  'networking.k8s.io/v1/NetworkPolicy': defaultNetworkPolicy,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': defaultRoleBinding,
  'rbac.authorization.k8s.io/v1/RoleBinding': defaultRoleBinding,
  'scheduling.k8s.io/v1/PriorityClass': defaultPriorityClass,
  'storage.k8s.io/v1/CSIDriver': defaultCsiDriver,
  'storage.k8s.io/v1/StorageClass': defaultStorageClass,
}

/**
 * Writes the defaults of its kind into a freshly decoded object. Doing so twice changes nothing more. The outcome may still
 * hold null where Go writes null, as decoding left it.
 */
export function applyDefaults(draft: Draft, { group, version, kind }: { group: string; version: string; kind: string }): void {
  defaults[`${apiVersionOf(group, version)}/${kind}`]?.(draft)
}
