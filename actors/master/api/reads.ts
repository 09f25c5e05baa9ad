// GET and LIST from the index: the newest state, or a state of the past that history still knows, in pages if asked.
import { type FieldSelector, parseFieldSelector } from '../../../model/field-selectors.ts'
import type { KubeObject } from '../../../model/object.ts'
import type { ResourceInfo } from '../../../model/schema/resources.ts'
import { parseLabelSelector, type Selector } from '../../../model/selectors.ts'
import { badRequest, expired, failure, notFound, type Status } from '../../../model/status.ts'
import type { ApiRequest, RequestOptions } from '../../ports/api.ts'
import type { EngineAnswer } from './api.protocol.ts'
import { listProblem } from './list-options.ts'
import { scaleOf } from './pipeline/subresources.ts'
import { subjectOf } from './pipeline/write.ts'
import { byText, type Position } from './state/collection.ts'
import { entryOf, type StoredEntry } from './state/entry.ts'
import type { StateChange } from './state/history.ts'
import type { State } from './state/state.ts'

export interface Filter {
  readonly matches: (object: KubeObject) => boolean
  /** Nothing is filtered. */
  readonly all: boolean
  /** Of an index: only objects with this value can match. */
  readonly exact: (field: string) => string | undefined
}

export type Filtered = { readonly filter: Filter } | { readonly refused: Status }

export function filterOf(
  resource: ResourceInfo,
  { labelSelector, fieldSelector }: Pick<RequestOptions, 'labelSelector' | 'fieldSelector'>,
): Filtered {
  let byLabels: Selector | undefined
  let byFields: FieldSelector | undefined
  if (labelSelector) {
    const parsed = parseLabelSelector(labelSelector)
    if (!parsed.ok) return { refused: badRequest(parsed.message) }
    byLabels = parsed.selector
  }
  if (fieldSelector) {
    const parsed = parseFieldSelector(fieldSelector, resource.storageName)
    if (!parsed.ok) return { refused: badRequest(parsed.message) }
    byFields = parsed.selector
  }
  return {
    filter: {
      all: !byLabels && !byFields,
      matches: (object) => (!byLabels || byLabels.matches(object.metadata.labels)) && (!byFields || byFields.matches(object)),
      exact: (field) => byFields?.exact(field),
    },
  }
}

const status = (refused: Status): EngineAnswer => ({ kind: 'status', status: refused })

export function read(request: ApiRequest, resource: ResourceInfo, state: State): EngineAnswer {
  const namespace = resource.namespaced ? (request.namespace ?? '') : ''
  const tooNew = versionProblem(request.options?.resourceVersion, state)
  if (tooNew) return status(tooNew)
  const entry = state.collection(resource.storageName).get(namespace, request.name ?? '')
  const isScale = request.subresource === 'scale'
  if (!entry) {
    const subject = subjectOf(resource, request.name ?? '')
    return status(notFound(isScale ? { ...subject, resource: `${resource.plural}/scale` } : subject))
  }
  if (isScale) return { kind: 'object', code: 200, entry: entryOf(scaleOf(entry.object) as unknown as KubeObject) }
  return { kind: 'object', code: 200, entry: entry.in(resource.apiVersion) }
}

interface Continuation {
  readonly v: 1
  readonly rv: number
  readonly after: Position
}

export function list(request: ApiRequest, resource: ResourceInfo, state: State): EngineAnswer {
  const options = request.options ?? {}
  const problem = listProblem(options)
  if (problem) return status(problem)
  const filtered = filterOf(resource, options)
  if ('refused' in filtered) return status(filtered.refused)
  const { filter } = filtered
  const namespace = resource.namespaced && request.namespace ? request.namespace : undefined
  const tooNew = versionProblem(options.resourceVersion, state)
  if (tooNew) return status(tooNew)

  let revision = state.revision
  let after: Position | undefined
  if (options.continue) {
    if (options.resourceVersion && options.resourceVersion !== '0') {
      return status(badRequest('specifying resource version is not allowed when using continue'))
    }
    const continuation = parseContinue(options.continue)
    if (!continuation) return status(badRequest('continue key is not valid: encoded key is malformed'))
    after = continuation.after
    // -1: the client was told that it goes on in a newer state.
    if (continuation.rv !== -1) revision = continuation.rv
    if (revision < state.history.floor) return status(compacted(after))
  } else if (options.resourceVersionMatch === 'Exact') {
    revision = Number(options.resourceVersion)
    if (revision < state.history.floor) return status(expired(`The resourceVersion for the provided list is too old.`))
  }

  const source =
    revision === state.revision
      ? candidates(state, resource, namespace, filter, after)
      : past(state, resource, namespace, revision, after)
  const limit = options.limit && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY
  const entries: StoredEntry[] = []
  let more = false
  for (const entry of source) {
    if (!filter.all && !filter.matches(entry.object)) continue
    if (entries.length >= limit) {
      more = true
      break
    }
    entries.push(entry)
  }
  const last = entries.at(-1)
  const shown = entries.map((entry) => entry.in(resource.apiVersion))
  if (!more || !last) return { kind: 'list', entries: shown, revision }
  return {
    kind: 'list',
    entries: shown,
    revision,
    continue: formatContinue({ v: 1, rv: revision, after: { namespace: last.namespace, name: last.name } }),
    // How many of the rest a selector would take is not known without looking at each.
    ...(filter.all ? { remainingItemCount: countPast(state, resource, namespace, revision, last) } : {}),
  }
}

