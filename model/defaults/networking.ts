// Defaults of Services, their endpoints, and the rules of the network.
import { type Draft, ensurePart, fill, isAbsent, partOf, partsOf, textOf } from './draft.ts'

/** How long a client stays with a pod. */
const AFFINITY_SECONDS = 10_800

export function defaultService(service: Draft): void {
  const spec = ensurePart(service, 'spec')
  fill(spec, { sessionAffinity: 'None', type: 'ClusterIP' })
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP') {
    fill(ensurePart(ensurePart(spec, 'sessionAffinityConfig'), 'clientIP'), { timeoutSeconds: AFFINITY_SECONDS })
  }
  for (const port of partsOf(spec, 'ports')) {
    fill(port, { protocol: 'TCP' })
    if (isAbsent(port.targetPort) || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
  }
  const type = textOf(spec, 'type')
  if (type === 'NodePort' || type === 'LoadBalancer') fill(spec, { externalTrafficPolicy: 'Cluster' })
  if (type === 'LoadBalancer') fill(spec, { allocateLoadBalancerNodePorts: true })
  if (type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer') fill(spec, { internalTrafficPolicy: 'Cluster' })
}

export function defaultEndpoints(endpoints: Draft): void {
  for (const subset of partsOf(endpoints, 'subsets')) for (const port of partsOf(subset, 'ports')) fill(port, { protocol: 'TCP' })
}

export function defaultEndpointSlice(slice: Draft): void {
  for (const port of partsOf(slice, 'ports')) {
    if (isAbsent(port.name)) port.name = ''
    fill(port, { protocol: 'TCP' })
  }
}

export function defaultIngressClass(ingressClass: Draft): void {
  const parameters = partOf(partOf(ingressClass, 'spec'), 'parameters')
  if (parameters) fill(parameters, { scope: 'Cluster' })
}

export function defaultNetworkPolicy(policy: Draft): void {
  const spec = ensurePart(policy, 'spec')
  for (const direction of ['ingress', 'egress']) {
    for (const rule of partsOf(spec, direction)) for (const port of partsOf(rule, 'ports')) fill(port, { protocol: 'TCP' })
  }
  if (isAbsent(spec.policyTypes) || (Array.isArray(spec.policyTypes) && spec.policyTypes.length === 0)) {
    spec.policyTypes = partsOf(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
  }
}
