// A run as text that a person reads: one line for each change of an object that says something new, with the time since the
// start. Names that chance has made are kept: the same seed makes the same.

import type { Change, View } from '../../actors/ports/view.ts'
import type { KubeObject } from '../../model/object.ts'

interface Conditioned {
  readonly phase?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[] | null
}

type Describe = (object: KubeObject) => string

const conditionOf = (object: KubeObject, type: string): string | undefined =>
  (object.status as Conditioned | undefined)?.conditions?.find((condition) => condition.type === type)?.status

const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  nodes: (node) => {
    const taints = ((node.spec as { taints?: { key: string; effect: string }[] } | undefined)?.taints ?? []).map(
      ({ key, effect }) => `${key}:${effect}`,
    )
    return [`Ready=${conditionOf(node, 'Ready') ?? '-'}`, ...taints].join(' ')
  },
  pods: (pod) => {
    const { nodeName = '-' } = pod.spec as { nodeName?: string }
    const phase = (pod.status as Conditioned | undefined)?.phase ?? '-'
    return [
      phase,
      `on ${nodeName}`,
      conditionOf(pod, 'Ready') === 'True' ? 'ready' : '',
      pod.metadata.deletionTimestamp ? 'terminating' : '',
    ]
      .filter(Boolean)
      .join(' ')
  },
  'replicasets.apps': (set) => {
    const { replicas = 0 } = (set.spec ?? {}) as { replicas?: number }
    const { readyReplicas = 0, replicas: has = 0 } = (set.status ?? {}) as { readyReplicas?: number; replicas?: number }
    return `wants ${replicas} has ${has} ready ${readyReplicas}`
  },
  'deployments.apps': (deployment) => {
    const { replicas = 0 } = (deployment.spec ?? {}) as { replicas?: number }
    const { updatedReplicas = 0, availableReplicas = 0 } = (deployment.status ?? {}) as {
      updatedReplicas?: number
      availableReplicas?: number
    }
    return `wants ${replicas} updated ${updatedReplicas} available ${availableReplicas}`
  },
  'endpointslices.discovery.k8s.io': (slice) => {
    const endpoints = (slice.endpoints ?? []) as readonly { addresses: string[]; conditions?: { ready?: boolean } }[]
    return endpoints.map(({ addresses, conditions }) => `${addresses[0]}${conditions?.ready ? '' : '!'}`).join(' ') || 'nobody'
  },
}

export class Transcript {
  readonly lines: string[] = []
  readonly #before = new Map<string, string>()
  readonly #now: () => number

  constructor(view: View, nowSinceStartMs: () => number) {
    this.#now = nowSinceStartMs
    view.observe(Object.keys(DESCRIPTIONS), (change) => this.#note(change))
  }

  /** What somebody from outside did. */
  act(text: string): void {
    this.#write(`* ${text}`)
  }

  #note({ type, resource, object }: Change): void {
    const { namespace, name } = object.metadata
    const key = `${resource.split('.')[0]} ${namespace ? `${namespace}/` : ''}${name}`
    const text = type === 'DELETED' ? 'gone' : (DESCRIPTIONS[resource]?.(object) ?? '')
    if (this.#before.get(key) === text) return
    if (type === 'DELETED') this.#before.delete(key)
    else this.#before.set(key, text)
    this.#write(`${key}: ${text}`)
  }

  #write(text: string): void {
    this.lines.push(`${(this.#now() / 1000).toFixed(3).padStart(9)}  ${text}`)
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`
  }
}
