// The contract of a connection between participants: an ordered pipe of envelopes that may stall or break anywhere.
// What an envelope's body means is nobody's business here. Contract suite: test/contracts/transport.contract.ts.

/** The time this layer needs; any clock of the system fits. */
export interface Timers {
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

export type Envelope =
  | {
      readonly kind: 'request'
      readonly seq: number
      readonly epoch: number
      readonly id: number
      readonly subject: string
      readonly cause?: string
      readonly body: unknown
    }
  | { readonly kind: 'answer'; readonly seq: number; readonly epoch: number; readonly id: number; readonly body: unknown }
  | {
      readonly kind: 'event'
      readonly seq: number
      readonly epoch: number
      readonly subject: string
      readonly cause?: string
      readonly body: unknown
    }
  | {
      readonly kind: 'open'
      readonly seq: number
      readonly epoch: number
      readonly stream: number
      readonly subject: string
      readonly cause?: string
      readonly credit: number
      readonly body: unknown
    }
  | { readonly kind: 'data'; readonly seq: number; readonly epoch: number; readonly stream: number; readonly body: unknown }
  | { readonly kind: 'credit'; readonly seq: number; readonly epoch: number; readonly stream: number; readonly credit: number }
  | { readonly kind: 'close'; readonly seq: number; readonly epoch: number; readonly stream: number; readonly body?: unknown }

/** One end of a connection. Handlers are set before the first message is delivered. */
export interface Pipe {
  /** Hands an envelope over; never blocks, never throws. After the end it does nothing. */
  send(envelope: Envelope): void
  /** Bytes handed over and not yet taken by the other side's machine; a measure of a peer that does not read. */
  readonly bufferedBytes: number
  close(reason: string): void
  onEnvelope: (envelope: Envelope) => void
  /** Once, at the end, whoever ended it. */
  onClosed: (reason: string) => void
}
