// The port through which the front reaches what only a node can answer: the log of a container, a connection to a pod.
// It has the shape of the streams of the link that the node has dialled; nothing of HTTP is known there.
import type { LinkStreams } from '../../actors/link.protocol.ts'
import type { Status } from '../../model/status.ts'

export interface NodeStreams {
  /** Nothing, when the node has no connection at this moment. Handlers are set in the same turn. */
  openStream<S extends 'logs' | 'connect'>(
    nodeName: string,
    subject: S,
    body: LinkStreams[S]['open'],
    cause?: string,
  ): NodeStream | undefined
}

export interface NodeStream {
  /** False: wait for `onDrain`. */
  write(frame: Uint8Array): boolean
  onDrain: () => void
  /** Answers false to hold the node back, until `taken`. The first frame, which may be empty, says that the node accepts. */
  onFrame: (frame: unknown) => boolean
  taken(): void
  /** Once, when the node closes (with a Status when it refused or failed) or its connection is lost (with the reason). */
  onClosed: (body: unknown, lost: string | undefined) => void
  close(): void
}

export const MAX_FRAME_BYTES = 64 * 1024

/** The failure that a stream was closed with, if it was one. */
export function failureOf(body: unknown): Status | undefined {
  const status = body as Partial<Status> | null | undefined
  return status?.kind === 'Status' && status.status === 'Failure' && typeof status.code === 'number'
    ? (status as Status)
    : undefined
}
