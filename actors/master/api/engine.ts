// The API behind every front. Requests are evaluated against the durable state; what they write is handed to the store as
// one group a turn; when the store has it, the index moves, watchers hear, and only then are the requests answered.
import type { KubeObject } from '../../../model/object.ts'
import { convert } from '../../../model/schema/conversion.ts'
import { findResource, type ResourceInfo } from '../../../model/schema/resources.ts'
import {
  conflict,
  failure,
  insufficientStorage,
  internalError,
  methodNotAllowed,
  noSuchPath,
  OBJECT_MODIFIED,
  type Status,
  serviceUnavailable,
  tooLarge,
} from '../../../model/status.ts'
import type { ApiAnswer, ApiClient, ApiRequest, Selection, WatchObserver } from '../../ports/api.ts'
import type { Host } from '../../ports/host.ts'
import type { Commit, Opened, Outcome, Store } from '../../ports/store.ts'
import { Allocations, type Ranges } from './allocations.ts'
import type {
  ApiEvent,
  Engine,
  EngineAnswer,
  EngineObserver,
  EngineWatch,
  Entry,
  Gate,
  RememberedReason,
  User,
  WatchRequest,
} from './api.protocol.ts'
import { type Attributes, authorise } from './authorise.ts'
import { DecisionMemory, type DecisionWrite } from './decision-memory.ts'
import { expiredEvents } from './event-expiry.ts'
import { watchProblem } from './list-options.ts'
import { decode } from './pipeline/body.ts'
import { evaluateCreate } from './pipeline/create.ts'
import { deleteOptions } from './pipeline/delete-options.ts'
import { evaluateDelete } from './pipeline/remove.ts'
import { evaluateBinding, evaluateEviction, evaluateScale } from './pipeline/subresources.ts'
import { evaluateUpdate } from './pipeline/update.ts'
import { type ApiConfig, type Asked, type Evaluated, type Facts, gvkOf, subjectOf, type Write } from './pipeline/write.ts'
import { filterOf, list, read, versionProblem } from './reads.ts'
import { isReview, review } from './reviews.ts'
import { encodeForStore, entryOf, StoredEntry } from './state/entry.ts'
import type { StateChange } from './state/history.ts'
import { State } from './state/state.ts'
import { type WatchedSelection, Watches } from './watches.ts'

/** Of an object as it is stored. */
const MAX_OBJECT_CHARACTERS = 1.5 * 1024 * 1024
/** A request whose conditions fail at the commit is evaluated again this often. */
const ATTEMPTS = 5
/** Writes that may be on their way at once; beyond it new ones are refused until some are durable. */
const MAX_PENDING = 20_000

export interface EngineOptions {
  readonly host: Host
  readonly store: Store
  readonly ranges: Ranges
  readonly config: ApiConfig
  /** What the chart is to hear. */
  readonly notify: (event: ApiEvent) => void
}

interface Pending {
  readonly asked: Asked
  readonly answered: (answer: EngineAnswer) => void
  readonly attempt: number
  readonly write: Write
  readonly text: string | undefined
  readonly decision: DecisionWrite | undefined
}

interface Attempted {
  readonly asked: Asked
  readonly answered: (answer: EngineAnswer) => void
  readonly attempt: number
}

const refused = (status: Status): EngineAnswer => ({ kind: 'status', status })

export class ApiEngine implements Engine {
  readonly state = new State()
  readonly gate: Gate = { reads: 'closed', writes: 'closed', reason: 'the API is starting' }
  readonly #options: EngineOptions
  readonly #allocations: Allocations
  readonly #decisions = new DecisionMemory()
  readonly #watches = new Watches(this.state)
  readonly #pending = new Set<string>()
  readonly #waiting = new Map<string, Attempted[]>()
  #group: Pending[] = []
  #epoch = 0

  constructor(options: EngineOptions) {
    this.#options = options
    this.#allocations = new Allocations(options.ranges, options.host.random.stream('allocations'))
  }

  get epoch(): number {
    return this.#epoch
  }

  get watchers(): number {
    return this.#watches.size
  }

  get pendingWrites(): number {
    return this.#pending.size
  }

