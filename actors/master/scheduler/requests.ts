// What a pod asks of a node, in numbers: milli-CPUs, and whole units of everything else.

import { parseQuantity, quantityMillis, quantityValue } from '../../../model/quantity.ts'
import type { Container, Pod, PodSpec } from '../../../model/schema/kinds/core-v1.ts'

export type Amounts = Readonly<Record<string, number>>

/** What a pod without requests counts for when nodes are scored (not when they are filtered), as in Kubernetes. */
const ASSUMED_CPU = 100
const ASSUMED_MEMORY = 200 * 1024 * 1024

export function amounts(quantities: Readonly<Record<string, string>> = {}): Amounts {
  const result: Record<string, number> = {}
  for (const [name, text] of Object.entries(quantities)) {
    const quantity = parseQuantity(text)
    result[name] = name === 'cpu' ? quantityMillis(quantity) : quantityValue(quantity)
  }
  return result
}

const combine = (a: Amounts, b: Amounts, of: (x: number, y: number) => number): Amounts => {
  const result: Record<string, number> = { ...a }
  for (const name in b) result[name] = of(a[name] ?? 0, b[name] ?? 0)
  return result
}
const plus = (a: Amounts, b: Amounts): Amounts => combine(a, b, (x, y) => x + y)
const larger = (a: Amounts, b: Amounts): Amounts => combine(a, b, Math.max)

/**
 * Containers run together and are added up; init containers run one after the other, each beside the sidecars started
 * before it, and the largest counts. App 100m + sidecar 50m, init 300m after the sidecar → 350m.
 */
export function podRequests(spec: PodSpec): Amounts {
  let sidecars: Amounts = {}
  let initialising: Amounts = {}
  for (const container of spec.initContainers ?? []) {
    const own = requestsOf(container)
    if (container.restartPolicy === 'Always') sidecars = plus(sidecars, own)
    initialising = larger(initialising, container.restartPolicy === 'Always' ? sidecars : plus(sidecars, own))
  }
  const running = spec.containers.map(requestsOf).reduce(plus, sidecars)
  // Requests of the pod as a whole stand for what its containers ask for.
  const total = { ...larger(running, initialising), ...amounts(spec.resources?.requests) }
  return plus(total, amounts(spec.overhead))
}

const requestsOf = (container: Container): Amounts => amounts(container.resources?.requests)

/** The two amounts by which nodes are scored. */
export const scoredRequests = (requests: Amounts): { readonly cpu: number; readonly memory: number } => ({
  cpu: requests.cpu || ASSUMED_CPU,
  memory: requests.memory || ASSUMED_MEMORY,
})

export interface HostPort {
  readonly protocol: string
  readonly hostIP: string
  readonly port: number
}

export function hostPorts(pod: Pod): readonly HostPort[] {
  const ports: HostPort[] = []
  for (const container of [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
  ])
    for (const { hostPort, protocol = 'TCP', hostIP = '' } of container.ports ?? [])
      if (hostPort) ports.push({ protocol, hostIP: hostIP || '0.0.0.0', port: hostPort })
  return ports
}

/** 0.0.0.0 stands for every address. */
export const portsCollide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.hostIP === b.hostIP || a.hostIP === '0.0.0.0' || b.hostIP === '0.0.0.0')
