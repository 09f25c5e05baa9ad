// Whether an object may be created or changed as asked: all that is wrong with it at once, in Kubernetes' words. A line a kind.
import type { Errors } from '../field.ts'
import { isDns1035Label, isDns1123Label, isDns1123Subdomain } from '../names.ts'
import type { KubeObject, ResourceName } from '../object.ts'
import type { FieldError } from '../status.ts'
import {
  checkConfigMap,
  checkConfigMapUpdate,
  checkEvent,
  checkLease,
  checkNamespaceStatusUpdate,
  checkNamespaceUpdate,
  checkNode,
  checkNodeUpdate,
  checkSecret,
  checkSecretUpdate,
  checkServiceAccount,
} from './core.ts'
import { checkEndpointSlice, checkEndpointSliceUpdate, checkOldEndpoints } from './endpoints.ts'
import { checkMetadata, checkMetadataUpdate, type NameRule } from './metadata.ts'
import { checkPod, checkPodStatusUpdate, checkPodUpdate } from './pods.ts'
import { checkService, checkServiceStatusUpdate, checkServiceUpdate } from './services.ts'
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
  configmaps: of({ create: checkConfigMap, update: checkConfigMapUpdate }),
  'daemonsets.apps': of({ create: checkDaemonSet, update: checkDaemonSetUpdate }),
  'deployments.apps': of({ create: checkDeployment, update: checkDeploymentUpdate }),
  endpoints: of({ create: checkOldEndpoints }),
  'endpointslices.discovery.k8s.io': of({ create: checkEndpointSlice, update: checkEndpointSliceUpdate }),
  events: of({ create: checkEvent }),
  'leases.coordination.k8s.io': of({ create: checkLease }),
  namespaces: of({
    name: isDns1123Label,
    create: checkNamespaceUpdate,
    status: checkNamespaceStatusUpdate,
  }),
  nodes: of({ create: checkNode, update: checkNodeUpdate }),
  pods: of({ create: checkPod, update: checkPodUpdate, status: checkPodStatusUpdate }),
  'replicasets.apps': of({ create: checkReplicaSet, update: checkReplicaSetUpdate }),
  replicationcontrollers: of({ create: checkReplicationController }),
  secrets: of({ create: checkSecret, update: checkSecretUpdate }),
  serviceaccounts: of({ create: checkServiceAccount }),
  services: of({ name: isDns1035Label, create: checkService, update: checkServiceUpdate, status: checkServiceStatusUpdate }),
  'statefulsets.apps': of({ create: checkStatefulSet, update: checkStatefulSetUpdate }),
}

/** `resource` as it is stored, `pods` or `deployments.apps`; the object with its defaults. */
export function validateCreate(object: KubeObject, resource: ResourceName): readonly FieldError[] {
  const errors: Errors = []
  const kind = rules[resource]
  checkMetadata(errors, object.metadata, kind?.name ?? isDns1123Subdomain)
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
