// Which pod, address and port `pods/…/proxy` and `services/…/proxy` mean. Only pods of this cluster are ever reached:
// an address that somebody wrote into an endpoint is not (limits.md, requests forged through the proxy).
import type { ConnectRequest } from '../../actors/link.protocol.ts'
import type { View } from '../../actors/ports/view.ts'
import type { Pod, Service } from '../../model/schema/kinds/core-v1.ts'
import type { EndpointSlice } from '../../model/schema/kinds/discovery-v1.ts'
import { badRequest, notFound, type Status, serviceUnavailable } from '../../model/status.ts'

export interface ProxyTarget {
  readonly scheme: 'http' | 'https'
  readonly nodeName: string
  readonly connect: ConnectRequest
}

export type Resolved = { readonly target: ProxyTarget } | { readonly status: Status }

/** `resource` is `pods` or `services`; `random` chooses among ready endpoints. */
export function resolveProxyTarget(
  view: View,
  resource: string,
  namespace: string,
  name: string,
  random: () => number,
): Resolved {
  const address = splitAddress(name)
  if (address === undefined) return { status: badRequest(`invalid ${resource === 'pods' ? 'pod' : 'service'} request "${name}"`) }
  return resource === 'pods' ? resolvePod(view, namespace, address) : resolveService(view, namespace, address, random)
}

interface Address {
  readonly scheme: 'http' | 'https'
  readonly name: string
  /** A number, or of a Service the name of a port; empty: the only one. */
  readonly port: string
}

/** web · web:8080 · web:http · https:web: · https:web:8443 */
function splitAddress(text: string): Address | undefined {
  const parts = text.split(':')
  if (parts.length === 1) return { scheme: 'http', name: text, port: '' }
  if (parts.length === 2) return { scheme: 'http', name: parts[0] ?? '', port: parts[1] ?? '' }
  const [scheme, name = '', port = ''] = parts
  return parts.length === 3 && (scheme === 'http' || scheme === 'https' || scheme === '')
    ? { scheme: scheme || 'http', name, port }
    : undefined
}

function resolvePod(view: View, namespace: string, { scheme, name, port }: Address): Resolved {
  const pod = view.get<Pod>('pods', namespace, name)
  if (pod === undefined) return { status: notFound({ group: '', resource: 'pods', name }) }
  const declared = pod.spec?.containers.flatMap((container) => container.ports ?? []).at(0)?.containerPort
  return targetAt(pod, scheme, port === '' ? (declared ?? (scheme === 'https' ? 443 : 80)) : Number(port))
}

function targetAt(pod: Pod, scheme: ProxyTarget['scheme'], port: number): Resolved {
  const { nodeName } = pod.spec ?? {}
  const podIp = pod.status?.podIP
  if (!nodeName || !podIp) return { status: badRequest(`pod ${pod.metadata?.name ?? ''} has no address yet`) }
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    return { status: badRequest('the port must be a number from 1 to 65535') }
  return { target: { scheme, nodeName, connect: { podUid: pod.metadata?.uid ?? '', podIp, port } } }
}

function resolveService(view: View, namespace: string, { scheme, name, port }: Address, random: () => number): Resolved {
  const service = view.get<Service>('services', namespace, name)
  if (service === undefined) return { status: notFound({ group: '', resource: 'services', name }) }
  const ports = service.spec?.ports ?? []
  const wanted =
    port === ''
      ? ports.length === 1
        ? ports[0]
        : undefined
      : ports.find((each) => each.name === port || String(each.port) === port)
  if (wanted === undefined) return { status: serviceUnavailable(`no service port "${port}" found for service "${name}"`) }
  const ready = readyEndpoints(view, namespace, name, wanted.name ?? '')
  const chosen = ready[Math.floor(random() * ready.length)]
  if (chosen === undefined) return { status: serviceUnavailable(`no endpoints available for service "${name}"`) }
  return targetAt(chosen.pod, scheme, chosen.port)
}

function readyEndpoints(view: View, namespace: string, serviceName: string, portName: string): { pod: Pod; port: number }[] {
  const found: { pod: Pod; port: number }[] = []
  for (const slice of view.list<EndpointSlice>('endpointslices.discovery.k8s.io', namespace)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== serviceName) continue
    const port = slice.ports?.find((each) => (each.name ?? '') === portName)?.port
    if (port === undefined) continue
    for (const { targetRef, conditions, addresses } of slice.endpoints ?? []) {
      if (conditions?.ready === false || targetRef?.kind !== 'Pod' || !targetRef.name) continue
      const pod = view.get<Pod>('pods', namespace, targetRef.name)
      if (pod?.status?.podIP !== undefined && addresses.includes(pod.status.podIP)) found.push({ pod, port })
    }
  }
  return found
}
