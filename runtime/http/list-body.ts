// A list as it is sent: the stored JSON of its items, piece by piece as the reader takes them, never put together whole.

import { JSON_TYPE } from './answers.ts'
import type { BodySink, HttpResponse, StreamedBody } from './exchange.ts'
import { LIST_CHUNK_BYTES } from './limits.ts'

export interface ListHead {
  readonly apiVersion: string
  /** `PodList` */
  readonly kind: string
  readonly metadata: object
}

const OPEN = Buffer.from('{')
const NEXT = Buffer.from(',{')
const END = Buffer.from(']}\n')

/** `items` are each the text of one JSON object after its opening brace. */
export function listAnswer({ kind, apiVersion, metadata }: ListHead, items: readonly Uint8Array[]): HttpResponse {
  const head = Buffer.from(
    `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`,
  )
  let bytes = head.length + END.length + Math.max(0, 2 * items.length - 1)
  for (const item of items) bytes += item.length
  const headers = { 'Content-Type': JSON_TYPE }
  if (bytes > LIST_CHUNK_BYTES) {
    return { status: 200, headers: { ...headers, 'Content-Length': String(bytes) }, body: new ListBody(head, items) }
  }
  return {
    status: 200,
    headers,
    body: Buffer.concat([head, ...items.flatMap((item, i) => [i === 0 ? OPEN : NEXT, item]), END], bytes),
  }
}

class ListBody implements StreamedBody {
  private readonly head: Uint8Array
  private readonly items: readonly Uint8Array[]
  private sink: BodySink | undefined
  private next = 0

  constructor(head: Uint8Array, items: readonly Uint8Array[]) {
    this.head = head
    this.items = items
  }

  start(sink: BodySink): void {
    this.sink = sink
    if (sink.write(this.head)) this.resume()
  }

  resume(): void {
    const { sink, items } = this
    while (sink !== undefined && this.next < items.length) {
      if (!sink.write(this.chunk())) return
    }
    if (sink === undefined) return
    this.sink = undefined
    sink.write(END)
    sink.end()
  }

  stop(): void {
    this.sink = undefined
  }

  private chunk(): Uint8Array {
    const pieces: Uint8Array[] = []
    let bytes = 0
    while (this.next < this.items.length && bytes < LIST_CHUNK_BYTES) {
      const item = this.items[this.next] as Uint8Array
      pieces.push(this.next === 0 ? OPEN : NEXT, item)
      bytes += item.length + NEXT.length
      this.next += 1
    }
    return Buffer.concat(pieces)
  }
}
