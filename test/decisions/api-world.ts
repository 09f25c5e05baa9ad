// The API engine over a store whose syncs the test lets happen, on a host whose time stands still. No chart, no front: the
// gate stands open.
import type { ApiEvent, EngineAnswer, EngineWatch, User } from '../../actors/master/api/api.protocol.ts'
import { ApiEngine, type EngineOptions } from '../../actors/master/api/engine.ts'
import type { ApiRequest, RequestOptions, Verb } from '../../actors/ports/api.ts'
import type { Commit, Condition, Opened, Outcome, Store, StoredRow } from '../../actors/ports/store.ts'
import type { Json, KubeObject } from '../../model/object.ts'
import { resourceForKind } from '../../model/schema/resources.ts'
import { SteppedHost } from '../machines/stepped-host.ts'

export const ADMIN: User = { name: 'admin', groups: ['system:masters'] }

interface Group {
  readonly commits: readonly Commit[]
  readonly settled: (outcomes: readonly Outcome[]) => void
}

export class ScriptedStore implements Store {
  readonly rows = new Map<string, { value: string; revision: number }>()
  revision = 1
  epoch = 0
  /** Groups wait until they are released. */
  isHeld = false
  /** What a commit ends in instead of being carried out. */
  fault: ((commit: Commit) => Outcome | undefined) | undefined
  isClosed = false
  /** Every group that was handed in, in order. */
  readonly groups: (readonly Commit[])[] = []
  readonly #waiting: Group[] = []
  readonly #host: SteppedHost

  constructor(host: SteppedHost) {
    this.#host = host
  }

  open(row: (row: StoredRow) => void, opened: (outcome: Opened) => void): void {
    this.#host.defer(() => {
      this.epoch += 1
      for (const key of [...this.rows.keys()].sort()) row({ key, ...(this.rows.get(key) as { value: string; revision: number }) })
      opened({ result: 'opened', revision: this.revision, epoch: this.epoch })
    })
  }

  commit(commits: readonly Commit[], settled: (outcomes: readonly Outcome[]) => void): void {
    if (this.isClosed) return this.#host.defer(() => settled(commits.map(() => ({ result: 'failed', message: 'closed' }))))
    this.groups.push(commits)
    this.#waiting.push({ commits, settled })
    if (!this.isHeld) this.release()
  }

  /** All that wait, or the oldest few. */
  release(count = this.#waiting.length): void {
    for (const { commits, settled } of this.#waiting.splice(0, count)) {
      this.#host.defer(() => settled(commits.map((commit) => this.fault?.(commit) ?? this.#carryOut(commit))))
    }
  }

  close(closed: () => void): void {
    this.release()
    this.isClosed = true
    this.#host.defer(closed)
  }

  #carryOut({ when, puts, deletes }: Commit): Outcome {
    const failed = when.find((condition) => !this.#holds(condition))
    if (failed) return { result: 'conflict', condition: failed }
    this.revision += 1
    for (const key of deletes) this.rows.delete(key)
    for (const { key, value } of puts) this.rows.set(key, { value, revision: this.revision })
    return { result: 'committed', revision: this.revision }
  }

  #holds(condition: Condition): boolean {
    if ('epoch' in condition) return condition.epoch === this.epoch
    return this.rows.get(condition.key)?.revision === ('absent' in condition ? undefined : condition.revision)
  }
}

const RANGES: EngineOptions['ranges'] = {
  serviceCidr: '127.1.128.0/24',
  nodePorts: { first: 30000, last: 30009 },
  autoNodePorts: { first: 30000, last: 30003 },
  podCidr: (index) => (index <= 3 ? `127.1.${index}.0/24` : undefined),
}

export class ApiWorld {
  readonly host: SteppedHost
  readonly store: ScriptedStore
  readonly engine: ApiEngine
  readonly notices: ApiEvent[] = []

  constructor(before?: ApiWorld, options: Partial<EngineOptions> = {}) {
    this.host = before?.host ?? new SteppedHost()
    this.store = before?.store ?? new ScriptedStore(this.host)
    const { host, store } = this
    const notify = (event: ApiEvent): void => void this.notices.push(event)
    this.engine = new ApiEngine({ host, store, ranges: RANGES, config: {}, notify, ...options })
    this.engine.open()
    host.settle()
    // Whoever changes what is stored, instead of making a new version of it, throws.
    this.engine.state.observe([], ({ object }) => freeze(object))
    Object.assign(this.engine.gate, { reads: 'open', writes: 'open', reason: '' })
    if (!before) this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
  }

