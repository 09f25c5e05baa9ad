// Two ends of a pipe within one process. Messages are encoded and decoded as on a real wire, so that no object is ever
// shared between actors, and are delivered by the clock that is handed in: at once or after a delay, always in order.
import { decodeEnvelope, encodeEnvelope } from './codec.ts'
import type { Envelope, Pipe, Timers } from './transport.ts'

export interface MemoryOptions {
  readonly timers: Timers
  /** Of each message, one way. */
  readonly delayMs?: () => number
  /** Sees every message when it is delivered: for hashes, transcripts and recordings. */
  readonly delivered?: (direction: 'there' | 'back', bytes: Uint8Array) => void
}

export function memoryPipes({ timers, delayMs = () => 0, delivered }: MemoryOptions): [Pipe, Pipe] {
  let open = true
  const ends: [MemoryPipe, MemoryPipe] = [makeEnd('there', () => ends[1]), makeEnd('back', () => ends[0])]

  function makeEnd(direction: 'there' | 'back', other: () => MemoryPipe): MemoryPipe {
    // Messages of one direction keep their order even when a later one draws a shorter delay.
    const travelling: Uint8Array[] = []
    const end: MemoryPipe = {
      onEnvelope: () => {},
      onClosed: () => {},
      get bufferedBytes() {
        return travelling.reduce((sum, bytes) => sum + bytes.byteLength, 0)
      },
      send(envelope: Envelope) {
        if (!open) return
        travelling.push(encodeEnvelope(envelope))
        timers.setTimeout(() => {
          const bytes = travelling.shift()
          if (!open || !bytes) return
          const envelope = decodeEnvelope(bytes)
          delivered?.(direction, bytes)
          if (envelope) other().onEnvelope(envelope)
        }, delayMs())
      },
      close(reason: string) {
        if (!open) return
        open = false
        timers.setTimeout(() => {
          end.onClosed(reason)
          other().onClosed(reason)
        }, 0)
      },
    }
    return end
  }
  return ends
}

type MemoryPipe = Pipe
