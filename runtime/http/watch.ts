// Serves a watch: what the engine tells becomes lines in the form that the client wants, with bookmarks each minute and an
// end in time.
import type { Engine, EngineWatch, User } from '../../actors/master/api/api.protocol.ts'
import type { ResourcePath } from '../../actors/ports/api.ts'
import type { KubeObject } from '../../model/object.ts'
import type { ResourceInfo } from '../../model/schema/resources.ts'
import type { Status } from '../../model/status.ts'
import { internalErrorOf, JSON_TYPE, statusAnswer } from './answers.ts'
import type { Respond } from './exchange.ts'
import { eventEncoder, type Wanted } from './forms.ts'
import { BOOKMARK_INTERVAL_MS, MIN_WATCH_TIMEOUT_MS } from './limits.ts'
import type { Query } from './query.ts'
import { WatchBody } from './watch-body.ts'

export interface WatchAsked {
  readonly user: User
  readonly path: ResourcePath
  readonly resource: ResourceInfo
  readonly query: Query
  readonly wanted: Wanted
}

/** What marks the end of the state at the start, for clients that list by watching. */
const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' }

export function serveWatch(engine: Engine, { user, path, resource, query, wanted }: WatchAsked, respond: Respond): void {
  const encode = eventEncoder(resource, wanted)
  const timers: NodeJS.Timeout[] = []
  let watch: EngineWatch | undefined
  let answered = false
  const body = new WatchBody(() => {
    for (const timer of timers) clearTimeout(timer)
    watch?.stop()
  })
  const begin = () => {
    if (answered) return
    answered = true
    respond({ status: 200, headers: { 'Content-Type': JSON_TYPE }, body })
  }
  const bookmark = (revision: number, annotations?: Record<string, string>) => {
    const object: KubeObject = {
      kind: resource.kind,
      apiVersion: resource.apiVersion,
      metadata: { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) },
    }
    body.event('BOOKMARK', encode({ bytes: Buffer.from(JSON.stringify(object)), object }, Date.now()))
  }
  const fail = (status: Status) => {
    body.event('ERROR', Buffer.from(JSON.stringify(status)))
    body.end()
  }
  watch = engine.watch(
    user,
    { path, options: query.options, allowWatchBookmarks: query.allowWatchBookmarks, sendInitialEvents: query.sendInitialEvents },
    {
      started: begin,
      event: (type, entry) => {
        try {
          body.event(type, encode(entry, Date.now()))
        } catch (error) {
          fail(internalErrorOf(error))
        }
      },
      initialEventsEnd: (revision) => {
        if (query.sendInitialEvents) bookmark(revision, INITIAL_EVENTS_END)
        body.initialEventsEnd()
      },
      ended: (status) => {
        // A version that is too old is told within the watch, everything else instead of it.
        if (!answered && status.code !== EXPIRED) {
          answered = true
          respond(statusAnswer(status, wanted.encoding))
          return
        }
        begin()
        fail(status)
      },
    },
  )
  timers.push(setTimeout(() => body.end(), timeoutMs(query.timeoutSeconds)).unref())
  if (query.allowWatchBookmarks) {
    timers.push(setInterval(() => watch && bookmark(watch.revision), BOOKMARK_INTERVAL_MS).unref())
  }
}

const EXPIRED = 410

const timeoutMs = (seconds: number | undefined): number =>
  seconds !== undefined && seconds > 0
    ? Math.min(seconds, MAX_TIMEOUT_SECONDS) * 1000
    : MIN_WATCH_TIMEOUT_MS * (1 + Math.random())

/** The longest that a timer of Node takes is some 24 days. */
const MAX_TIMEOUT_SECONDS = 86_400
