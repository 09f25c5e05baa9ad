// The node's end of a `connect` stream: a connection to one of this node's own pods, for the proxy subresource of the API.
// The first frame, an empty one, says that the pod has accepted; a refusal is a close with a Status.
import { createConnection } from 'node:net'
import type { ConnectRequest } from '../../actors/link.protocol.ts'
import { forbidden, serviceUnavailable, timeout } from '../../model/status.ts'
import type { Stream } from '../../transports/peer.ts'

/** On one machine a connection is made or refused at once. */
const CONNECT_TIMEOUT_MS = 5_000

/** Whether this node runs that pod and gave it that address. Nothing else is ever connected to. */
export type IsOwnPod = (podUid: string, podIp: string) => boolean

export function serveConnect(isOwnPod: IsOwnPod, stream: Stream, { podUid, podIp, port }: ConnectRequest): void {
  if (!isOwnPod(podUid, podIp)) {
    const message = `pod ${podUid} with address ${podIp} is none of this node`
    return stream.close(forbidden({ group: '', resource: 'pods' }, message))
  }
  // Both directions end together: a stream knows no half-closed state.
  const socket = createConnection({ host: podIp, port, noDelay: true })
  let untaken = 0
  const takeAll = (): void => {
    for (; untaken > 0; untaken--) stream.taken()
  }
  const late = (): void => {
    socket.off('error', failed)
    socket.on('error', () => {})
    socket.destroy()
    stream.close(timeout(`error trying to reach service: dial tcp ${podIp}:${port}: i/o timeout`))
  }
  const failed = (error: NodeJS.ErrnoException): void => {
    const what = error.code === 'ECONNREFUSED' ? 'connect: connection refused' : error.message
    stream.close(serviceUnavailable(`error trying to reach service: dial tcp ${podIp}:${port}: ${what}`))
  }
  socket.setTimeout(CONNECT_TIMEOUT_MS, late)
  socket.once('error', failed)
  socket.once('connect', () => {
    socket.setTimeout(0, late)
    socket.off('error', failed)
    socket.on('error', (error) => stream.close(serviceUnavailable(`the connection to the pod broke: ${error.message}`)))
    stream.write(new Uint8Array(0))
    socket.on('data', (bytes) => {
      if (!stream.write(bytes)) socket.pause()
    })
    socket.on('end', () => stream.close())
  })
  socket.on('drain', takeAll)
  socket.on('close', () => stream.close())
  stream.onDrain = () => socket.resume()
  stream.onFrame = (frame) => {
    if (!(frame instanceof Uint8Array) || frame.length === 0 || socket.write(frame)) return true
    untaken += 1
    return false
  }
  stream.onClosed = (_body, lost) => {
    // What the other side has sent before it closed still reaches the pod.
    if (lost === undefined) socket.end(() => socket.destroy())
    else socket.destroy()
  }
}
