// A watch as it is sent: one JSON object a line (or a WebSocket message). What comes in one turn is written at once. A
// reader that is behind by more than the limit is cut off, and will list and watch anew; it never holds others back.
import type { BodySink, StreamedBody } from './exchange.ts'
import { MAX_WATCH_BACKLOG_BYTES, WATCH_CHUNK_BYTES } from './limits.ts'

const NEWLINE = Buffer.from('}\n')

const eventHead = (type: string): Uint8Array => Buffer.from(`{"type":"${type}","object":`)

const HEADS: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].map((type) => [type, eventHead(type)]),
)

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'

export class WatchBody implements StreamedBody {
  private readonly stopped: () => void
  private sink: BodySink | undefined
  private state: 'waiting' | 'flowing' | 'held' | 'ended' = 'waiting'
  /** What waits: no copies, but the stored JSON itself. */
  private pieces: Uint8Array[] = []
  private bytes = 0
  /** What existed at the start may wait however much it is: nothing of it is copied before it is sent. */
  private caughtUp = false
  private initialTold = false
  private flushing = false
  private ending = false

  /** `stopped`: nobody reads any more, for whatever reason; called once. */
  constructor(stopped: () => void) {
    this.stopped = stopped
  }

  /** `json` is the object as it is stored. */
  event(type: EventType, json: Uint8Array): void {
    if (this.state === 'ended' || this.ending) return
    const head = HEADS[type] as Uint8Array
    this.pieces.push(head, json, NEWLINE)
    this.bytes += head.length + json.length + NEWLINE.length
    if (this.state === 'flowing') this.flushSoon()
    else if (this.caughtUp && this.bytes > MAX_WATCH_BACKLOG_BYTES) this.cutOff()
  }

  /** Everything that existed at the start has been told. */
  initialEventsEnd(): void {
    this.initialTold = true
    if (this.bytes <= MAX_WATCH_BACKLOG_BYTES) this.caughtUp = true
  }

  /** After what has been told already. */
  end(): void {
    this.ending = true
    if (this.state === 'flowing') this.flush()
  }

  start(sink: BodySink): void {
    this.sink = sink
    this.state = 'flowing'
    this.flush()
  }

  resume(): void {
    if (this.state !== 'held') return
    this.state = 'flowing'
    this.flush()
  }

  stop(): void {
    if (this.state === 'ended') return
    this.state = 'ended'
    this.pieces = []
    this.stopped()
  }

  private flushSoon(): void {
    if (this.flushing) return
    this.flushing = true
    process.nextTick(() => {
      this.flushing = false
      this.flush()
    })
  }

  private flush(): void {
    if (this.state !== 'flowing' || this.sink === undefined) return
    let from = 0
    while (from < this.pieces.length && this.state === 'flowing') {
      let to = from
      let size = 0
      while (to < this.pieces.length && size < WATCH_CHUNK_BYTES) size += this.pieces[to++]?.length ?? 0
      if (!this.sink.write(Buffer.concat(this.pieces.slice(from, to), size))) this.state = 'held'
      this.bytes -= size
      from = to
    }
    this.pieces = this.pieces.slice(from)
    if (this.bytes <= MAX_WATCH_BACKLOG_BYTES && this.initialTold) this.caughtUp = true
    if (this.pieces.length > 0) return
    if (this.ending) this.sink.end()
  }

  private cutOff(): void {
    const { sink } = this
    this.stop()
    sink?.abort()
  }
}
