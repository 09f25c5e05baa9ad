// The Proxy's chart over a scripted link and network: what it programs, when it tells the Master, and what it does without it.
import { afterAll, afterEach, expect, test } from 'vitest'
import { createActor } from 'xstate'
import type { ApiRequest, WatchObserver } from '../../actors/ports/api.ts'
import type { Host } from '../../actors/ports/host.ts'
import type { MasterLink } from '../../actors/ports/link.ts'
import type { ListenerChanges, ListenerFailure, Network } from '../../actors/ports/network.ts'
import { proxyMachine } from '../../actors/proxy/proxy.machine.ts'
import type { KubeObject } from '../../model/object.ts'
import { serviceUnavailable } from '../../model/status.ts'
import { seededIds, seededRandom } from '../../runtime/random.ts'
import { TakenTransitions } from './transitions.ts'

const taken = new TakenTransitions(proxyMachine)
afterAll(() => expect(taken.untaken).toEqual([]))

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const KEY = 'default/web: 127.1.128.9:80'
const service = (name = 'web', clusterIP = '127.1.128.9') =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name, uid: name },
    spec: { clusterIP, ports: [{ port: 80 }] },
  }) as unknown as KubeObject
const TAKEN: ListenerFailure = { key: KEY, reason: 'taken', message: 'another program listens' }

function start({ open = true } = {}) {
  let nowMs = 1_000_000
  const timers = new Set<{ atMs: number; callback: () => void }>()
  const deferred: (() => void)[] = []
  const settle = () => {
    for (let next = deferred.shift(); next; next = deferred.shift()) next()
  }
  const random = seededRandom(1)
  const host: Host = {
    random,
    ids: seededIds(random),
    defer: (callback) => deferred.push(callback),
    clock: {
      now: () => nowMs,
      setTimeout: (callback, delayMs) => {
        const timer = { atMs: nowMs + delayMs, callback }
        timers.add(timer)
        return timer
      },
      clearTimeout: (timer) => timers.delete(timer as never),
    },
  }
  const advance = (ms: number) => {
    nowMs += ms
    for (const timer of [...timers].filter(({ atMs }) => atMs <= nowMs)) if (timers.delete(timer)) timer.callback()
    settle()
  }

  const heard: Record<string, (body: never) => void> = {}
  const reported: number[] = []
  const events: string[] = []
  const watches: (WatchObserver & { stopped: boolean })[] = []
  const link: MasterLink = {
    open,
    tell: (subject, body) => subject === 'proxy.programmed' && reported.push((body as { revision: number }).revision),
    onEvent: (subject, listener) => {
      heard[subject] = listener as never
      return { stop: () => delete heard[subject] }
    },
    client: {
      request: ({ body }: ApiRequest) => {
        const { reason, source } = (body as unknown as { value: { reason: string; source: { host: string } } }).value
        events.push(`${reason} ${source.host}`)
      },
      watch: (_selections, observer) => {
        const watch = { changed: observer.changed, ended: observer.ended, stopped: false }
        watches.push(watch)
        return { stop: () => (watch.stopped = true) }
      },
    },
  }

  const programs: { changes: ListenerChanges; answer: (failures?: readonly ListenerFailure[]) => void }[] = []
  let closed: () => void = () => {}
  const network: Network = {
    program: (changes, programmed) => programs.push({ changes, answer: (failures = []) => programmed(failures) }),
    close: (done) => (closed = done),
  }
  const actor = createActor(proxyMachine, {
    clock: host.clock,
    inspect: taken.inspect,
    input: { nodeName: 'node-1', link, network, host },
  })
  actor.start()
  stops.push(() => actor.stop())
  const watch = () => watches.at(-1) as WatchObserver & { stopped: boolean }
  const put = (revision: number, object = service(), type: 'ADDED' | 'DELETED' = 'ADDED') =>
    watch().changed({ type, object, revision })
  const synced = (revision: number) => watch().changed({ type: 'SYNCED', revision })
  /** What was programmed last, as keys: `+` set, `-` removed. */
  const last = () => {
    const { set = [], removed = [] } = programs.at(-1)?.changes ?? {}
    return [...set.map(({ key }) => `+${key}`), ...removed.map((key) => `-${key}`)]
  }
  const answer = (failures?: readonly ListenerFailure[]) => programs.at(-1)?.answer(failures)
  return {
    ...{ actor, advance, settle, heard, reported, events, watches, watch, programs, put, synced, last, answer },
    opened: () => heard['link.opened']?.({} as never),
    lost: () => heard['link.lost']?.({ reason: 'cut' } as never),
    closed: () => closed(),
    is: (value: object) => actor.getSnapshot().matches({ running: value } as never),
  }
}