  /** Reads everything back, then tells the chart. */
  open(): void {
    this.#options.store.open(
      ({ key, value, revision }) => {
        void (
          this.state.load(key, value, revision) ||
          this.#allocations.load(key, value) ||
          this.#decisions.load(key, value, revision)
        )
      },
      (outcome: Opened) => {
        if (outcome.result === 'refused') {
          this.#options.notify({ type: 'store.refused', reason: outcome.reason, message: outcome.message })
          return
        }
        this.#epoch = outcome.epoch
        this.state.loaded(outcome.revision)
        this.#decisions.loaded()
        this.#options.notify({ type: 'store.opened', revision: outcome.revision, epoch: outcome.epoch })
      },
    )
  }

  /** Ends watches, finishes what is on its way, lets go of the store. */
  close(): void {
    this.#watches.endAll(serviceUnavailable('the API is shutting down'))
    this.#flush()
    this.#options.store.close(() => this.#options.notify({ type: 'store.closed' }))
  }

  request(user: User, request: ApiRequest, answered: (answer: EngineAnswer) => void): void {
    const resource = findResource(request.group, request.version, request.resource)
    if (!resource || (request.subresource && !resource.subresources[request.subresource])) return answered(refused(noSuchPath()))
    const denied = authorise(user, request, this.state)
    if (denied) return answered(refused(denied))
    const asked: Asked = { request, user, resource }
    if (request.verb === 'get' || request.verb === 'list') return answered(this.#read(asked))
    if (isReview(request.resource)) return answered(this.#review(asked))
    const shut = this.#shutFor(request)
    if (shut) return answered(refused(shut))
    if (request.verb === 'deletecollection') return this.#deleteCollection(asked, answered)
    this.#attempt({ asked, answered, attempt: 1 })
  }

  watch(user: User, { path, options, sendInitialEvents }: WatchRequest, observer: EngineObserver): EngineWatch {
    const { host } = this.#options
    const resource = findResource(path.group, path.version, path.resource)
    if (!resource) return this.#endedWatch(noSuchPath(), observer)
    if (!resource.verbs.has('watch')) return this.#endedWatch(methodNotAllowed(), observer)
    const denied = authorise(user, attributesOf('watch', path, options.fieldSelector), this.state)
    if (denied) return this.#endedWatch(denied, observer)
    const selection = this.#selected(resource, path.namespace, path.name, options)
    if ('refused' in selection) return this.#endedWatch(selection.refused, observer)
    const version = options.resourceVersion
    const problem = watchProblem(options, sendInitialEvents) ?? versionProblem(version, this.state, sendInitialEvents === true)
    if (problem) return this.#endedWatch(problem, observer)
    const resumes = version && version !== '0' && sendInitialEvents !== true
    const since = resumes ? Number(version) : sendInitialEvents === false ? this.state.revision : undefined
    return this.#watches.start([selection], observer, { defer: host.defer, ...(since === undefined ? {} : { since }) })
  }

  watchSelections(user: User, selections: readonly Selection[], observer: EngineObserver): EngineWatch {
    const wanted: WatchedSelection[] = []
    for (const selection of selections) {
      const resource = findResource(selection.group, selection.version, selection.resource)
      if (!resource) return this.#endedWatch(noSuchPath(), observer)
      const denied = authorise(user, attributesOf('watch', selection, selection.fieldSelector), this.state)
      if (denied) return this.#endedWatch(denied, observer)
      const made = this.#selected(resource, selection.namespace, selection.name, selection)
      if ('refused' in made) return this.#endedWatch(made.refused, observer)
      wanted.push(made)
    }
    return this.#watches.start(wanted, observer, { defer: this.#options.host.defer })
  }

  authorize(user: User, attributes: Attributes): Status | undefined {
    return authorise(user, attributes, this.state)
  }

  reasons(resource: string, namespace: string, name: string): readonly RememberedReason[] {
    return this.#decisions.reasons(resource, namespace, name)
  }

  /** The API as this user sees it, for participants in this process. Nothing is answered within the call. */
  as(user: User): ApiClient {
    return {
      request: (request, answered) => {
        let within = true
        this.request(user, request, (answer) => {
          const plain = plainAnswer(answer)
          if (within) this.#options.host.defer(() => answered(plain))
          else answered(plain)
        })
        within = false
      },
      watch: (selections, observer) => this.watchSelections(user, selections, plainObserver(observer)),
    }
  }

  /** Deletes events that have had their time. */
  expireEvents(): void {
    const user: User = { name: 'system:apiserver', groups: ['system:masters'] }
    for (const { metadata } of expiredEvents(this.state.list('events'), this.#options.host.clock.now())) {
      const { namespace = '', name = '' } = metadata
      this.request(user, { verb: 'delete', group: '', version: 'v1', resource: 'events', namespace, name }, () => {})
    }
  }

  #read({ request, resource }: Asked): EngineAnswer {
    if (this.gate.reads === 'closed') return refused(serviceUnavailable(this.gate.reason))
    if (!request.subresource && !resource.verbs.has(request.verb)) return refused(methodNotAllowed())
    return request.verb === 'get' ? read(request, resource, this.state) : list(request, resource, this.state)
  }

  #review({ request, resource, user }: Asked): EngineAnswer {
    const body = decode(request.body, gvkOf(resource), request.options)
    if (!body.ok) return refused(body.status)
    const answer = review(request.resource, body.object, user, this.state)
    if (answer.kind === 'Status') return refused(answer as unknown as Status)
    return { kind: 'object', code: 201, entry: entryOf(answer as unknown as KubeObject), warnings: body.warnings }
  }

  #shutFor(request: ApiRequest): Status | undefined {
    if (this.#pending.size >= MAX_PENDING) return serviceUnavailable('too many writes are on their way to the store')
    if (this.gate.writes === 'open') return undefined
    if (this.gate.writes === 'deletesOnly')
      return request.verb.startsWith('delete') ? undefined : insufficientStorage(this.gate.reason)
    return serviceUnavailable(this.gate.reason)
  }

  #attempt(attempted: Attempted): void {
    const { asked, answered } = attempted
    let evaluated: Evaluated
    try {
      evaluated = this.#evaluate(asked)
    } catch (error) {
      return answered(refused(internalError(error instanceof Error ? error.message : String(error))))
    }
    if (evaluated.kind === 'answer') return answered(evaluated.answer)
    if (evaluated.kind === 'wait') {
      const waiting = this.#waiting.get(evaluated.key) ?? []
      waiting.push(attempted)
      this.#waiting.set(evaluated.key, waiting)
      return
    }
    this.#propose(attempted, evaluated.write)
  }

  #evaluate(asked: Asked): Evaluated {
    const { host, config } = this.#options
    const facts: Facts = {
      state: this.state,
      allocations: this.#allocations,
      nowMs: host.clock.now(),
      ids: host.ids,
      config,
      isPending: (key) => this.#pending.has(key),
    }
    const { verb, subresource, resource } = asked.request
    if (resource === 'bindings' || subresource === 'binding') return evaluateBinding(withPods(asked), facts)
    if (subresource === 'eviction') return evaluateEviction(asked, facts)
    if (subresource === 'scale') return evaluateScale(asked, facts)
    if (subresource && subresource !== 'status' && subresource !== 'finalize' && subresource !== 'approval') {
      return { kind: 'answer', answer: refused(methodNotAllowed(`${subresource} is not served yet`)) }
    }
    if (verb === 'create') return evaluateCreate(asked, facts)
    return verb === 'delete' ? evaluateDelete(asked, facts) : evaluateUpdate(asked, facts)
  }

  #propose({ asked, answered, attempt }: Attempted, write: Write): void {
    const text = write.object && encodeForStore(write.object)
    if (text !== undefined && text.length > MAX_OBJECT_CHARACTERS) {
      return answered(refused(tooLarge(`an object may have ${MAX_OBJECT_CHARACTERS} bytes, this has ${text.length}`)))
    }
    if (write.allocations) this.#allocations.take(write.allocations)
    this.#pending.add(write.key)
    const decision = this.#decisions.write(asked.request, write, asked.user, this.#options.host.clock.now())
    this.#group.push({ asked, answered, attempt, write, text, decision })
    if (this.#group.length === 1) this.#options.host.defer(() => this.#flush())
  }

  /** Hands over what this turn has proposed. Groups do not depend on each other: a key is in one of them at a time. */
  #flush(): void {
    const group = this.#group
    if (group.length === 0) return
    this.#group = []
    this.#options.store.commit(
      group.map((pending) => this.#commitOf(pending)),
      (outcomes) => this.#settle(group, outcomes),
    )
  }

  #commitOf({ write, text, decision }: Pending): Commit {
    const allocated = write.allocations && this.#allocations.writes(write.allocations)
    const puts = [
      ...(text === undefined ? [] : [{ key: write.key, value: text }]),
      ...(allocated?.puts ?? []),
      ...(decision?.puts ?? []),
    ]
    const deletes = [...(text === undefined ? [write.key] : []), ...(allocated?.deletes ?? []), ...(decision?.deletes ?? [])]
    const base = write.base ? { key: write.key, revision: write.base.revision } : { key: write.key, absent: true as const }
    return { when: [base, { epoch: this.#epoch }, ...(allocated?.when ?? [])], puts, deletes }
  }

  #settle(group: readonly Pending[], outcomes: readonly Outcome[]): void {
    const nowMs = this.#options.host.clock.now()
    const answers: (() => void)[] = []
    const again: Attempted[] = []
    for (const [index, pending] of group.entries()) {
      const outcome = outcomes[index] ?? { result: 'unknown', message: 'the store did not answer' }
      const { write } = pending
      this.#pending.delete(write.key)
      if (outcome.result === 'committed') {
        answers.push(this.#applied(pending, outcome.revision, nowMs))
        continue
      }
      if (write.allocations) this.#allocations.giveBack(write.allocations)
      if (outcome.result === 'conflict' && pending.attempt < ATTEMPTS) again.push({ ...pending, attempt: pending.attempt + 1 })
      else answers.push(() => pending.answered(refused(this.#failed(pending, outcome))))
    }
    if (outcomes.some(({ result }) => result === 'committed')) this.#options.notify({ type: 'store.written' })
    for (const answer of answers) answer()
    for (const attempted of again) this.#resume(attempted)
    for (const { write } of group) {
      const waiting = this.#waiting.get(write.key)
      if (!waiting) continue
      this.#waiting.delete(write.key)
      for (const attempted of waiting) this.#resume(attempted)
    }
  }

  /** The gate may have shut meanwhile. */
  #resume(attempted: Attempted): void {
    const shut = this.#shutFor(attempted.asked.request)
    if (shut) attempted.answered(refused(shut))
    else this.#attempt(attempted)
  }

  /** The index, then watchers; what is returned answers the request. */
  #applied({ answered, write, text, decision }: Pending, revision: number, nowMs: number): () => void {
    decision?.remember(revision)
    if (write.allocations) this.#allocations.release(write.allocations)
    const { resource, key, namespace, name, object, base, last, answer, warnings } = write
    let change: StateChange | undefined
    if (object && text !== undefined) {
      const entry = new StoredEntry({ key, namespace, name }, revision, object.apiVersion, text, object)
      change = this.state.put(resource, entry, nowMs)
    } else if (base) {
      const entry = last ? new StoredEntry(base, revision, last.apiVersion, encodeForStore(last), last) : base.deletedAt(revision)
      change = this.state.remove(resource, base, entry, nowMs)
    }
    if (!change) return () => answered(refused(internalError(`a write to ${key} that is neither put nor deletion`)))
    this.state.tell(change)
    this.#watches.dispatch(change)
    change.previous?.superseded()
    const { entry } = change
    const told = warnings && warnings.length > 0 ? { warnings } : {}
    return () => {
      if (answer && isStatus(answer)) answered({ kind: 'status', status: answer, ...told })
      else answered({ kind: 'object', code: write.code, entry: shownEntry(write, entry), ...told })
      if (!object) entry.superseded()
    }
  }

  #failed({ asked, write }: Pending, outcome: Exclude<Outcome, { result: 'committed' }>): Status {
    switch (outcome.result) {
      case 'conflict':
        return conflict(subjectOf(asked.resource, write.name), OBJECT_MODIFIED)
      case 'full':
        this.#options.notify({ type: 'store.full', message: outcome.message })
        return insufficientStorage(outcome.message)
      case 'failed':
        this.#options.notify({ type: 'store.failed', message: outcome.message })
        return internalError(outcome.message)
      case 'unknown':
        this.#options.notify({ type: 'store.failed', message: outcome.message })
        return failure(504, 'Timeout', `it is not known whether this was written: ${outcome.message}`)
    }
  }

  #deleteCollection(asked: Asked, answered: (answer: EngineAnswer) => void): void {
    const { request, resource, user } = asked
    if (!resource.verbs.has('deletecollection')) return answered(refused(methodNotAllowed()))
    const options = deleteOptions(asked)
    if ('refused' in options) return answered(refused(options.refused))
    const { verb: _, ...collection } = request
    const found = list({ ...collection, verb: 'list' }, resource, this.state)
    if (found.kind !== 'list' || found.entries.length === 0) return answered(found)
    let open = found.entries.length
    for (const { object } of found.entries) {
      const { name = '', namespace } = object.metadata
      const { labelSelector: _l, fieldSelector: _f, limit: _m, continue: _c, ...rest } = request.options ?? {}
      this.request(user, { ...collection, verb: 'delete', name, ...(namespace ? { namespace } : {}), options: rest }, () => {
        open -= 1
        if (open === 0) answered(found)
      })
    }
  }

  #selected(
    resource: ResourceInfo,
    namespace: string | undefined,
    name: string | undefined,
    options: { labelSelector?: string; fieldSelector?: string },
  ): WatchedSelection | { readonly refused: Status } {
    const byName = name ? `metadata.name=${name}` : undefined
    const fieldSelector = [options.fieldSelector, byName].filter(Boolean).join(',')
    const filtered = filterOf(resource, { ...options, fieldSelector })
    if ('refused' in filtered) return filtered
    return { resource, namespace: resource.namespaced && namespace ? namespace : undefined, filter: filtered.filter }
  }

  #endedWatch(status: Status, observer: EngineObserver): EngineWatch {
    let live = true
    this.#options.host.defer(() => {
      if (live) observer.ended(status)
    })
    return {
      revision: this.state.revision,
      stop: () => {
        live = false
      },
    }
  }
}

