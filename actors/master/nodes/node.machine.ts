// One Node as the Master sees it: joining → ready → suspect → unreachable → evicting → gone. What is written about a lost
// node follows from these transitions and from nothing else.
import { type ActorRef, assign, type Snapshot, sendTo, setup } from 'xstate'
import type { Node, Pod } from '../../../model/schema/kinds/core-v1.ts'
import type { ApiClient, ApiRequest } from '../../ports/api.ts'
import type { Host } from '../../ports/host.ts'
import type { View } from '../../ports/view.ts'
import { EventRecorder } from '../controllers/events.ts'
import type { FailureDetection } from './failure-detection.ts'
import { nodeGivenUp, nodeNotReadyNote, nodeUnknown, podNodeNotReadyNote, podNotReady } from './lost-node.ts'
import type { NodeEvent, NodePhase, NodeReport } from './node.protocol.ts'

/** A write about the node that failed, usually by a conflict, is made again from what is known then. */
const WRITE_RETRY_MS = 100

export interface NodeInput {
  readonly nodeName: string
  /** The condition Ready when the chart begins. */
  readonly ready: boolean
  readonly detection: FailureDetection
  readonly view: View
  readonly api: ApiClient
  readonly host: Host
  readonly zone: ActorRef<Snapshot<unknown>, NodeReport>
}

interface Context extends NodeInput {
  readonly suspicion: 'disconnected' | 'silent'
  readonly recorder: EventRecorder
}

type Self = ActorRef<Snapshot<unknown>, NodeEvent>

const deleted = { 'node.deleted': '#node.gone' } as const
/** Whoever was written off must report Ready anew before it counts. */
const returned = { 'node.connected': '#node.joining', 'heartbeat.seen': '#node.joining' } as const

export const nodeMachine = setup({
  types: {} as { input: NodeInput; context: Context; events: NodeEvent },
  delays: {
    suspectTime: ({ context }) => context.detection.suspectMs[context.suspicion],
    writeRetry: WRITE_RETRY_MS,
  },
  guards: {
    isReady: ({ context }) => context.ready,
    becomesReady: (_, { ready }: { ready: boolean }) => ready,
    wasSilent: ({ context }) => context.suspicion === 'silent',
  },
  actions: {
    tellPhase: sendTo(
      ({ context }) => context.zone,
      ({ context }, { phase }: { phase: NodePhase }) => ({
        type: 'node.phaseChanged' as const,
        nodeName: context.nodeName,
        phase,
      }),
    ),
    askForEviction: sendTo(
      ({ context }) => context.zone,
      ({ context }) => ({ type: 'eviction.wanted' as const, nodeName: context.nodeName }),
    ),
    suspect: assign((_, { suspicion }: { suspicion: Context['suspicion'] }) => ({ suspicion })),
    noteReady: assign((_, { ready }: { ready: boolean }) => ({ ready })),
    markUnknown: ({ context, self }) => write(context, self, unknownRequests(context)),
    giveUp: ({ context, self }) => {
      const node = context.view.get<Node>('nodes', '', context.nodeName)
      write(context, self, node === undefined ? [] : [nodeGivenUp(node, context.host.clock.now())])
    },
  },
}).createMachine({
  id: 'node',
  context: ({ input }) => ({ ...input, suspicion: 'silent', recorder: new EventRecorder('node-controller') }),
  initial: 'joining',
  on: {
    'node.readyChanged': { actions: { type: 'noteReady', params: ({ event }) => ({ ready: event.ready }) } },
  },
  states: {
    joining: {
      entry: { type: 'tellPhase', params: { phase: 'joining' } },
      always: { guard: 'isReady', target: 'ready' },
      on: {
        'node.disconnected': { target: 'suspect', actions: { type: 'suspect', params: { suspicion: 'disconnected' } } },
        'heartbeat.missed': { target: 'suspect', actions: { type: 'suspect', params: { suspicion: 'silent' } } },
        ...deleted,
      },
    },
    ready: {
      entry: { type: 'tellPhase', params: { phase: 'ready' } },
      on: {
        'node.readyChanged': {
          target: 'joining',
          actions: { type: 'noteReady', params: ({ event }) => ({ ready: event.ready }) },
        },
        'node.disconnected': { target: 'suspect', actions: { type: 'suspect', params: { suspicion: 'disconnected' } } },
        'heartbeat.missed': { target: 'suspect', actions: { type: 'suspect', params: { suspicion: 'silent' } } },
        ...deleted,
      },
    },
    suspect: {
      entry: { type: 'tellPhase', params: { phase: 'suspect' } },
      on: {
        'node.connected': 'joining',
        // A renewal that was on its way when the connection broke says nothing about now.
        'heartbeat.seen': { guard: 'wasSilent', target: 'joining' },
        ...deleted,
      },
      after: { suspectTime: 'unreachable' },
    },
    unreachable: {
      entry: { type: 'tellPhase', params: { phase: 'unreachable' } },
      initial: 'marking',
      on: { ...returned, ...deleted },
      states: {
        marking: { entry: 'markUnknown', on: { 'write.done': 'marked', 'write.failed': 'retrying' } },
        retrying: { after: { writeRetry: 'marking' } },
        marked: { entry: 'askForEviction', on: { 'eviction.allowed': '#node.evicting' } },
      },
    },
    evicting: {
      entry: { type: 'tellPhase', params: { phase: 'evicting' } },
      initial: 'tainting',
      on: { ...returned, ...deleted },
      states: {
        tainting: { entry: 'giveUp', on: { 'write.done': 'tainted', 'write.failed': 'retrying' } },
        retrying: { after: { writeRetry: 'tainting' } },
        tainted: {},
      },
    },
    gone: { type: 'final', entry: { type: 'tellPhase', params: { phase: 'gone' } } },
  },
})

function unknownRequests(context: Context): readonly (ApiRequest | undefined)[] {
  const { view, host, nodeName, suspicion, recorder } = context
  const nowMs = host.clock.now()
  const node = view.get<Node>('nodes', '', nodeName)
  if (node === undefined) return []
  const unknown = nodeUnknown(node, suspicion === 'disconnected' ? 'lost its connection' : 'stopped renewing its lease', nowMs)
  const requests = [unknown]
  const notes = unknown === undefined ? [] : [nodeNotReadyNote(node)]
  for (const pod of view.podsOnNode<Pod>(nodeName)) {
    const request = podNotReady(pod, nodeName, nowMs)
    if (request !== undefined) notes.push(podNodeNotReadyNote(pod))
    requests.push(request)
  }
  for (const note of notes) {
    const event = recorder.record(note, nowMs)
    if (event !== undefined) context.api.request(event, () => {})
  }
  return requests
}

function write({ api, host }: Context, self: Self, requests: readonly (ApiRequest | undefined)[]): void {
  const needed = requests.filter((request) => request !== undefined)
  let open = needed.length
  let ok = true
  // Also without anything to write the answer comes later, as the chart is still on its way into the state.
  if (open === 0) host.defer(() => self.send({ type: 'write.done' }))
  for (const request of needed)
    api.request(request, (answer) => {
      ok &&= answer.ok || answer.status.reason === 'NotFound'
      open -= 1
      if (open === 0) self.send({ type: ok ? 'write.done' : 'write.failed' })
    })
}
