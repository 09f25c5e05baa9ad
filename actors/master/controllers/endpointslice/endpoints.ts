// The endpoints of a Service as facts: which pods stand behind it, on which ports, in which condition.

import type { Pod, Service, ServicePort } from '../../../../model/schema/kinds/core-v1.ts'
import type { Endpoint } from '../../../../model/schema/kinds/discovery-v1.ts'
import { hasEnded, isReady, isTerminating } from '../pods.ts'

interface ResolvedPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

/** Endpoints whose ports are the same: they share slices. */
export interface EndpointGroup {
  readonly ports: readonly ResolvedPort[]
  readonly endpoints: readonly Endpoint[]
}

/** A named target port is looked up in each pod, so that pods of one Service may differ in it. */
function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const { targetPort: target = port.port, protocol = 'TCP' } = port
  if (typeof target === 'number') return target === 0 ? port.port : target
  const containers = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
  ]
  for (const container of containers)
    for (const declared of container.ports ?? [])
      if (declared.name === target && (declared.protocol ?? 'TCP') === protocol) return declared.containerPort
  return undefined
}

function portsOf(service: Service, pod: Pod): readonly ResolvedPort[] {
  const ports: ResolvedPort[] = []
  for (const port of service.spec?.ports ?? []) {
    const number = targetPort(port, pod)
    if (number === undefined) continue
    const { name = '', protocol = 'TCP', appProtocol } = port
    ports.push({ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) })
  }
  return ports
}

/** A pod that terminates is not ready, whatever its probe says; it still serves as long as the probe does. */
function endpointOf(service: Service, pod: Pod, zone: string | undefined): Endpoint {
  const serving = isReady(pod)
  const terminating = isTerminating(pod)
  const { name, namespace, uid } = pod.metadata
  const hostname = pod.spec?.subdomain === service.metadata.name ? pod.spec?.hostname : undefined
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname ? { hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone === undefined ? {} : { zone }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

/** Pods that have an address and have not ended, in the order in which they come, grouped by their ports. */
export function groupEndpoints(
  service: Service,
  pods: Iterable<Pod>,
  zoneOf: (nodeName: string) => string | undefined,
): readonly EndpointGroup[] {
  const groups = new Map<string, { ports: readonly ResolvedPort[]; endpoints: Endpoint[] }>()
  for (const pod of pods) {
    if (!pod.status?.podIP || hasEnded(pod)) continue
    const ports = portsOf(service, pod)
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    group.endpoints.push(endpointOf(service, pod, zoneOf(pod.spec?.nodeName ?? '')))
    groups.set(key, group)
  }
  return [...groups.values()]
}
