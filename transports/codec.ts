// Envelopes as msgpack. Every message describes itself: no mode that keeps state between messages, so that any message
// can be read alone, recorded, and replayed.
// Not from 'msgpackr' itself, which looks for a native accelerator at each start of a process.
import { Packr } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'
import type { Envelope } from './transport.ts'

/** Of one message; a WebSocket refuses a larger one before it is read. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024

const packr = new Packr({ useRecords: false, variableMapSize: true, encodeUndefinedAsNil: false })
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number', mapsAsObjects: true })

export const encodeEnvelope = (envelope: Envelope): Uint8Array => packr.pack(envelope)

const KINDS = new Set(['request', 'answer', 'event', 'open', 'data', 'credit', 'close'])

/** `undefined` when the bytes are no envelope; nothing a peer sends may throw here (deep nesting ends in a RangeError). */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    const value: unknown = unpackr.unpack(bytes)
    if (typeof value !== 'object' || value === null) return undefined
    const { kind, seq, epoch } = value as Record<string, unknown>
    if (typeof kind !== 'string' || !KINDS.has(kind) || typeof seq !== 'number' || typeof epoch !== 'number') return undefined
    return value as Envelope
  } catch {
    return undefined
  }
}
