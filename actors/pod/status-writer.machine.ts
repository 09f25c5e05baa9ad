// Brings the status of one pod to the API: one write in flight, the newest wins, and what the API did not take is sent again.
import { type ActorRef, assign, type Snapshot, sendTo, setup } from 'xstate'
import type { Pod, PodStatus } from '../../model/schema/kinds/core-v1.ts'
import type { ApiAnswer, ApiClient, Reason } from '../ports/api.ts'
import { statusPatch } from './status.ts'

export type StatusEvent =
  | { readonly type: 'status.set'; readonly pod: Pod; readonly status: PodStatus; readonly why?: Reason }
  | { readonly type: 'status.answered'; readonly answer: ApiAnswer }

type StatusReport =
  /** What was set last is stored. */
  | { readonly type: 'status.stored' }
  /** There is no such pod any more, or another of its name. */
  | { readonly type: 'status.podGone' }

export interface StatusWriterInput {
  readonly client: ApiClient
  readonly retryMs: number
  readonly parent: ActorRef<Snapshot<unknown>, StatusReport>
}

interface StatusContext extends StatusWriterInput {
  readonly pending?: StatusSet
  readonly inFlight?: StatusSet
}

type StatusSet = Extract<StatusEvent, { type: 'status.set' }>

/** A conflict is one of uids: the patch names no version. */
const GONE = new Set([404, 409])

export const statusWriterMachine = setup({
  types: {} as { context: StatusContext; events: StatusEvent; input: StatusWriterInput },
  delays: { retry: ({ context }) => context.retryMs },
  guards: {
    wasStored: ({ event }) => event.type === 'status.answered' && event.answer.ok,
    isGone: ({ event }) => event.type === 'status.answered' && !event.answer.ok && GONE.has(event.answer.status.code),
  },
  actions: {
    keep: assign(({ context, event }) =>
      // A reason that was not written yet must not be lost to a later status without one.
      event.type === 'status.set' ? { pending: { ...event, why: event.why ?? context.pending?.why } } : {},
    ),
    write: ({ context, self }) => {
      if (!context.inFlight) return
      const { pod, status, why } = context.inFlight
      const { namespace, name } = pod.metadata
      context.client.request(
        {
          verb: 'patch',
          ...{ group: '', version: 'v1', resource: 'pods', namespace, name, subresource: 'status' },
          body: { contentType: 'application/strategic-merge-patch+json', value: statusPatch(pod, status) },
          ...(why ? { why } : {}),
        },
        (answer) => {
          if (self.getSnapshot().status === 'active') self.send({ type: 'status.answered', answer })
        },
      )
    },
    takeNewest: assign(({ context }) => ({ inFlight: context.pending ?? context.inFlight, pending: undefined })),
    keepReason: assign(({ context: { pending, inFlight } }) =>
      pending && !pending.why && inFlight?.why ? { pending: { ...pending, why: inFlight.why } } : {},
    ),
    forget: assign({ pending: undefined, inFlight: undefined }),
    reportStored: sendTo(({ context }) => context.parent, { type: 'status.stored' }),
    reportGone: sendTo(({ context }) => context.parent, { type: 'status.podGone' }),
  },
}).createMachine({
  id: 'statusWriter',
  context: ({ input }) => input,
  initial: 'idle',
  states: {
    idle: { on: { 'status.set': { target: 'writing', actions: 'keep' } } },
    writing: {
      entry: ['takeNewest', 'write'],
      on: {
        'status.set': { target: 'overtaken', actions: 'keep' },
        'status.answered': [
          { guard: 'wasStored', target: 'idle', actions: ['forget', 'reportStored'] },
          { guard: 'isGone', target: 'idle', actions: ['forget', 'reportGone'] },
          { target: 'failed' },
        ],
      },
    },
    /** A newer status waits for the answer to the one in flight. */
    overtaken: {
      on: {
        'status.set': { actions: 'keep' },
        'status.answered': [
          { guard: 'isGone', target: 'idle', actions: ['forget', 'reportGone'] },
          { guard: 'wasStored', target: 'writing' },
          { target: 'failed', actions: 'keepReason' },
        ],
      },
    },
    failed: {
      on: { 'status.set': { actions: 'keep' } },
      after: { retry: 'writing' },
    },
  },
})
