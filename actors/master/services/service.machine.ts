// One Service as the cluster's nodes see it: whether every ready node serves its newest state. It carries no traffic and
// hears nothing of it.
import { assign, setup } from 'xstate'
import type { ServiceEvent } from './services.protocol.ts'

export interface ServiceInput {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

interface Context extends ServiceInput {
  /** Up to where nodes must be programmed. */
  readonly wantedRevision: number
  /** Up to where all of them were, the last time that was so. */
  readonly programmedRevision: number
}

export const serviceMachine = setup({
  types: {} as { input: ServiceInput; context: Context; events: ServiceEvent },
  guards: {
    isNewest: ({ context, event }) => event.type === 'service.programmed' && event.revision >= context.wantedRevision,
  },
  actions: {
    noteWanted: assign({ wantedRevision: ({ event }) => event.revision }),
    noteProgrammed: assign({ programmedRevision: ({ event }) => event.revision }),
  },
}).createMachine({
  id: 'service',
  context: ({ input }) => ({ ...input, wantedRevision: 0, programmedRevision: 0 }),
  initial: 'pending',
  on: { 'service.removed': { target: '.releasing', actions: 'noteWanted' } },
  states: {
    pending: { on: { 'service.wanted': { target: 'programming', actions: 'noteWanted' } } },
    programming: {
      on: {
        'service.wanted': { actions: 'noteWanted' },
        'service.programmed': { guard: 'isNewest', target: 'serving', actions: 'noteProgrammed' },
      },
    },
    serving: { on: { 'service.wanted': { target: 'programming', actions: 'noteWanted' } } },
    releasing: { on: { 'service.programmed': { guard: 'isNewest', target: 'released', actions: 'noteProgrammed' } } },
    released: { type: 'final' },
  },
})