const isStatus = (answer: Status | KubeObject): answer is Status => answer.kind === 'Status'

function shownEntry({ answer, shownAs, apiVersion }: Write, entry: StoredEntry): Entry {
  if (shownAs) return entryOf(shownAs(entry.object))
  return answer ? entryOf(convert(answer as KubeObject, apiVersion)) : entry.in(apiVersion)
}

const attributesOf = (verb: string, path: Omit<Attributes, 'verb'>, fieldSelector: string | undefined): Attributes => ({
  ...path,
  verb,
  ...(fieldSelector ? { fieldSelector } : {}),
})

/** The old way to bind names the pod in the body; it is the same for everything else. */
function withPods(asked: Asked): Asked {
  if (asked.request.resource !== 'bindings') return asked
  return { ...asked, resource: findResource('', 'v1', 'pods') ?? asked.resource }
}

function plainAnswer(answer: EngineAnswer): ApiAnswer {
  const warnings = answer.warnings ? { warnings: answer.warnings } : {}
  if (answer.kind === 'object') {
    return { ok: true, code: answer.code, object: answer.entry.object, ...warnings }
  }
  if (answer.kind === 'list') {
    const items = answer.entries.map(({ object }) => object)
    const object = { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(answer.revision) }, items }
    return { ok: true, code: 200, object: object as unknown as KubeObject, ...warnings }
  }
  if (answer.status.status === 'Success') {
    return { ok: true, code: answer.status.code, object: answer.status as unknown as KubeObject, ...warnings }
  }
  return { ok: false, status: answer.status }
}

const plainObserver = (observer: WatchObserver): EngineObserver => ({
  started: () => {},
  event: (type, { object }, revision) => observer.changed({ type, object, revision }),
  initialEventsEnd: (revision) => observer.changed({ type: 'SYNCED', revision }),
  ended: (status) => observer.ended(status),
})
