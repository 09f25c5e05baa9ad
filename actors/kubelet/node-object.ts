// The Node object as its own agent writes it, and the Lease by which the agent says that it lives.
import type { Json, KubeObject } from '../../model/object.ts'
import type { NodeCondition, NodeStatus } from '../../model/schema/kinds/core-v1.ts'
import { formatMicroTime, formatTime } from '../../model/time.ts'
import type { MachineFacts } from './kubelet.protocol.ts'

export interface NodeFacts {
  readonly nodeName: string
  readonly machine: MachineFacts
  readonly runtime: { readonly name: string; readonly version: string }
}

const KUBELET_VERSION = 'v1.36.0+kinora'
/** As Kubernetes: more pods than this a node refuses to be asked for. */
const MAX_PODS = '110'

export const nodeLabels = ({ nodeName, machine }: NodeFacts): Record<string, string> => ({
  'beta.kubernetes.io/arch': machine.architecture,
  'beta.kubernetes.io/os': machine.operatingSystem,
  'kubernetes.io/arch': machine.architecture,
  'kubernetes.io/hostname': nodeName,
  'kubernetes.io/os': machine.operatingSystem,
})

export const newNode = (facts: NodeFacts): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: facts.nodeName, labels: nodeLabels(facts) },
  spec: {},
})

/** The machine's resources, all of them to be used: this agent reserves nothing. */
export function allocatable({ cpus, memoryBytes, storageBytes }: MachineFacts): Record<string, string> {
  const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`
  return { cpu: String(cpus), 'ephemeral-storage': kibi(storageBytes), memory: kibi(memoryBytes), pods: MAX_PODS }
}

/** `since`: when the node became ready, as it reported before. */
export function nodeStatus(
  { nodeName, machine, runtime }: NodeFacts,
  isReady: boolean,
  sinceMs: number,
  nowMs: number,
): NodeStatus {
  const condition = (type: string, status: boolean, reason: string, message: string): NodeCondition => ({
    type,
    status: status ? 'True' : 'False',
    lastHeartbeatTime: formatTime(nowMs),
    lastTransitionTime: formatTime(sinceMs),
    reason,
    message,
  })
  const resources = allocatable(machine)
  return {
    addresses: [
      { type: 'InternalIP', address: machine.hostIp },
      { type: 'Hostname', address: nodeName },
    ],
    capacity: resources,
    allocatable: resources,
    conditions: [
      condition('MemoryPressure', false, 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', false, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', false, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      isReady
        ? condition('Ready', true, 'KubeletReady', 'kubelet is posting ready status')
        : condition('Ready', false, 'KubeletNotReady', 'node is shutting down'),
    ],
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: KUBELET_VERSION,
      machineID: machine.machineId,
      operatingSystem: machine.operatingSystem,
      osImage: machine.osImage,
      systemUUID: machine.machineId,
    },
    images: [],
  }
}

export const LEASE_NAMESPACE = 'kube-node-lease'

export const leaseSpec = (nodeName: string, durationSeconds: number, nowMs: number): Json => ({
  holderIdentity: nodeName,
  leaseDurationSeconds: durationSeconds,
  renewTime: formatMicroTime(nowMs),
})

export const newLease = (nodeName: string, nodeUid: string | undefined, spec: Json): KubeObject => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {
    name: nodeName,
    namespace: LEASE_NAMESPACE,
    ...(nodeUid ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid }] } : {}),
  },
  spec,
})
