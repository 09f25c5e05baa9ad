// A cluster small enough to see through, for tests of what the Master does: objects in a map, a View and an API over it,
// a clock that is wound by hand. No validation, no defaults; kubelets are played by the test.
import { type AnyActorLogic, createActor, type InputFrom, type InspectionEvent } from 'xstate'
import type { ApiAnswer, ApiClient, ApiRequest } from '../../actors/ports/api.ts'
import type { Host, Random } from '../../actors/ports/host.ts'
import type { Change, View } from '../../actors/ports/view.ts'
import type { Json, JsonObject, KubeObject, ResourceName } from '../../model/object.ts'
import { resourceName } from '../../model/object.ts'
import { alreadyExists, conflict, failure, notFound, OBJECT_MODIFIED } from '../../model/status.ts'
import { formatTime } from '../../model/time.ts'

export const START_MS = Date.parse('2026-01-01T00:00:00Z')

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
}

export class ControllerWorld {
  readonly inspectors: ((event: InspectionEvent) => void)[] = []
  nowMs = START_MS
  revision = 0
  readonly requests: (ApiRequest & { user: string })[] = []
  /** How long requests take. */
  slowMs = 0
  /** Answers instead of carrying out: a fault. */
  refuse: ((request: ApiRequest) => ApiAnswer | undefined) | undefined
  readonly #objects = new Map<ResourceName, Map<string, KubeObject>>()
  readonly #observers = new Set<{ resources: readonly string[]; changed: (change: Change) => void }>()
  readonly #timers = new Set<Timer>()
  #order = 0
  #uids = 0

