// One end of a conversation over a pipe: questions with answers, news, and streams with flow control for each.
// A gap or a repeated message breaks the connection: loss shows as a stall, then a break, and never as a hole.
import type { Envelope, Pipe, Timers } from './transport.ts'

/** Questions that may wait for their answer at once; more are refused, so that a stalled peer cannot fill our memory. */
const MAX_OPEN_REQUESTS = 10_000
const MAX_STREAMS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** Frames that may travel before the receiver has taken them. */
export const STREAM_WINDOW = 64
/** Frames that a sender may queue while it waits for credit; beyond that the stream ends as too slow. */
export const STREAM_QUEUE_LIMIT = 4096

export type Answer = { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly reason: string }

export interface PeerHandlers {
  request(subject: string, body: unknown, answer: (body: unknown) => void, cause: string | undefined): void
  event(subject: string, body: unknown, cause: string | undefined): void
  /** Handlers of the stream are set before the first frame is delivered. */
  stream(stream: Stream, subject: string, body: unknown, cause: string | undefined): void
  closed(reason: string): void
}

type Unnumbered = Envelope extends infer E ? (E extends Envelope ? Omit<E, 'seq' | 'epoch'> : never) : never

interface Waiting {
  readonly answered: (answer: Answer) => void
  readonly timer: unknown
}

export class Peer {
  readonly #pipe: Pipe
  readonly #timers: Timers
  readonly #handlers: PeerHandlers
  readonly #epoch: number
  readonly #waiting = new Map<number, Waiting>()
  readonly #streams = new Map<number, Stream>()
  #sent = 0
  #received = 0
  #theirEpoch: number | undefined
  #nextId: number
  #open = true

  /** The side that dialled numbers its questions and streams odd, the other even, so that they never meet. */
  constructor(pipe: Pipe, side: 'dialled' | 'accepted', epoch: number, timers: Timers, handlers: PeerHandlers) {
    this.#pipe = pipe
    this.#timers = timers
    this.#handlers = handlers
    this.#epoch = epoch
    this.#nextId = side === 'dialled' ? 1 : 2
    pipe.onEnvelope = (envelope) => this.#receive(envelope)
    pipe.onClosed = (reason) => this.#ended(reason)
  }

  get bufferedBytes(): number {
    return this.#pipe.bufferedBytes
  }

  request(
    subject: string,
    body: unknown,
    answered: (answer: Answer) => void,
    options: { cause?: string; timeoutMs?: number } = {},
  ): void {
    if (!this.#open) return answered({ ok: false, reason: 'the connection is closed' })
    if (this.#waiting.size >= MAX_OPEN_REQUESTS) return answered({ ok: false, reason: 'too many questions wait for an answer' })
    const id = this.#takeId()
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS
    const timer = this.#timers.setTimeout(() => {
      this.#waiting.delete(id)
      answered({ ok: false, reason: `no answer within ${timeoutMs} ms` })
    }, timeoutMs)
    this.#waiting.set(id, { answered, timer })
    this.#send({ kind: 'request', id, subject, body, ...(options.cause === undefined ? {} : { cause: options.cause }) })
  }

  tell(subject: string, body: unknown, cause?: string): void {
    this.#send({ kind: 'event', subject, body, ...(cause === undefined ? {} : { cause }) })
  }

