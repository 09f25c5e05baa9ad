// A node's Proxy: follows Services and their endpoints, keeps the node's sockets as they say, and tells the Master up to
// which revision they are so. Without the Master it goes on with what it knows.
import { type ActorRef, assign, fromCallback, type Snapshot, setup } from 'xstate'
import { EventRecorder } from '../master/controllers/events.ts'
import type { Selection } from '../ports/api.ts'
import type { Host } from '../ports/host.ts'
import type { MasterLink } from '../ports/link.ts'
import type { Listener, ListenerFailure, Network } from '../ports/network.ts'
import type { ProxyEvent } from './proxy.protocol.ts'
import { ProxyTable } from './table.ts'

/** A port may become free at any time; nobody tells us. */
const RETRY_MIN_MS = 1_000
const RETRY_MAX_MS = 30_000
/** After a watch that the Master has ended without losing the connection. */
const WATCH_AGAIN_MS = 500

const SELECTIONS: readonly Selection[] = [
  { group: '', version: 'v1', resource: 'services' },
  { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
]

export interface ProxyInput {
  readonly nodeName: string
  readonly link: MasterLink
  readonly network: Network
  readonly host: Host
}

interface Context extends ProxyInput {
  readonly recorder: EventRecorder
  /** What the sockets follow. While a new watch is told what exists, the table of the old one stays in use. */
  table: ProxyTable
  syncing: ProxyTable
  /** Listeners that could not be opened, until they are or are gone. */
  readonly failed: Map<string, ListenerFailure>
  retries: number
  /** When those are tried again, with whatever else is programmed then. */
  retryAtMs: number | undefined
}

type Self = ActorRef<Snapshot<unknown>, ProxyEvent>

const hearingLink = fromCallback<ProxyEvent, MasterLink>(({ input: link, sendBack }) => {
  const opened = link.onEvent('link.opened', () => sendBack({ type: 'link.opened' }))
  const lost = link.onEvent('link.lost', () => sendBack({ type: 'link.lost' }))
  if (link.open) sendBack({ type: 'link.opened' })
  return () => {
    opened.stop()
    lost.stop()
  }
})

/** Writes every change into the new table, and wakes the chart once a turn. */
const watching = fromCallback<ProxyEvent, Context>(({ input: { link, host, syncing: table }, sendBack }) => {
  let synced = false
  let announced = false
  let over = false
  const announce = (): void => {
    if (announced) return
    announced = true
    host.defer(() => {
      announced = false
      if (!over) sendBack({ type: 'table.changed' })
    })
  }
  const subscription = link.client.watch(SELECTIONS, {
    changed: (event) => {
      table.change(event)
      if (synced) announce()
      else if (event.type === 'SYNCED') {
        synced = true
        sendBack({ type: 'watch.synced' })
      }
    },
    ended: () => {
      if (!over) sendBack({ type: 'watch.ended' })
    },
  })
  return () => {
    over = true
    subscription.stop()
  }
})

export const proxyMachine = setup({
  types: {} as { input: ProxyInput; context: Context; events: ProxyEvent },
  actors: { hearingLink, watching },
  delays: {
    watchAgain: WATCH_AGAIN_MS,
    retry: ({ context: { retryAtMs, host } }) => Math.max(0, (retryAtMs ?? 0) - host.clock.now()),
  },
  guards: {
    hasChanges: ({ context }) => context.table.hasNews,
    hasFailures: ({ context }) => context.failed.size > 0,
  },
  actions: {
    beginTable: assign({ syncing: () => new ProxyTable() }),
    useNewTable: assign({ table: ({ context }) => context.syncing.replacing(context.table) }),
    programTable: ({ context, self }) => program(context, self),
    noteProgrammed: assign(({ context, event }) => {
      if (event.type !== 'network.programmed') return {}
      return noteProgrammed(context, event)
    }),
    tellMaster: ({ context, event }) => {
      if (event.type === 'network.programmed') context.link.tell('proxy.programmed', { revision: event.revision })
    },
    closeNetwork: ({ context, self }) => context.network.close(() => self.send({ type: 'network.closed' })),
  },
}).createMachine({
  id: 'proxy',
  context: ({ input }) => ({
    ...input,
    recorder: new EventRecorder('kube-proxy'),
    table: new ProxyTable(),
    syncing: new ProxyTable(),
    failed: new Map(),
    retries: 0,
    retryAtMs: undefined,
  }),
  initial: 'running',
  states: {
    running: {
      type: 'parallel',
      invoke: { src: 'hearingLink', id: 'link', input: ({ context }) => context.link },
      on: { 'proxy.stop': 'stopping' },
      states: {
        master: {
          initial: 'waiting',
          states: {
            waiting: { on: { 'link.opened': 'connected' } },
            connected: {
              initial: 'following',
              on: { 'link.lost': 'disconnected' },
              states: {
                following: {
                  entry: 'beginTable',
                  invoke: { src: 'watching', id: 'watch', input: ({ context }) => context },
                  initial: 'syncing',
                  on: { 'watch.ended': 'backingOff' },
                  states: {
                    syncing: { on: { 'watch.synced': { target: 'serving', actions: 'useNewTable' } } },
                    serving: {},
                  },
                },
                backingOff: { after: { watchAgain: 'following' } },
              },
            },
            disconnected: { on: { 'link.opened': 'connected' } },
          },
        },
        sockets: {
          initial: 'settled',
          states: {
            settled: {
              always: { guard: 'hasChanges', target: 'programming' },
              on: { 'table.changed': { guard: 'hasChanges', target: 'programming' } },
              initial: 'deciding',
              states: {
                deciding: { always: [{ guard: 'hasFailures', target: 'failing' }, { target: 'complete' }] },
                complete: {},
                failing: { after: { retry: { target: '#proxy.running.sockets.programming' } } },
              },
            },
            // Changes that come meanwhile wait in the table, which is looked at again afterwards.
            programming: {
              entry: 'programTable',
              on: { 'network.programmed': { target: 'settled', actions: ['noteProgrammed', 'tellMaster'] } },
            },
          },
        },
      },
    },
    stopping: { entry: 'closeNetwork', on: { 'network.closed': 'stopped' } },
    stopped: { type: 'final' },
  },
})

function program(context: Context, self: Self): void {
  const { table, network, failed, retryAtMs, host } = context
  const { revision } = table
  const { set, removed } = table.take()
  for (const key of removed) failed.delete(key)
  const wanted = new Map<string, Listener>(set.map((listener) => [listener.key, listener]))
  if (retryAtMs !== undefined && host.clock.now() >= retryAtMs) {
    for (const key of failed.keys()) {
      const listener = table.find(key)
      if (listener) wanted.set(key, listener)
      else failed.delete(key)
    }
  }
  const attempted = [...wanted.keys()]
  network.program({ set: [...wanted.values()], removed }, (failures) =>
    self.send({ type: 'network.programmed', revision, attempted, failures }),
  )
}

/** A failure is told once, not at every attempt; the event counts by itself what comes again later. */
function noteProgrammed(
  context: Context,
  { attempted, failures }: Extract<ProxyEvent, { type: 'network.programmed' }>,
): Partial<Context> {
  const { failed, host, retries, retryAtMs } = context
  const failing = new Map(failures.map((failure) => [failure.key, failure]))
  for (const key of attempted) {
    const failure = failing.get(key)
    if (!failure) failed.delete(key)
    else {
      if (failed.get(key)?.message !== failure.message) warn(context, failure)
      failed.set(key, failure)
    }
  }
  const nowMs = host.clock.now()
  if (failed.size === 0) return { retries: 0, retryAtMs: undefined }
  if (retryAtMs !== undefined && nowMs < retryAtMs) return {}
  const delayMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(retries, 10))
  return { retries: retries + 1, retryAtMs: nowMs + delayMs }
}

const REASONS: Readonly<Record<ListenerFailure['reason'], string>> = {
  privileged: 'PrivilegedPort',
  taken: 'PortTaken',
  claimed: 'PortClaimed',
  failed: 'FailedToListen',
}

function warn({ table, recorder, link, host, nodeName }: Context, failure: ListenerFailure): void {
  const about = table.serviceOf(failure.key)
  if (!about) return
  const request = recorder.record(
    { type: 'Warning', about, reason: REASONS[failure.reason], message: failure.message },
    host.clock.now(),
  )
  // Nobody waits for an event; one that is lost is only a line less to read.
  if (request) link.client.request(withHost(request, nodeName), () => {})
}

type Request = Parameters<MasterLink['client']['request']>[0]

/** Which node it is from, as `kubectl describe` shows it. */
function withHost(request: Request, nodeName: string): Request {
  if (request.verb !== 'create' || !request.body || !('value' in request.body)) return request
  const value = request.body.value as { readonly source?: object }
  return {
    ...request,
    body: {
      ...request.body,
      value: { ...value, source: { ...value.source, host: nodeName }, reportingInstance: nodeName } as never,
    },
  }
}
