// Every controller, a line each. A controller holds small indexes of its own, so each start makes a new one.
import type { Controller } from './controller.ts'
import { deploymentController } from './deployment/deployment.ts'
import { endpointSliceController } from './endpointslice/endpointslice.ts'
import { garbageController } from './garbage/garbage.ts'
import { namespaceController } from './namespace/namespace.ts'
import { nodeTaintsController } from './node-taints/node-taints.ts'
import { podGcController } from './pod-gc/pod-gc.ts'
import { replicasController } from './replicaset/replicaset.ts'
import { type RootCaSettings, rootCaController } from './root-ca/root-ca.ts'
import { serviceAccountController } from './serviceaccount/serviceaccount.ts'
import { taintEvictionController } from './taint-eviction/taint-eviction.ts'

export type ControllerSettings = RootCaSettings

export const CONTROLLERS: Readonly<Record<string, (settings: ControllerSettings) => Controller>> = {
  deployment: deploymentController,
  replicaset: () => replicasController('ReplicaSet'),
  replicationcontroller: () => replicasController('ReplicationController'),
  endpointslice: endpointSliceController,
  namespace: namespaceController,
  garbage: garbageController,
  serviceaccount: serviceAccountController,
  'root-ca': rootCaController,
  'node-taints': nodeTaintsController,
  'taint-eviction': taintEvictionController,
  'pod-gc': podGcController,
}
