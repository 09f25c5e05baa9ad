// Rows of services, and of the endpoints behind them.
import type { EndpointSubset, Endpoints, LoadBalancerStatus, Service } from '../schema/kinds/core-v1.ts'
import type { EndpointSlice } from '../schema/kinds/discovery-v1.ts'
import { AGE, age, byText, column, firstOf, MOST_SHOWN, NAME, NONE, nameOf, printer, UNSET, wide } from './columns.ts'
import { labelsText } from './labels.ts'

export const services = printer<Service>(
  [
    NAME,
    column('Type', 'How the service is reached.'),
    column('Cluster-IP', 'Its address within the cluster.'),
    column('External-IP', 'Its addresses outside of the cluster.'),
    column('Port(s)', 'Its ports, with the port of the nodes after a colon.'),
    AGE,
    wide('Selector', 'Labels of the pods that it leads to.'),
  ],
  (service, nowMs) => [
    nameOf(service),
    service.spec?.type ?? '',
    service.spec?.clusterIPs?.[0] || NONE,
    externalText(service),
    portsText(service),
    age(service, nowMs),
    labelsText(service.spec?.selector),
  ],
)

function externalText({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? []
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || NONE
    case 'LoadBalancer':
      return [...ingressPoints(status?.loadBalancer), ...external].join(',') || '<pending>'
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

type IngressPoints = { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] }

/** What a load balancer answers on, sorted, each once. */
export function ingressPoints(balancer: LoadBalancerStatus | IngressPoints | undefined): string[] {
  const points = (balancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((point) => point !== '')
  return [...new Set(points)].sort(byText)
}

function portsText({ spec }: Service): string {
  const ports = spec?.ports ?? []
  return (
    ports.map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`).join(',') || NONE
  )
}

export const endpointSlices = printer<EndpointSlice>(
  [
    NAME,
    column('AddressType', 'The kind of its addresses.'),
    column('Ports', 'Ports of every endpoint.'),
    column('Endpoints', 'Addresses of the endpoints.'),
    AGE,
  ],
  (slice, nowMs) => [
    nameOf(slice),
    slice.addressType ?? '',
    firstOf(
      (slice.ports ?? []).map(({ port, name }) => `${port ?? name ?? '*'}`),
      MOST_SHOWN,
    ) || UNSET,
    firstOf(
      (slice.endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
      MOST_SHOWN,
    ) || UNSET,
    age(slice, nowMs),
  ],
)

export const endpoints = printer<Endpoints>([NAME, column('Endpoints', 'Addresses with their ports.'), AGE], (object, nowMs) => {
  const subsets = object.subsets ?? []
  return [nameOf(object), subsets.length === 0 ? NONE : firstOf(subsets.flatMap(addressesOf), MOST_SHOWN), age(object, nowMs)]
})

/** Each port with each address; the addresses alone where there is no port. */
function addressesOf(subset: EndpointSubset): string[] {
  const addresses = subset.addresses ?? []
  const ports = subset.ports ?? []
  if (ports.length === 0) return addresses.map(({ ip }) => ip)
  return ports.flatMap(({ port }) => addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)))
}
