// What the scheduler knows of every node: what it has, what its pods take, who of which workload runs there. Kept up to
// date pod by pod; a pod that was assigned a moment ago counts before its binding is durable.
import { controllerOf } from '../../../model/object.ts'
import type { Node, Pod } from '../../../model/schema/kinds/core-v1.ts'
import { type Amounts, amounts, type HostPort, hostPorts, podRequests, scoredRequests } from './requests.ts'

export interface PodNeeds {
  readonly requests: Amounts
  readonly scored: { readonly cpu: number; readonly memory: number }
  readonly ports: readonly HostPort[]
  /** Pods of the same owner, or without one with the same labels, are spread. */
  readonly workload: string
}

export interface NodeInfo {
  readonly name: string
  node: Node
  allocatable: Amounts
  readonly requested: Record<string, number>
  readonly scored: { cpu: number; memory: number }
  readonly pods: Map<string, PodNeeds>
  readonly workloads: Map<string, number>
  readonly ports: Map<string, readonly HostPort[]>
}

export function needsOf(pod: Pod): PodNeeds {
  const requests = podRequests(pod.spec ?? { containers: [] })
  const workload = controllerOf(pod)?.uid ?? `${pod.metadata.namespace} ${JSON.stringify(pod.metadata.labels ?? {})}`
  return { requests, scored: scoredRequests(requests), ports: hostPorts(pod), workload }
}

export class NodeCache {
  readonly #nodes = new Map<string, NodeInfo>()
  readonly #nodeOf = new Map<string, string>()
  /** Pods bound to nodes that are not known (yet). */
  readonly #strays = new Map<string, Map<string, PodNeeds>>()

  get size(): number {
    return this.#nodes.size
  }

  /** In the order in which they joined. */
  nodes(): Iterable<NodeInfo> {
    return this.#nodes.values()
  }

  setNode(node: Node): void {
    const name = node.metadata.name ?? ''
    const allocatable = amounts(node.status?.allocatable)
    const known = this.#nodes.get(name)
    if (known !== undefined) {
      known.node = node
      known.allocatable = allocatable
      return
    }
    const info: NodeInfo = {
      name,
      node,
      allocatable,
      requested: {},
      scored: { cpu: 0, memory: 0 },
      pods: new Map(),
      workloads: new Map(),
      ports: new Map(),
    }
    this.#nodes.set(name, info)
    for (const [key, needs] of this.#strays.get(name) ?? []) put(info, key, needs)
    this.#strays.delete(name)
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name)
    if (info !== undefined && info.pods.size > 0) this.#strays.set(name, info.pods)
    this.#nodes.delete(name)
  }

  /** The pod occupies the node from now on; said twice, it occupies it once. */
  setPod(key: string, nodeName: string, needs: PodNeeds): void {
    this.removePod(key)
    this.#nodeOf.set(key, nodeName)
    const info = this.#nodes.get(nodeName)
    if (info !== undefined) put(info, key, needs)
    else {
      const strays = this.#strays.get(nodeName) ?? new Map<string, PodNeeds>()
      strays.set(key, needs)
      this.#strays.set(nodeName, strays)
    }
  }

  /** Whether it had occupied anything. */
  removePod(key: string): boolean {
    const nodeName = this.#nodeOf.get(key)
    if (nodeName === undefined) return false
    this.#nodeOf.delete(key)
    const info = this.#nodes.get(nodeName)
    if (info !== undefined) take(info, key)
    const strays = this.#strays.get(nodeName)
    if (strays?.delete(key) && strays.size === 0) this.#strays.delete(nodeName)
    return true
  }
}

function put(info: NodeInfo, key: string, needs: PodNeeds): void {
  info.pods.set(key, needs)
  account(info, needs, 1)
  if (needs.ports.length > 0) info.ports.set(key, needs.ports)
}

function take(info: NodeInfo, key: string): void {
  const needs = info.pods.get(key)
  if (needs === undefined) return
  info.pods.delete(key)
  account(info, needs, -1)
  info.ports.delete(key)
}

function account(info: NodeInfo, { requests, scored, workload }: PodNeeds, sign: 1 | -1): void {
  for (const name in requests) info.requested[name] = (info.requested[name] ?? 0) + sign * (requests[name] ?? 0)
  info.scored.cpu += sign * scored.cpu
  info.scored.memory += sign * scored.memory
  const count = (info.workloads.get(workload) ?? 0) + sign
  if (count > 0) info.workloads.set(workload, count)
  else info.workloads.delete(workload)
}
