// Watch events on a link: objects travel as the JSON bytes under which they are stored, so that the Master encodes each
// version once for all who want it.
import type { WatchEvent } from '../../actors/ports/api.ts'
import type { KubeObject } from '../../model/object.ts'

export interface WatchFrame {
  readonly type: WatchEvent['type']
  readonly revision: number
  readonly json?: Uint8Array
}

const text = new TextDecoder()

/** Throws on a frame that is none; whoever reads ends the stream then. */
export function decodeWatchEvent(frame: unknown): WatchEvent {
  const { type, revision, json } = frame as WatchFrame
  if (type === 'SYNCED' || type === 'BOOKMARK') return { type, revision }
  if (!json) throw new Error('a watch event without its object')
  return { type, revision, object: JSON.parse(text.decode(json)) as KubeObject }
}