  /** The answer as soon as there is one. */
  ask(request: ApiRequest, user: User = ADMIN): { answer?: EngineAnswer } {
    const asked: { answer?: EngineAnswer } = {}
    this.engine.request(user, request, (answer) => {
      if (asked.answer) throw new Error('answered twice')
      asked.answer = answer
    })
    return asked
  }

  answer(request: ApiRequest, user: User = ADMIN): EngineAnswer {
    const asked = this.ask(request, user)
    this.host.settle()
    if (!asked.answer) throw new Error('not answered')
    return asked.answer
  }

  /** The object answered; anything else fails the test. */
  object(request: ApiRequest, user: User = ADMIN): KubeObject {
    const answer = this.answer(request, user)
    if (answer.kind !== 'object') throw new Error(JSON.stringify(answer))
    return answer.entry.object
  }

  /** `200`, or `409 Conflict: message`. */
  outcome(request: ApiRequest, user: User = ADMIN): string {
    const answer = this.answer(request, user)
    if (answer.kind === 'list') return '200'
    if (answer.kind === 'object') return String(answer.code)
    const { status } = answer
    return status.status === 'Success' ? String(status.code) : `${status.code} ${status.reason ?? ''}: ${status.message ?? ''}`
  }

  create(object: KubeObject): KubeObject {
    return this.object(on('create', object))
  }

  get(kind: string, name: string): KubeObject {
    return this.object({ ...at(kind, name), verb: 'get' })
  }

  has(kind: string, name: string): boolean {
    return this.answer({ ...at(kind, name), verb: 'get' }).kind === 'object'
  }

  patch(kind: string, name: string, value: Json, subresource?: string): KubeObject {
    return this.object(patching(kind, name, value, subresource))
  }

  /** What a watch is told, a line an event: `ADDED web @7`. */
  watch(kind: string, options: RequestOptions = {}, user: User = ADMIN): { told: string[]; watch: EngineWatch } {
    const told: string[] = []
    const watch = this.engine.watch(
      user,
      { path: at(kind), options, allowWatchBookmarks: true, sendInitialEvents: undefined },
      {
        started: () => {},
        event: (type, { object, bytes }, revision) => {
          const { name, resourceVersion } = object.metadata
          if (!new TextDecoder().decode(bytes).includes(`"resourceVersion":"${resourceVersion}"`)) told.push('bytes differ')
          told.push(`${type} ${name} @${resourceVersion}${String(revision) === resourceVersion ? '' : ` at ${revision}`}`)
        },
        initialEventsEnd: (revision) => void told.push(`all @${revision}`),
        ended: ({ code, message }) => void told.push(`ended ${code} ${message}`),
      },
    )
    this.host.settle()
    return { told, watch }
  }
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const member of Object.values(value)) freeze(member)
}

/** The path of a kind, in the namespace `default` where it has one. */
export function at(kind: string, name?: string): Omit<ApiRequest, 'verb'> {
  const resource = KINDS.map((apiVersion) => resourceForKind(apiVersion, kind)).find((found) => found !== undefined)
  if (!resource) throw new Error(`no kind ${kind}`)
  const { group, version, plural } = resource
  return { group, version, resource: plural, ...(resource.namespaced ? { namespace: 'default' } : {}), ...(name ? { name } : {}) }
}

const KINDS = ['v1', 'apps/v1', 'batch/v1', 'coordination.k8s.io/v1', 'policy/v1']

export function on(verb: Verb, object: KubeObject, options: RequestOptions = {}): ApiRequest {
  const { name, namespace } = object.metadata
  const path = at(object.kind, verb === 'create' ? undefined : name)
  return {
    ...path,
    ...(namespace && path.namespace ? { namespace } : {}),
    verb,
    options,
    body: { contentType: 'application/json', value: object },
  }
}

export const patching = (kind: string, name: string, value: Json, subresource?: string): ApiRequest => ({
  ...at(kind, name),
  verb: 'patch',
  ...(subresource ? { subresource } : {}),
  body: { contentType: 'application/merge-patch+json', value },
})

export const deleting = (kind: string, name: string, options: Json = {}): ApiRequest => ({
  ...at(kind, name),
  verb: 'delete',
  body: { contentType: 'application/json', value: options },
})

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

export const pod = (name: string, spec: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'main', image: 'app:1' }], ...spec },
})

export const deployment = (name: string, replicas = 1): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'app:1' }] } },
  },
})

export const service = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
})