test('waits for the link, for everything that exists, and for the network, before it tells the Master', () => {
  const proxy = start({ open: false })
  expect([proxy.is({ master: 'waiting' }), proxy.watches]).toEqual([true, []])
  proxy.opened()
  proxy.put(3)
  proxy.settle()
  expect([proxy.is({ master: { connected: { following: 'syncing' } } }), proxy.programs]).toEqual([true, []])
  proxy.synced(5)
  expect(proxy.last()).toEqual([`+${KEY}`])
  expect(proxy.reported).toEqual([])
  proxy.answer()
  expect(proxy.reported).toEqual([5])
})

test('programs what one turn brings in one go, and what comes meanwhile right after', () => {
  const proxy = start()
  proxy.synced(1)
  proxy.answer()
  proxy.put(2)
  proxy.put(3, service('api', '127.1.128.8'))
  proxy.settle()
  expect(proxy.last()).toHaveLength(2)
  proxy.put(4, service('late', '127.1.128.7'))
  proxy.settle()
  expect(proxy.programs).toHaveLength(2)
  proxy.answer()
  expect([proxy.reported, proxy.last()]).toEqual([[1, 3], ['+default/late: 127.1.128.7:80']])
  proxy.answer()
  expect(proxy.reported).toEqual([1, 3, 4])
})

test('tells the Master also where a change is nothing to it', () => {
  const proxy = start()
  proxy.synced(1)
  proxy.answer()
  proxy.watch().changed({ type: 'BOOKMARK', revision: 9 })
  proxy.settle()
  proxy.answer()
  expect(proxy.reported).toEqual([1, 9])
})

test('goes on with what it knows while the link is lost, and lets go of what went meanwhile [P7]', () => {
  const proxy = start()
  proxy.put(1)
  proxy.put(1, service('old', '127.1.128.8'))
  proxy.synced(2)
  proxy.answer()
  const before = proxy.watch()
  proxy.lost()
  expect([proxy.is({ master: 'disconnected' }), before.stopped, proxy.programs.length]).toEqual([true, true, 1])
  proxy.opened()
  proxy.put(1)
  proxy.settle()
  expect(proxy.programs).toHaveLength(1)
  proxy.synced(3)
  expect(proxy.last()).toEqual(['-default/old: 127.1.128.8:80'])
  proxy.answer()
  expect(proxy.reported).toEqual([2, 3])
})

test('reports after a reconnection although nothing has changed: the Master waits for it', () => {
  const proxy = start()
  proxy.synced(2)
  proxy.answer()
  proxy.lost()
  proxy.opened()
  proxy.synced(2)
  proxy.answer()
  expect(proxy.reported).toEqual([2, 2])
})

test('watches again when the Master has ended the watch', () => {
  const proxy = start()
  proxy.synced(1)
  proxy.answer()
  proxy.watch().ended(serviceUnavailable('too slow'))
  expect(proxy.is({ master: { connected: 'backingOff' } })).toBe(true)
  proxy.advance(500)
  expect(proxy.watches).toHaveLength(2)
})

test('a port that cannot be had is reported as programmed, told once, and tried again at longer and longer intervals', () => {
  const proxy = start()
  proxy.put(1)
  proxy.synced(1)
  proxy.answer([TAKEN])
  expect([proxy.reported, proxy.events, proxy.is({ sockets: { settled: 'failing' } })]).toEqual([[1], ['PortTaken node-1'], true])
  proxy.advance(999)
  expect(proxy.programs).toHaveLength(1)
  proxy.advance(1)
  expect(proxy.last()).toEqual([`+${KEY}`])
  proxy.answer([TAKEN])
  proxy.advance(1_000)
  expect(proxy.programs).toHaveLength(2)
  proxy.advance(1_000)
  expect(proxy.programs).toHaveLength(3)
  proxy.answer()
  expect([proxy.events, proxy.is({ sockets: { settled: 'complete' } })]).toEqual([['PortTaken node-1'], true])
})

test('other changes do not put off the next try, nor bring it forward', () => {
  const proxy = start()
  proxy.put(1)
  proxy.synced(1)
  proxy.answer([TAKEN])
  for (let revision = 2; revision < 4; revision++) {
    proxy.advance(400)
    proxy.put(revision, service('api', `127.1.128.${revision}`))
    proxy.settle()
    expect(proxy.last()).not.toContain(`+${KEY}`)
    proxy.answer()
  }
  proxy.advance(200)
  expect(proxy.last()).toEqual([`+${KEY}`])
})

test('forgets a failed port with its Service', () => {
  const proxy = start()
  proxy.put(1)
  proxy.synced(1)
  proxy.answer([TAKEN])
  proxy.put(2, service(), 'DELETED')
  proxy.settle()
  proxy.answer()
  expect(proxy.is({ sockets: { settled: 'complete' } })).toBe(true)
})

test('stops when the network has let go of its sockets', () => {
  const proxy = start()
  proxy.actor.send({ type: 'proxy.stop' })
  expect(proxy.actor.getSnapshot().value).toBe('stopping')
  expect(proxy.watch().stopped).toBe(true)
  proxy.closed()
  expect(proxy.actor.getSnapshot().status).toBe('done')
})
