// The Master's end of all links: takes the connections that nodes dial, answers what nodes ask with the nodes' own rights,
// and reaches nodes for the Master. Which node it is was proved by its certificate before the pipe got here.

import { type Hello, LINK_VERSION, type LinkEvents, type LinkRequests } from '../../actors/link.protocol.ts'
import type { User } from '../../actors/master/api/api.protocol.ts'
import type { ApiEngine } from '../../actors/master/api/engine.ts'
import type { Selection } from '../../actors/ports/api.ts'
import type { NodeLinks } from '../../actors/ports/node-links.ts'
import { failure, type Status } from '../../model/status.ts'
import { Peer, type Stream } from '../../transports/peer.ts'
import type { Pipe, Timers } from '../../transports/transport.ts'
import type { NodeStream, NodeStreams } from '../http/node-streams.ts'
import type { WatchFrame } from './watch-frames.ts'

export interface HubOptions {
  readonly clusterId: string
  /** Of this start of the Master. */
  readonly epoch: () => number
  readonly timers: Timers
  readonly engine: Pick<ApiEngine, 'as' | 'watchSelections'>
  readonly heard: (fact: HubFact) => void
}

type HubFact =
  | { readonly type: 'node.connected'; readonly nodeName: string }
  | { readonly type: 'node.disconnected'; readonly nodeName: string; readonly reason: string }
  | { readonly type: 'proxy.programmed'; readonly nodeName: string; readonly revision: number }

export interface Hub extends NodeLinks, NodeStreams {
  /** Takes over a pipe whose other end is this node. */
  accept(pipe: Pipe, nodeName: string): void
  connected(): readonly string[]
  close(reason: string): void
}

export function createHub(options: HubOptions): Hub {
  const links = new Map<string, Peer>()

  function accept(pipe: Pipe, nodeName: string): void {
    const user: User = { name: `system:node:${nodeName}`, groups: ['system:nodes', 'system:authenticated'] }
    const client = options.engine.as(user)
    let welcomed = false
    const peer: Peer = new Peer(pipe, 'accepted', options.epoch(), options.timers, {
      request(subject, body, answer) {
        if (subject === 'hello') {
          const refusal = refusalOf(body as LinkRequests['hello']['ask'], nodeName)
          if (refusal) return answer(refusal)
          // A node that dials again has lost its old connection, whether we have noticed or not.
          const old = links.get(nodeName)
          links.set(nodeName, peer)
          old?.close('the node has connected anew')
          welcomed = true
          answer({
            version: LINK_VERSION,
            clusterId: options.clusterId,
            epoch: options.epoch(),
          } satisfies LinkRequests['hello']['answer'])
          return options.heard({ type: 'node.connected', nodeName })
        }
        if (subject === 'api' && welcomed) return client.request(body as LinkRequests['api']['ask'], answer)
        answer({ ok: false, status: failure(400, 'BadRequest', `${subject} is not understood here`) })
      },
      event(subject, body) {
        if (subject !== 'proxy.programmed' || !welcomed) return
        const { revision } = body as LinkEvents['proxy.programmed']
        if (Number.isSafeInteger(revision)) options.heard({ type: 'proxy.programmed', nodeName, revision })
      },
      stream(stream, subject, body) {
        if (subject === 'watch' && welcomed) return serveWatch(stream, (body as { selections: Selection[] }).selections, user)
        stream.close(failure(400, 'BadRequest', `${subject} is not understood here`))
      },
      closed(reason) {
        if (links.get(nodeName) !== peer) return
        links.delete(nodeName)
        options.heard({ type: 'node.disconnected', nodeName, reason })
      },
    })
  }

  function serveWatch(stream: Stream, selections: readonly Selection[], user: User): void {
    const write = (frame: WatchFrame) => {
      stream.write(frame)
      if (!stream.isOpen) watch.stop()
    }
    const watch = options.engine.watchSelections(user, selections, {
      started: () => {},
      event: (type, { bytes }, revision) => write({ type, revision, json: bytes }),
      initialEventsEnd: (revision) => write({ type: 'SYNCED', revision }),
      ended: (status) => stream.close(status),
    })
    stream.onClosed = () => watch.stop()
  }

  return {
    accept,
    connected: () => [...links.keys()],
    tell: (nodeName, subject, body) => links.get(nodeName)?.tell(subject, body),
    openStream: (nodeName, subject, body, cause) => {
      const peer = links.get(nodeName)
      return peer && nodeStream(peer.open(subject, body, cause))
    },
    close: (reason) => {
      for (const peer of [...links.values()]) peer.close(reason)
    },
  }
}

function refusalOf(hello: Partial<Hello> | undefined, nodeName: string): Status | undefined {
  if (hello?.version !== LINK_VERSION) {
    return failure(400, 'BadRequest', `the Master speaks version ${LINK_VERSION} of the link, the node ${String(hello?.version)}`)
  }
  if (hello.nodeName !== nodeName) return failure(403, 'Forbidden', `the certificate is that of node ${nodeName}`)
  return undefined
}

/** A stream whose first frame may come later in the turn than its handlers are set. */
function nodeStream(stream: Stream): NodeStream {
  const end: NodeStream = {
    write: (frame) => stream.write(frame),
    onDrain: () => {},
    onFrame: () => true,
    taken: () => stream.taken(),
    onClosed: () => {},
    close: () => stream.close(),
  }
  stream.onDrain = () => end.onDrain()
  stream.onFrame = (frame) => end.onFrame(frame)
  stream.onClosed = (body, lost) => end.onClosed(body, lost)
  return end
}
