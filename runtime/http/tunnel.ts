// A connection to a pod, through its node's link, in the shape of a socket, so that Node's HTTP client can speak over it.
import { Duplex } from 'node:stream'
import { type Status, serviceUnavailable } from '../../model/status.ts'
import { failureOf, MAX_FRAME_BYTES, type NodeStream } from './node-streams.ts'

/** How a tunnel ends when the node refuses the connection or is lost. */
export class TunnelError extends Error {
  readonly status: Status

  constructor(status: Status) {
    super(status.message)
    this.status = status
  }
}

export class Tunnel extends Duplex {
  private readonly stream: NodeStream
  /** Frames handed on that the reader has not asked beyond; the node is given credit for them when it does. */
  private untaken = 0
  private goOn: (() => void) | undefined

  constructor(stream: NodeStream) {
    super()
    this.stream = stream
    stream.onFrame = (frame) => {
      if (!(frame instanceof Uint8Array) || frame.length === 0 || this.push(frame)) return true
      this.untaken += 1
      return false
    }
    stream.onDrain = () => {
      const goOn = this.goOn
      this.goOn = undefined
      goOn?.()
    }
    stream.onClosed = (body, lost) => {
      const failure =
        failureOf(body) ?? (lost === undefined ? undefined : serviceUnavailable(`the connection to the node was lost: ${lost}`))
      if (failure !== undefined) this.destroy(new TunnelError(failure))
      else this.push(null)
    }
  }

  override _read(): void {
    for (; this.untaken > 0; this.untaken--) this.stream.taken()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    const more = this.stream.write(chunk.subarray(0, MAX_FRAME_BYTES))
    const next = () => {
      if (chunk.length > MAX_FRAME_BYTES) this._write(chunk.subarray(MAX_FRAME_BYTES), _encoding, written)
      else written()
    }
    if (more) next()
    else this.goOn = next
  }

  override _final(finished: (error?: Error | null) => void): void {
    this.stream.close()
    finished()
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.stream.close()
    destroyed(error)
  }
}