function candidates(
  state: State,
  resource: ResourceInfo,
  namespace: string | undefined,
  filter: Filter,
  after: Position | undefined,
): Iterable<StoredEntry> {
  const collection = state.collection(resource.storageName)
  const name = filter.exact('metadata.name')
  if (name !== undefined && namespace !== undefined) {
    const entry = collection.get(namespace, name)
    return entry ? [entry] : []
  }
  return collection.entries(resource.namespaced ? namespace : '', after)
}

/** The collection as it was: today's, with what has changed since taken back. Costs the changes and what is taken of it. */
function* past(
  state: State,
  resource: ResourceInfo,
  namespace: string | undefined,
  revision: number,
  after: Position | undefined,
): Generator<StoredEntry> {
  const changed = changedSince(state, resource, namespace, revision, after)
  const before = [...changed.values()].flatMap(({ previous }) => previous ?? []).sort(compare)
  let next = 0
  for (const entry of state.collection(resource.storageName).entries(resource.namespaced ? namespace : '', after)) {
    for (let old = before[next]; old && compare(old, entry) < 0; old = before[++next]) yield old
    if (!changed.has(entry.key)) yield entry
  }
  yield* before.slice(next)
}

function countPast(
  state: State,
  resource: ResourceInfo,
  namespace: string | undefined,
  revision: number,
  after: Position,
): number {
  const collection = state.collection(resource.storageName)
  let count = collection.countAfter(resource.namespaced ? namespace : '', after)
  for (const { entry, previous } of changedSince(state, resource, namespace, revision, after).values()) {
    if (collection.get(entry.namespace, entry.name)) count -= 1
    if (previous) count += 1
  }
  return count
}

/** By key the first change behind the revision, of what stands behind the position. */
function changedSince(
  { history }: State,
  { storageName }: ResourceInfo,
  namespace: string | undefined,
  revision: number,
  after: Position | undefined,
): ReadonlyMap<string, StateChange> {
  const first = new Map<string, StateChange>()
  for (const change of history.since(revision)) {
    const { entry } = change
    if (change.storageName !== storageName || first.has(entry.key)) continue
    if (namespace !== undefined && entry.namespace !== namespace) continue
    if (!after || compare(entry, after) > 0) first.set(entry.key, change)
  }
  return first
}

const compare = (a: Position, b: Position): number => byText(a.namespace, b.namespace) || byText(a.name, b.name)

/** Not a version, or, where the client needs to see at least this one, none that has been yet. */
export function versionProblem(asked: string | undefined, { revision }: State, mustExist = true): Status | undefined {
  if (!asked || asked === '0') return undefined
  if (!/^\d+$/.test(asked)) return badRequest(`Invalid value: "${asked}": strconv.ParseUint: parsing "${asked}": invalid syntax`)
  if (!mustExist || Number(asked) <= revision) return undefined
  return failure(504, 'Timeout', `Too large resource version: ${asked}, current: ${revision}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

const compacted = (after: Position): Status => {
  const refused = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  )
  return { ...refused, metadata: { continue: formatContinue({ v: 1, rv: -1, after }) } as never }
}

const formatContinue = (continuation: Continuation): string => btoa(JSON.stringify(continuation)).replace(/=+$/, '')

function parseContinue(token: string): Continuation | undefined {
  try {
    const { v, rv, after } = JSON.parse(atob(token)) as Continuation
    if (v !== 1 || !Number.isSafeInteger(rv) || typeof after.name !== 'string' || typeof after.namespace !== 'string')
      return undefined
    return { v, rv, after }
  } catch {
    return undefined
  }
}
