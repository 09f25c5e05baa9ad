// What a pod may learn about itself: the fields and resources that fieldRef and resourceFieldRef name.
import { parseQuantity, quantityValue, tryParseQuantity } from '../../model/quantity.ts'
import type { Container, Pod, ResourceFieldSelector } from '../../model/schema/kinds/core-v1.ts'

/** What a node knows beyond the pod's object. */
export interface HostFacts {
  readonly podIp: string
  readonly hostIp: string
  /** By resource: stands in where a container has no limit. */
  readonly allocatable: Readonly<Record<string, string>>
}

export function fieldOf(path: string, pod: Pod, host: HostFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (subscript) return pod.metadata[subscript[1] === 'labels' ? 'labels' : 'annotations']?.[subscript[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? ''
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid ?? ''
    case 'metadata.labels':
      return mapText(pod.metadata.labels)
    case 'metadata.annotations':
      return mapText(pod.metadata.annotations)
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? ''
    case 'status.podIP':
    case 'status.podIPs':
      return host.podIp
    case 'status.hostIP':
    case 'status.hostIPs':
      return host.hostIp
    default:
      return ''
  }
}

const mapText = (map: Readonly<Record<string, string>> = {}): string =>
  Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')

/** `limits.cpu` in units of the divisor (1 by default), rounded up; the node's allocatable where there is no limit. */
export function resourceOf({ resource, divisor }: ResourceFieldSelector, container: Container, host: HostFacts): string {
  const dot = resource.indexOf('.')
  const name = resource.slice(dot + 1)
  const { limits, requests } = container.resources ?? {}
  const amount =
    resource.slice(0, dot) === 'limits' ? (limits?.[name] ?? host.allocatable[name]) : (requests?.[name] ?? limits?.[name])
  const unit = tryParseQuantity(divisor || '1')
  if (amount === undefined || !unit || unit.nanos <= 0n) return '0'
  const { nanos } = parseQuantity(amount)
  return String(quantityValue({ nanos: (nanos * 1_000_000_000n + unit.nanos - 1n) / unit.nanos, format: 'DecimalSI' }))
}