  readonly clock = {
    now: () => this.nowMs,
    setTimeout: (callback: () => void, delayMs: number): unknown => {
      const timer = { dueMs: this.nowMs + delayMs, order: this.#order++, callback }
      this.#timers.add(timer)
      return timer
    },
    clearTimeout: (timer: unknown): void => void this.#timers.delete(timer as Timer),
  }

  readonly host: Host = {
    clock: this.clock,
    random: seeded(1),
    ids: { uid: () => `uid-${++this.#uids}`, suffix: (length) => String(++this.#uids).padStart(length, 'x') },
    defer: (callback) => void this.clock.setTimeout(callback, 0),
  }

  readonly view: View = (() => {
    const world = this
    return {
      get revision() {
        return world.revision
      },
      get: <T>(resource: string, namespace: string, name: string) =>
        this.#objects.get(resource)?.get(`${namespace}/${name}`) as T | undefined,
      list: <T>(resource: string, namespace?: string) => this.list(resource, namespace) as T[],
      ownedBy: <T>(resource: string, uid: string) =>
        this.list(resource).filter((object) => object.metadata.ownerReferences?.some((owner) => owner.uid === uid)) as T[],
      dependentsOf: (uid) =>
        [...this.#objects.keys()].flatMap((resource) =>
          [...this.view.ownedBy(resource, uid)].map((object) => ({ resource, object })),
        ),
      podsOnNode: <T>(nodeName: string) =>
        this.list('pods').filter((pod) => (pod.spec as { nodeName?: string }).nodeName === nodeName) as T[],
      observe: (resources, changed) => {
        const observer = { resources, changed }
        this.#observers.add(observer)
        return { stop: () => void this.#observers.delete(observer) }
      },
    }
  })()

  list(resource: string, namespace?: string): KubeObject[] {
    return [...(this.#objects.get(resource) ?? [])]
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object)
  }

  get(resource: string, key: string): KubeObject | undefined {
    return this.#objects.get(resource)?.get(key.includes('/') ? key : `/${key}`)
  }

  apiAs = (user: string): ApiClient => ({
    request: (request, answered) => {
      this.requests.push({ ...request, user })
      this.clock.setTimeout(() => answered(this.refuse?.(request) ?? this.perform(request)), this.slowMs)
    },
    watch: () => ({ stop: () => {} }),
  })

  start<L extends AnyActorLogic>(logic: L, input: InputFrom<L>) {
    const inspect = (event: InspectionEvent): void => {
      for (const observer of this.inspectors) observer(event)
    }
    const actor = createActor(logic, { input, clock: this.clock, ...(this.inspectors.length > 0 ? { inspect } : {}) } as never)
    actor.start()
    return actor
  }

  /** Until nothing happens any more at this instant. */
  settle(): void {
    this.advance(0)
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    for (let steps = 0; ; steps += 1) {
      if (steps > 200_000) throw new Error('the world does not come to rest')
      const next = [...this.#timers].reduce<Timer | undefined>(
        (first, timer) =>
          first === undefined || timer.dueMs < first.dueMs || (timer.dueMs === first.dueMs && timer.order < first.order)
            ? timer
            : first,
        undefined,
      )
      if (next === undefined || next.dueMs > untilMs) break
      this.#timers.delete(next)
      this.nowMs = Math.max(this.nowMs, next.dueMs)
      next.callback()
    }
    this.nowMs = untilMs
  }

  create(resource: string, object: object): KubeObject {
    const given = object as KubeObject
    const metadata = {
      generation: 1,
      creationTimestamp: formatTime(this.nowMs),
      ...given.metadata,
      name: given.metadata.name ?? `${given.metadata.generateName}${this.host.ids.suffix(5)}`,
      uid: given.metadata.uid ?? this.host.ids.uid(),
    }
    const status = resource === 'pods' && given.status === undefined ? { status: { phase: 'Pending' } } : {}
    return this.#write(resource, 'ADDED', { ...given, ...status, metadata })
  }

  /** Merges, as another writer would. */
  change(resource: string, key: string, changes: object): KubeObject {
    const before = this.get(resource, key)
    if (before === undefined) throw new Error(`no ${resource} ${key}`)
    return this.#write(resource, 'MODIFIED', bumped(before, merge(before as Json, changes as Json) as unknown as KubeObject))
  }

  remove(resource: string, key: string): void {
    const before = this.get(resource, key)
    if (before !== undefined) this.#write(resource, 'DELETED', before)
  }

  perform(request: ApiRequest): ApiAnswer {
    const { verb, group, resource: plural, namespace = '', name = '', subresource, body } = request
    const resource = resourceName(plural, group)
    const subject = { group, resource: plural, name }
    const value = (body as { value?: Json } | undefined)?.value as Json & KubeObject
    const before = this.#objects.get(resource)?.get(`${namespace}/${name}`)
    const ok = (object: KubeObject): ApiAnswer => ({ ok: true, code: 200, object })
    if (verb === 'create' && subresource === undefined) {
      const existing =
        value.metadata.name !== undefined && this.#objects.get(resource)?.has(`${namespace}/${value.metadata.name}`)
      return existing
        ? { ok: false, status: alreadyExists({ ...subject, name: value.metadata.name }) }
        : ok(this.create(resource, value))
    }
    if (before === undefined) return { ok: false, status: notFound(subject) }
    if (subresource === 'binding') {
      const target = (value as unknown as { target: { name: string } }).target
      if ((before.spec as { nodeName?: string }).nodeName)
        return { ok: false, status: conflict(subject, 'pod is already assigned') }
      return ok(this.change(resource, `${namespace}/${name}`, { spec: { nodeName: target.name } }))
    }
    if (verb === 'delete') {
      const { preconditions = {}, gracePeriodSeconds } = value as unknown as {
        preconditions?: { uid?: string; resourceVersion?: string }
        gracePeriodSeconds?: number
      }
      if (preconditions.uid && preconditions.uid !== before.metadata.uid) return { ok: false, status: conflict(subject, 'uid') }
      if (preconditions.resourceVersion && preconditions.resourceVersion !== before.metadata.resourceVersion)
        return { ok: false, status: conflict(subject, OBJECT_MODIFIED) }
      const lingers =
        (resource === 'pods' && (before.spec as { nodeName?: string }).nodeName && gracePeriodSeconds !== 0) ||
        (before.metadata.finalizers ?? []).length > 0
      if (!lingers) this.remove(resource, `${namespace}/${name}`)
      else if (before.metadata.deletionTimestamp === undefined)
        this.change(resource, `${namespace}/${name}`, { metadata: { deletionTimestamp: formatTime(this.nowMs) } })
      return ok(before)
    }
    if (verb !== 'patch' && verb !== 'update') return { ok: false, status: failure(405, 'MethodNotAllowed', verb) }
    const { uid, resourceVersion } = value.metadata ?? {}
    if (uid !== undefined && uid !== before.metadata.uid) return { ok: false, status: conflict(subject, 'uid') }
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      return { ok: false, status: conflict(subject, OBJECT_MODIFIED) }
    const after = bumped(before, (verb === 'update' ? value : merge(before as Json, value)) as unknown as KubeObject)
    const unheld =
      (after.metadata.finalizers ?? []).length === 0 && ((after.spec as { finalizers?: [] })?.finalizers ?? []).length === 0
    if (after.metadata.deletionTimestamp !== undefined && resource !== 'pods' && unheld) {
      this.#write(resource, 'DELETED', after)
      return ok(after)
    }
    return ok(this.#write(resource, 'MODIFIED', after))
  }

  #write(resource: string, type: Change['type'], given: KubeObject): KubeObject {
    this.revision += 1
    const object = structuredClone({ ...given, metadata: { ...given.metadata, resourceVersion: String(this.revision) } })
    const objects = this.#objects.get(resource) ?? new Map<string, KubeObject>()
    this.#objects.set(resource, objects)
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
    const previous = objects.get(key)
    if (type === 'DELETED') objects.delete(key)
    else objects.set(key, object)
    const change = { type, resource, revision: this.revision, object, ...(previous === undefined ? {} : { previous }) }
    for (const observer of this.#observers)
      if (observer.resources.length === 0 || observer.resources.includes(resource)) observer.changed(change)
    return object
  }

  /** A field of an object that must be there. */
  field<T>(resource: string, key: string, name: 'spec' | 'status' | 'subsets'): T {
    const object = this.get(resource, key)
    if (object === undefined) throw new Error(`no ${resource} ${key}`)
    return object[name] as T
  }

  events(reason?: string): string[] {
    return this.list('events')
      .filter((event) => reason === undefined || event.reason === reason)
      .map((event) => String(event.message))
  }
}

const bumped = (before: KubeObject, after: KubeObject): KubeObject =>
  JSON.stringify(before.spec) === JSON.stringify(after.spec)
    ? after
    : { ...after, metadata: { ...after.metadata, generation: (before.metadata.generation ?? 0) + 1 } }

function merge(before: Json | undefined, changes: Json): Json {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) return changes
  const isMap = typeof before === 'object' && before !== null && !Array.isArray(before)
  const result: Record<string, Json> = isMap ? { ...(before as JsonObject) } : {}
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete result[key]
    else if (value !== undefined) result[key] = merge(result[key], value)
  }
  return result
}

export function seeded(seed: number): Random {
  let state = seed >>> 0
  return {
    next: () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    },
    stream: (name) => seeded([...name].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), seed)),
  }
}

/** The decoded body of a request that must be there. */
export function bodyOf<T>(request: ApiRequest | undefined): T {
  if (request?.body === undefined || !('value' in request.body)) throw new Error('no request with a decoded body')
  return request.body.value as T
}

/** What a kubelet would say of a pod that runs. */
export const runningStatus = (nowMs: number, ip: string, ready = true) => ({
  phase: 'Running',
  podIP: ip,
  conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: formatTime(nowMs) }],
})

export const deployment = (name: string, replicas: number, image = 'app:v1', more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image }] } },
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    ...more,
  },
})

export const readyNode = (name: string, more: { cpu?: string; memory?: string; pods?: string; labels?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...more.labels } },
  spec: {},
  status: {
    allocatable: { cpu: more.cpu ?? '4', memory: more.memory ?? '8Gi', pods: more.pods ?? '110' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: formatTime(START_MS) }],
  },
})
