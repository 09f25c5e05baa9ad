// The node's end of its link: keeps dialling the Master, and while there is a connection passes on what participants ask
// and tell. Participants never see the connection, only that it is there or not.
import { type Hello, LINK_VERSION, type LinkEvents, type LinkStreams, type Welcome } from '../../actors/link.protocol.ts'
import type { ApiAnswer, ApiClient, Subscription, WatchObserver } from '../../actors/ports/api.ts'
import type { Random } from '../../actors/ports/host.ts'
import type { LinkFacts, MasterLink } from '../../actors/ports/link.ts'
import { failure, type Status, serviceUnavailable } from '../../model/status.ts'
import { Peer, type Stream } from '../../transports/peer.ts'
import type { Pipe, Timers } from '../../transports/transport.ts'
import { decodeWatchEvent } from './watch-frames.ts'

/** Short at first: an agent that is started again, or a Master, should be back before anybody takes it for dead. */
const REDIAL_MIN_MS = 25
const REDIAL_MAX_MS = 1_000

type Dial = (dialled: (result: { readonly pipe: Pipe } | { readonly failed: string }) => void) => () => void

export interface NodeLinkOptions {
  readonly nodeName: string
  readonly instance: string
  readonly timers: Timers
  readonly random: Random
  readonly dial: Dial
  /** Serves the streams that the Master opens. */
  readonly serve: { [S in 'logs' | 'connect']?: (stream: Stream, request: LinkStreams[S]['open']) => void }
}

export interface NodeLink extends MasterLink {
  /** Dials until stopped. */
  start(): void
  stop(): void
}

type Listeners = { [S in keyof LinkFacts]?: Set<(body: LinkFacts[S]) => void> }

export function createNodeLink(options: NodeLinkOptions): NodeLink {
  const listeners: Listeners = {}
  const { timers } = options
  let peer: Peer | undefined
  let open = false
  let stopped = true
  let attempt = 0
  let redial: unknown
  let abandon: (() => void) | undefined

  function heard<S extends keyof LinkFacts>(subject: S, body: LinkFacts[S]): void {
    for (const listener of [...((listeners[subject] as Set<(body: LinkFacts[S]) => void> | undefined) ?? [])]) listener(body)
  }

  function dial(): void {
    abandon = options.dial((result) => {
      abandon = undefined
      if (stopped) return 'pipe' in result ? result.pipe.close('the node is stopping') : undefined
      if ('failed' in result) return later()
      greet(result.pipe)
    })
  }

  function later(): void {
    if (stopped) return
    const ceiling = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** Math.min(attempt, 10))
    attempt += 1
    redial = timers.setTimeout(dial, ceiling * (0.5 + options.random.next() / 2))
  }

  function greet(pipe: Pipe): void {
    const made = new Peer(pipe, 'dialled', 0, timers, {
      request: (subject, _body, answer) =>
        answer({ ok: false, status: failure(400, 'BadRequest', `${subject} is not understood here`) }),
      event: (subject, body) => {
        if (subject === 'pod.withdrawn') heard(subject, body as LinkEvents['pod.withdrawn'])
      },
      stream: (stream, subject, body) => {
        const serve = subject === 'logs' || subject === 'connect' ? options.serve[subject] : undefined
        if (serve) return serve(stream, body as never)
        stream.close(serviceUnavailable(`this node does not serve ${subject}`))
      },
      closed: (reason) => {
        peer = undefined
        const wasOpen = open
        open = false
        if (wasOpen) heard('link.lost', { reason })
        later()
      },
    })
    peer = made
    const hello: Hello = { version: LINK_VERSION, nodeName: options.nodeName, instance: options.instance }
    made.request('hello', hello, (answer) => {
      const welcome = answer.ok ? (answer.body as Welcome | Status) : undefined
      if (!welcome || !('clusterId' in welcome)) return made.close('the Master did not welcome this node')
      attempt = 0
      open = true
      heard('link.opened', welcome)
    })
  }

  const client: ApiClient = {
    request(request, answered) {
      if (!peer || !open) {
        timers.setTimeout(() => answered(disconnected()), 0)
        return
      }
      peer.request('api', request, (answer) => answered(answer.ok ? (answer.body as ApiAnswer) : disconnected(answer.reason)))
    },
    watch(selections, observer) {
      if (!peer || !open) {
        const handle = timers.setTimeout(() => observer.ended(disconnected().status), 0)
        return { stop: () => timers.clearTimeout(handle) }
      }
      return readWatch(peer.open('watch', { selections }), observer)
    },
  }

  return {
    client,
    get open() {
      return open
    },
    tell(subject, body) {
      if (open) peer?.tell(subject, body)
    },
    onEvent<S extends keyof LinkFacts>(subject: S, listener: (body: LinkFacts[S]) => void) {
      const set = ((listeners[subject] as Set<(body: LinkFacts[S]) => void> | undefined) ?? new Set()) as Set<
        (body: LinkFacts[S]) => void
      >
      ;(listeners as Record<string, unknown>)[subject] = set
      set.add(listener)
      return { stop: () => set.delete(listener) }
    },
    start() {
      if (!stopped) return
      stopped = false
      dial()
    },
    stop() {
      stopped = true
      timers.clearTimeout(redial)
      abandon?.()
      peer?.close('the node is stopping')
    },
  }
}

const disconnected = (reason = 'not connected to the Master'): { readonly ok: false; readonly status: Status } => ({
  ok: false,
  status: serviceUnavailable(reason),
})

function readWatch(stream: Stream, observer: WatchObserver): Subscription {
  let ended = false
  const end = (status: Status) => {
    if (ended) return
    ended = true
    observer.ended(status)
  }
  stream.onFrame = (frame) => {
    try {
      if (!ended) observer.changed(decodeWatchEvent(frame))
    } catch (error) {
      stream.close()
      end(serviceUnavailable(error instanceof Error ? error.message : 'an unreadable watch event'))
    }
    return true
  }
  stream.onClosed = (body, lost) => end((body as Status | undefined) ?? disconnected(lost).status)
  return {
    stop: () => {
      ended = true
      stream.close()
    },
  }
}
