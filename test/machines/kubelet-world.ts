// An API for one node, in memory, as small as the kubelet's tests need: objects by path, patches merged, one watch.

import type { ApiAnswer, ApiClient, ApiRequest, WatchObserver } from '../../actors/ports/api.ts'
import type { LinkFacts, MasterLink } from '../../actors/ports/link.ts'
import type { KubeObject } from '../../model/object.ts'
import { alreadyExists, notFound, serviceUnavailable } from '../../model/status.ts'

type Loose = Record<string, unknown>

export class SmallApi implements MasterLink {
  readonly objects = new Map<string, KubeObject>()
  readonly requests: ApiRequest[] = []
  open = true
  /** Set by a test to answer a request itself. */
  answerWith: ((request: ApiRequest) => ApiAnswer | undefined) | undefined
  private readonly defer: (callback: () => void) => void
  private readonly watchers = new Set<WatchObserver>()
  private readonly listeners = new Set<{ subject: string; heard: (body: never) => void }>()
  private revision = 1

  constructor(defer: (callback: () => void) => void) {
    this.defer = defer
  }

  readonly client: ApiClient = {
    request: (request, answered) => {
      this.requests.push(request)
      const answer = this.open
        ? (this.answerWith?.(request) ?? this.answer(request))
        : ({ ok: false, status: serviceUnavailable('cut off') } as const)
      this.defer(() => answered(answer))
    },
    watch: (_selections, observer) => {
      this.watchers.add(observer)
      this.defer(() => {
        for (const object of this.objects.values()) {
          if (['Pod', 'Service', 'Node'].includes(object.kind))
            observer.changed({ type: 'ADDED', object, revision: this.revision })
        }
        observer.changed({ type: 'SYNCED', revision: this.revision })
      })
      return { stop: () => void this.watchers.delete(observer) }
    },
  }

  tell(): void {}

  onEvent<S extends keyof LinkFacts>(subject: S, heard: (body: LinkFacts[S]) => void) {
    const listener = { subject, heard: heard as (body: never) => void }
    this.listeners.add(listener)
    return { stop: () => void this.listeners.delete(listener) }
  }

  emit<S extends keyof LinkFacts>(subject: S, body: LinkFacts[S]): void {
    for (const { subject: wanted, heard } of [...this.listeners]) if (wanted === subject) heard(body as never)
  }

  cut(): void {
    this.open = false
    this.emit('link.lost', { reason: 'cut off' })
    this.endWatches()
  }

  endWatches(): void {
    const ended = [...this.watchers]
    this.watchers.clear()
    for (const observer of ended) observer.ended(serviceUnavailable('cut off'))
  }

  mend(): void {
    this.open = true
    this.emit('link.opened', { version: 1, clusterId: 'test', epoch: 1 })
  }

  put(object: Loose & { kind: string; metadata: Loose }): KubeObject {
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(++this.revision) },
    } as unknown as KubeObject
    const key = keyOf(stored.kind, stored.metadata.namespace, stored.metadata.name)
    const type = this.objects.has(key) ? 'MODIFIED' : 'ADDED'
    this.objects.set(key, stored)
    this.spread(type, stored)
    return stored
  }

  drop(kind: string, namespace: string | undefined, name: string): void {
    const key = keyOf(kind, namespace, name)
    const object = this.objects.get(key)
    this.objects.delete(key)
    if (object) this.spread('DELETED', object)
  }

  get<T>(kind: string, namespace: string | undefined, name: string): T | undefined {
    return this.objects.get(keyOf(kind, namespace, name)) as T | undefined
  }

  list<T>(kind: string): T[] {
    return [...this.objects.values()].filter((object) => object.kind === kind) as T[]
  }

  private spread(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    if (!['Pod', 'Service', 'Node'].includes(object.kind)) return
    const revision = this.revision
    this.defer(() => {
      for (const watcher of [...this.watchers]) watcher.changed({ type, object, revision })
    })
  }

  private answer(request: ApiRequest): ApiAnswer {
    const kind = KINDS[request.resource] ?? request.resource
    const key = keyOf(kind, request.namespace, request.name)
    const found = this.objects.get(key)
    const subject = { group: request.group, resource: request.resource, name: request.name }
    const value = (request.body && 'value' in request.body ? request.body.value : {}) as Loose
    if (request.verb === 'create') {
      const made = value as Loose & { kind: string; metadata: Loose }
      const name = String(made.metadata.name)
      if (this.objects.has(keyOf(kind, made.metadata.namespace as string, name)))
        return { ok: false, status: alreadyExists({ ...subject, name }) }
      const extra = kind === 'Node' ? { spec: { podCIDR: '127.64.1.0/24' } } : {}
      return { ok: true, code: 201, object: this.put({ ...made, metadata: { uid: `uid-${name}`, ...made.metadata }, ...extra }) }
    }
    if (!found) return { ok: false, status: notFound(subject) }
    if (request.verb === 'delete') {
      const wanted = (value.preconditions as Loose | undefined)?.uid
      if (wanted && wanted !== found.metadata.uid) return { ok: false, status: { ...notFound(subject), code: 409 } }
      this.drop(kind, request.namespace, request.name ?? '')
      return { ok: true, code: 200, object: found }
    }
    if (request.verb === 'patch') {
      const wanted = (value.metadata as Loose | undefined)?.uid
      if (wanted && wanted !== found.metadata.uid) return { ok: false, status: { ...notFound(subject), code: 409 } }
      return { ok: true, code: 200, object: this.put(merge(found, value) as never) }
    }
    return { ok: true, code: 200, object: found }
  }
}

const KINDS: Readonly<Record<string, string>> = {
  nodes: 'Node',
  pods: 'Pod',
  services: 'Service',
  leases: 'Lease',
  events: 'Event',
  configmaps: 'ConfigMap',
  secrets: 'Secret',
}

const keyOf = (kind: string, namespace = '', name = ''): string => `${kind}/${namespace}/${name}`

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const merged: Loose = typeof target === 'object' && target !== null ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = merge(merged[key], value)
  }
  return merged
}