  /** Set the stream's handlers in the same turn. */
  open(subject: string, body: unknown, cause?: string): Stream {
    const id = this.#takeId()
    const stream = new Stream(id, 0, this.#streamLink)
    if (!this.#open || this.#streams.size >= MAX_STREAMS) {
      this.#timers.setTimeout(() => stream.ended(undefined, this.#open ? 'too many streams' : 'the connection is closed'), 0)
      return stream
    }
    this.#streams.set(id, stream)
    this.#send({ kind: 'open', stream: id, subject, body, credit: STREAM_WINDOW, ...(cause === undefined ? {} : { cause }) })
    return stream
  }

  close(reason: string): void {
    this.#pipe.close(reason)
  }

  readonly #streamLink: StreamLink = {
    data: (stream, body) => this.#send({ kind: 'data', stream, body }),
    credit: (stream, credit) => this.#send({ kind: 'credit', stream, credit }),
    close: (stream, body) => {
      if (this.#streams.delete(stream)) this.#send({ kind: 'close', stream, ...(body === undefined ? {} : { body }) })
    },
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId += 2
    return id
  }

  #send(envelope: Unnumbered): void {
    if (!this.#open) return
    this.#sent += 1
    this.#pipe.send({ ...envelope, seq: this.#sent, epoch: this.#epoch } as Envelope)
  }

  #receive(envelope: Envelope): void {
    if (!this.#open) return
    this.#theirEpoch ??= envelope.epoch
    if (envelope.seq !== this.#received + 1 || envelope.epoch !== this.#theirEpoch) {
      return this.#pipe.close(`message ${envelope.seq} came after ${this.#received}`)
    }
    this.#received = envelope.seq
    switch (envelope.kind) {
      case 'request': {
        const { id } = envelope
        let answered = false
        this.#handlers.request(
          envelope.subject,
          envelope.body,
          (body) => {
            if (answered) return
            answered = true
            this.#send({ kind: 'answer', id, body })
          },
          envelope.cause,
        )
        return
      }
      case 'answer': {
        const waiting = this.#waiting.get(envelope.id)
        if (!waiting) return // It came after its time-out.
        this.#waiting.delete(envelope.id)
        this.#timers.clearTimeout(waiting.timer)
        return waiting.answered({ ok: true, body: envelope.body })
      }
      case 'event':
        return this.#handlers.event(envelope.subject, envelope.body, envelope.cause)
      case 'open': {
        if (this.#streams.size >= MAX_STREAMS || this.#streams.has(envelope.stream)) {
          return this.#send({ kind: 'close', stream: envelope.stream })
        }
        const stream = new Stream(envelope.stream, envelope.credit, this.#streamLink)
        this.#streams.set(envelope.stream, stream)
        this.#handlers.stream(stream, envelope.subject, envelope.body, envelope.cause)
        return stream.grant(STREAM_WINDOW)
      }
      case 'data':
        return this.#streams.get(envelope.stream)?.received(envelope.body)
      case 'credit':
        return this.#streams.get(envelope.stream)?.credited(envelope.credit)
      case 'close': {
        const stream = this.#streams.get(envelope.stream)
        this.#streams.delete(envelope.stream)
        return stream?.ended(envelope.body, undefined)
      }
    }
  }

  #ended(reason: string): void {
    if (!this.#open) return
    this.#open = false
    const waiting = [...this.#waiting.values()]
    const streams = [...this.#streams.values()]
    this.#waiting.clear()
    this.#streams.clear()
    for (const { timer, answered } of waiting) {
      this.#timers.clearTimeout(timer)
      answered({ ok: false, reason })
    }
    for (const stream of streams) stream.ended(undefined, reason)
    this.#handlers.closed(reason)
  }
}

interface StreamLink {
  data(stream: number, body: unknown): void
  credit(stream: number, credit: number): void
  close(stream: number, body: unknown): void
}

/** Frames in order, both ways, each side within the credit that the other gave. */
export class Stream {
  readonly id: number
  readonly #link: StreamLink
  readonly #queue: unknown[] = []
  #credit: number
  #open = true
  #starved = false
  #closing: { body: unknown } | undefined
  /** Frames taken since the last credit was given. */
  #taken = 0

  /** Return `false` to hold the sender back; then call `taken()` once for that frame later. */
  onFrame: (frame: unknown) => boolean | undefined = () => undefined
  /** Frames may be written again after `write` answered false. */
  onDrain: () => void = () => {}
  /** Once, when the other side closes (with what it said) or the connection ends (with the reason). Not after our own close. */
  onClosed: (body: unknown, lost: string | undefined) => void = () => {}

  constructor(id: number, credit: number, link: StreamLink) {
    this.id = id
    this.#credit = credit
    this.#link = link
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Sends the frame or queues it. False: wait for `onDrain` before the next one. Beyond the queue's limit the stream closes. */
  write(frame: unknown): boolean {
    if (!this.#open || this.#closing) return false
    if (this.#credit > 0 && this.#queue.length === 0) {
      this.#credit -= 1
      this.#link.data(this.id, frame)
      return this.#credit > 0 || this.#starve()
    }
    if (this.#queue.length >= STREAM_QUEUE_LIMIT) {
      this.ended(undefined, 'the receiver is too slow')
      this.#link.close(this.id, undefined)
      return false
    }
    this.#queue.push(frame)
    return this.#starve()
  }

  /** What was written before still arrives. */
  close(body?: unknown): void {
    if (!this.#open || this.#closing) return
    if (this.#queue.length > 0) {
      this.#closing = { body }
      return
    }
    this.#open = false
    this.#link.close(this.id, body)
  }

  taken(): void {
    this.#taken += 1
    if (this.#open && this.#taken >= STREAM_WINDOW / 2) {
      this.#link.credit(this.id, this.#taken)
      this.#taken = 0
    }
  }

  /** The accepting side's first credit to the side that opened. */
  grant(credit: number): void {
    if (this.#open) this.#link.credit(this.id, credit)
  }

  received(frame: unknown): void {
    if (this.#open && this.onFrame(frame) !== false) this.taken()
  }

  credited(credit: number): void {
    if (!this.#open || !(credit > 0)) return
    this.#credit += credit
    while (this.#credit > 0 && this.#queue.length > 0) {
      this.#credit -= 1
      this.#link.data(this.id, this.#queue.shift())
    }
    if (this.#queue.length > 0) return
    if (this.#closing) {
      this.#open = false
      return this.#link.close(this.id, this.#closing.body)
    }
    if (this.#starved && this.#credit > 0) {
      this.#starved = false
      this.onDrain()
    }
  }

  ended(body: unknown, lost: string | undefined): void {
    if (!this.#open) return
    this.#open = false
    this.#queue.length = 0
    this.onClosed(body, lost)
  }

  #starve(): false {
    this.#starved = true
    return false
  }
}
