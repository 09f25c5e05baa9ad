// The API as a participant: closed → replaying → bootstrapping → serving ∥ {load, store} → draining → closed. Requests do not
// pass through the chart; it opens and shuts the gate through which they go.
import { assign, setup } from 'xstate'
import type { ApiEvent } from './api.protocol.ts'
import type { ApiAddress } from './bootstrap.ts'
import { bootstrap } from './bootstrap.ts'
import type { ApiEngine } from './engine.ts'

/** How often events that are over an hour old are looked for. */
const SWEEP_MS = 60_000
/** After a full disk, how long until a write is tried again. */
const RETRY_MS = 2_000

export interface ApiInput {
  readonly engine: ApiEngine
  readonly address: ApiAddress
}

interface Context extends ApiInput {
  readonly failure: string | undefined
}

const SYSTEM = { name: 'system:apiserver', groups: ['system:masters'] }

export const apiMachine = setup({
  types: {} as {
    input: ApiInput
    context: Context
    events: ApiEvent | { type: 'api.bootstrapped'; failures: readonly string[] }
    output: { failure: string | undefined }
  },
  delays: { sweep: SWEEP_MS, retry: RETRY_MS },
  guards: {
    isWhole: ({ event }) => event.type === 'api.bootstrapped' && event.failures.length === 0,
  },
  actions: {
    openStore: ({ context }) => context.engine.open(),
    closeStore: ({ context }) => context.engine.close(),
    expireEvents: ({ context }) => context.engine.expireEvents(),
    makeFirstObjects: ({ context, self }) =>
      bootstrap(context.engine.as(SYSTEM), context.address, (failures) => self.send({ type: 'api.bootstrapped', failures })),
    openGate: ({ context: { engine } }) => {
      Object.assign(engine.gate, { reads: 'open', writes: 'open', reason: '' })
    },
    onlyDeletes: ({ context: { engine }, event }) => {
      Object.assign(engine.gate, { writes: 'deletesOnly', reason: 'message' in event ? event.message : 'the disk is full' })
    },
    onlyReads: ({ context: { engine }, event }) => {
      Object.assign(engine.gate, { writes: 'closed', reason: 'message' in event ? event.message : 'the store does not write' })
    },
    shutGate: ({ context: { engine } }) => {
      Object.assign(engine.gate, { writes: 'closed', reason: 'the API is shutting down' })
    },
    noteFailure: assign({
      failure: ({ event }) =>
        event.type === 'store.refused'
          ? `${event.reason}: ${event.message}`
          : event.type === 'api.bootstrapped'
            ? event.failures.join('; ')
            : undefined,
    }),
  },
}).createMachine({
  id: 'api',
  context: ({ input }) => ({ ...input, failure: undefined }),
  output: ({ context }) => ({ failure: context.failure }),
  initial: 'replaying',
  states: {
    replaying: {
      entry: 'openStore',
      on: {
        'store.opened': 'bootstrapping',
        'store.refused': { target: 'refused', actions: 'noteFailure' },
        'api.drain': 'draining',
      },
    },
    bootstrapping: {
      entry: ['openGate', 'makeFirstObjects'],
      on: {
        'api.bootstrapped': [
          { guard: 'isWhole', target: 'serving' },
          { target: 'draining', actions: 'noteFailure' },
        ],
        'api.drain': 'draining',
      },
    },
    serving: {
      type: 'parallel',
      on: { 'api.drain': 'draining' },
      states: {
        load: {
          initial: 'normal',
          states: {
            normal: { on: { 'load.exceeded': 'shedding' } },
            shedding: { on: { 'load.eased': 'normal' } },
          },
        },
        store: {
          initial: 'writable',
          states: {
            writable: {
              entry: 'openGate',
              on: { 'store.full': 'readOnly', 'store.failed': 'failed' },
            },
            readOnly: {
              entry: 'onlyDeletes',
              // Nobody tells that there is room again: the next write finds out, as any delete that succeeds does.
              after: { retry: 'writable' },
              on: { 'store.written': 'writable', 'store.failed': 'failed' },
            },
            failed: { entry: 'onlyReads' },
          },
        },
        events: {
          initial: 'kept',
          states: { kept: { after: { sweep: { target: 'kept', reenter: true, actions: 'expireEvents' } } } },
        },
      },
    },
    draining: {
      entry: ['shutGate', 'closeStore'],
      on: { 'store.closed': 'closed' },
    },
    closed: { type: 'final' },
    refused: { type: 'final' },
  },
})
