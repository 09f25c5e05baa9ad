// A node's agent: makes its Node known, sees its pods through the API's eyes, and keeps them running while it is cut off.
import { type ActorRef, type ActorRefFrom, assign, enqueueActions, fromCallback, type Snapshot, setup, stopChild } from 'xstate'
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import { NODE_TIMINGS, type NodeTimings } from '../container/timings.ts'
import { create, pathOf } from '../master/controllers/requests.ts'
import { podMachine } from '../pod/pod.machine.ts'
import type { ApiAnswer, ApiRequest } from '../ports/api.ts'
import type { ContainerRuntime, FoundContainer } from '../ports/containers.ts'
import type { MasterLink } from '../ports/link.ts'
import type { KubeletEvent } from './kubelet.protocol.ts'
import { LEASE_NAMESPACE, leaseSpec, newLease, newNode, nodeLabels, nodeStatus } from './node-object.ts'
import { watchNode } from './node-watch.ts'
import { createSurroundings, type Surroundings, type SurroundingsInput } from './surroundings.ts'

interface KubeletInput extends Omit<SurroundingsInput, 'timings'> {
  readonly timings?: Partial<NodeTimings>
}

interface KubeletContext extends SurroundingsInput {
  readonly surroundings: Surroundings
  /** Of the node's object; empty until the API has answered. */
  readonly nodeUid: string
  readonly hasRange: boolean
  /** Seen before the pods could be started; by uid. */
  readonly pods: ReadonlyMap<string, Pod>
  /** What the runtime had when this agent started, until pods have taken it over. */
  readonly found?: readonly FoundContainer[]
  readonly hasSynced: boolean
  /** Pods that are done here, until the API says that they are gone; and the other way round. */
  readonly done: ReadonlySet<string>
  readonly lost: ReadonlySet<string>
  readonly readySinceMs: number
}

const linkLogic = fromCallback<KubeletEvent, { link: MasterLink }>(({ input: { link }, sendBack }) => {
  const subscriptions = [
    link.onEvent('link.opened', () => sendBack({ type: 'link.opened' })),
    link.onEvent('link.lost', () => sendBack({ type: 'link.lost' })),
    link.onEvent('pod.withdrawn', ({ uid }) => sendBack({ type: 'pod.withdrawn', uid })),
  ]
  if (link.open) sendBack({ type: 'link.opened' })
  return () => {
    for (const subscription of subscriptions) subscription.stop()
  }
})

const watchLogic = fromCallback<KubeletEvent, { surroundings: Surroundings; nodeName: string }>(({ input, sendBack }) => {
  const { surroundings, nodeName } = input
  const subscription = watchNode(surroundings.client, nodeName, surroundings.services, sendBack)
  return () => subscription.stop()
})

const kubeletSetup = setup({
  types: {} as { context: KubeletContext; events: KubeletEvent; input: KubeletInput },
  actors: { link: linkLogic, watch: watchLogic, pod: podMachine },
  delays: {
    retry: ({ context }) => context.timings.retryMs,
    lease: ({ context }) => context.timings.leaseMs,
    nodeStatus: ({ context }) => context.timings.nodeStatusMs,
    volumeRefresh: ({ context }) => context.timings.volumeRefreshMs,
    drainPoll: ({ context }) => context.timings.drainPollMs,
    drain: ({ context }) => context.timings.drainMs,
  },
  guards: {
    answeredWell: ({ event }) => 'answer' in event && event.answer.ok,
    alreadyExists: ({ event }) => 'answer' in event && !event.answer.ok && event.answer.status.code === 409,
    isMissing: ({ event }) => 'answer' in event && !event.answer.ok && event.answer.status.code === 404,
    canStartPods: ({ context }) => context.hasSynced && context.hasRange && context.found !== undefined,
    keepsContainers: ({ event }) => event.type === 'kubelet.stop' && event.keepContainers,
    allEnded: ({ event }) =>
      event.type === 'runtime.listed' && event.containers.every(({ exit, startedAtMs }) => exit || startedAtMs === undefined),
    isConnected: ({ context }) => context.link.open,
  },
  actions: {
    register: ({ context, self }) => ask(context, self, create('nodes', newNode(factsOf(context)))),
    describe: ({ context, self }) =>
      ask(context, self, {
        verb: 'patch',
        ...pathOf('nodes', undefined, context.nodeName),
        body: { contentType: 'application/merge-patch+json', value: { metadata: { labels: nodeLabels(factsOf(context)) } } },
      }),
    rememberNode: assign(({ event }) =>
      event.type === 'node.registerAnswered' && event.answer.ok ? { nodeUid: event.answer.object.metadata.uid ?? '' } : {},
    ),
    list: ({ context, self }) =>
      context.runtime.list((containers) => {
        if (self.getSnapshot().status === 'active') self.send({ type: 'runtime.listed', containers })
      }),
    rememberFound: assign(({ context, event }) =>
      event.type === 'runtime.listed' ? { found: context.found ?? event.containers } : {},
    ),
    rememberRange: assign(({ context, event }) => {
      if (event.type !== 'node.seen' || !event.podCidr) return {}
      context.surroundings.addresses.setRange(event.podCidr)
      return { hasRange: true }
    }),
    holdPod: assign(({ context, event }) =>
      event.type === 'pod.seen' ? { pods: new Map(context.pods).set(event.pod.metadata.uid ?? '', event.pod) } : {},
    ),
    forgetPod: assign(({ context, event, self }) => {
      if (event.type !== 'pod.lost') return {}
      const pods = new Map(context.pods)
      pods.delete(event.uid)
      return {
        pods,
        done: without(context.done, event.uid),
        lost: podChild(self, event.uid) ? new Set(context.lost).add(event.uid) : context.lost,
      }
    }),
    /** Pods that disappeared while nobody watched; the rest have been told by `pod.seen`. */
    markSynced: assign(({ context, event, self }) => {
      if (event.type !== 'watch.synced') return {}
      const children = podChildren(self).map(([uid]) => uid)
      return {
        lost: new Set(children.filter((uid) => !event.uids.has(uid))),
        hasSynced: true,
        pods: new Map([...context.pods].filter(([uid]) => event.uids.has(uid))),
        done: new Set([...context.done].filter((uid) => event.uids.has(uid))),
      }
    }),
    markUnsynced: assign({ hasSynced: false }),
    startHeldPods: assign(({ context, spawn, self }) => {
      const held = [...context.pods.values()]
      // Whoever has an address keeps it, before anyone new gets one.
      for (const pod of held) if (pod.status?.podIP && !pod.spec?.hostNetwork) context.surroundings.assignAddress(pod)
      for (const pod of held) {
        const uid = pod.metadata.uid ?? ''
        const child = podChild(self, uid)
        if (child) child.send({ type: 'pod.updated', pod })
        else if (!context.done.has(uid)) spawn('pod', { id: uid, input: podInput(context, pod, self) })
      }
      return { pods: new Map(), found: [] }
    }),
    endOrphans: ({ context: { found = [], pods, runtime }, self }) => {
      for (const uid of new Set(found.map(({ podUid }) => podUid))) {
        if (!pods.has(uid) && !podChild(self, uid))
          endPod(
            runtime,
            uid,
            found.filter(({ podUid }) => podUid === uid),
          )
      }
    },
    removeVanished: ({ context, self }) => {
      for (const [uid, child] of podChildren(self)) if (!context.pods.has(uid)) child.send({ type: 'pod.removed' })
    },
    takePod: assign(({ context, event, spawn, self }) => {
      if (event.type !== 'pod.seen') return {}
      const uid = event.pod.metadata.uid ?? ''
      const child = podChild(self, uid)
      if (child) child.send({ type: 'pod.updated', pod: event.pod })
      else if (!context.done.has(uid)) spawn('pod', { id: uid, input: podInput(context, event.pod, self) })
      return {}
    }),
    passRemoval: ({ event, self }) => {
      if (event.type === 'pod.lost') podChild(self, event.uid)?.send({ type: 'pod.removed' })
    },
    passWithdrawal: ({ event, self }) => {
      if (event.type === 'pod.withdrawn') podChild(self, event.uid)?.send({ type: 'pod.withdrawn' })
    },
    passLoss: ({ self }) => {
      for (const [, child] of podChildren(self)) child.send({ type: 'link.lost' })
    },
    markReadySince: assign({ readySinceMs: ({ context }) => context.clock.now() }),
    reportReady: ({ context, self }) =>
      reportNode(context, true, (answer) => {
        if (self.getSnapshot().status === 'active') self.send({ type: 'node.statusAnswered', answer })
      }),
    reportStopping: ({ context }) => reportNode(context, false, () => {}),
    renewLease: ({ context, self }) => {
      const { nodeName, timings, clock, link } = context
      const spec = leaseSpec(nodeName, timings.leaseDurationSeconds, clock.now())
      link.client.request(
        {
          verb: 'patch',
          ...pathOf('leases.coordination.k8s.io', LEASE_NAMESPACE, nodeName),
          body: { contentType: 'application/merge-patch+json', value: { spec } },
        },
        (answer) => {
          if (self.getSnapshot().status === 'active') self.send({ type: 'lease.answered', answer })
        },
      )
    },
    makeLease: ({ context }) => {
      const { nodeName, nodeUid, timings, clock, link } = context
      const spec = leaseSpec(nodeName, timings.leaseDurationSeconds, clock.now())
      link.client.request(create('leases.coordination.k8s.io', newLease(nodeName, nodeUid, spec)), () => {})
    },
    refreshVolumes: ({ context, self }) =>
      context.surroundings.refreshVolumes(podChildren(self).map(([, child]) => child.getSnapshot().context.pod)),
    forgetHeld: assign({ pods: () => new Map() }),
    markDone: assign(({ context: { done, lost }, event }) => {
      if (event.type !== 'pod.gone') return {}
      return lost.has(event.uid) ? { lost: without(lost, event.uid) } : { done: new Set(done).add(event.uid) }
    }),
    stopPod: stopChild(({ event }) => (event.type === 'pod.gone' ? event.uid : '')),
    /** What failed is built anew from the API and the runtime, as after a start of the agent. */
    stopFailed: enqueueActions(({ event, enqueue }) => {
      if ('actorId' in event) enqueue.stopChild(event.actorId)
      enqueue.assign({ found: undefined })
    }),
    stopPods: enqueueActions(({ enqueue, self }) => {
      for (const [uid] of podChildren(self)) enqueue.stopChild(uid)
    }),
    askAllToEnd: ({ context: { runtime } }) => signalAll(runtime, 'SIGTERM'),
    killAll: ({ context: { runtime } }) => signalAll(runtime, 'SIGKILL'),
  },
})

type Self = ActorRef<Snapshot<unknown>, KubeletEvent>
interface Family {
  getSnapshot(): { readonly children: Readonly<Record<string, unknown>> }
}
type PodRef = ActorRefFrom<typeof podMachine>

/** Every child but the two adapters is a pod, by its uid. */
const ADAPTERS = new Set(['link', 'watch'])

const podChild = (self: Family, uid: string): PodRef | undefined => self.getSnapshot().children[uid] as PodRef | undefined

const podChildren = (self: Family): [uid: string, child: PodRef][] =>
  (Object.entries(self.getSnapshot().children) as [string, PodRef | undefined][]).flatMap(([uid, child]) =>
    child && !ADAPTERS.has(uid) && child.getSnapshot().status === 'active' ? [[uid, child]] : [],
  )

function without(uids: ReadonlySet<string>, uid: string): ReadonlySet<string> {
  const rest = new Set(uids)
  rest.delete(uid)
  return rest
}

const factsOf = ({ nodeName, machine, runtime }: KubeletContext) => ({ nodeName, machine, runtime })

function podInput({ surroundings, found = [] }: KubeletContext, pod: Pod, parent: Self) {
  const attempts = new Map<string, FoundContainer>()
  for (const container of found) if (container.podUid === pod.metadata.uid) attempts.set(container.name, container)
  return { pod, surroundings, adopted: [...attempts.values()], parent }
}

function ask({ link }: KubeletContext, self: Self, request: ApiRequest): void {
  link.client.request(request, (answer) => {
    if ((self.getSnapshot() as { status: string }).status === 'active') self.send({ type: 'node.registerAnswered', answer })
  })
}

function reportNode(context: KubeletContext, isReady: boolean, answered: (answer: ApiAnswer) => void): void {
  const { link, clock, readySinceMs, nodeName } = context
  const status = nodeStatus(factsOf(context), isReady, isReady ? readySinceMs : clock.now(), clock.now())
  link.client.request(
    {
      verb: 'patch',
      ...pathOf('nodes', undefined, nodeName),
      subresource: 'status',
      body: { contentType: 'application/strategic-merge-patch+json', value: JSON.parse(JSON.stringify({ status })) },
    },
    answered,
  )
}

/** Containers of a pod that exists no more: ended by force, then forgotten. */
function endPod(runtime: ContainerRuntime, uid: string, containers: readonly FoundContainer[]): void {
  const running = new Set(containers.filter(({ exit, startedAtMs }) => !exit && startedAtMs !== undefined).map(({ id }) => id))
  if (running.size === 0) return runtime.removePod(uid)
  for (const id of running) {
    runtime.adopt(id, {
      started: () => runtime.signal(id, 'SIGKILL'),
      exited: () => {
        running.delete(id)
        if (running.size === 0) runtime.removePod(uid)
      },
      warned: () => {},
    })
  }
}

const signalAll = (runtime: ContainerRuntime, signal: 'SIGTERM' | 'SIGKILL'): void =>
  runtime.list((containers) => {
    for (const { id, exit } of containers) if (!exit) runtime.signal(id, signal)
  })

export const kubeletMachine = kubeletSetup.createMachine({
  id: 'kubelet',
  context: ({ input }) => {
    const timings = { ...NODE_TIMINGS, ...input.timings }
    return {
      ...input,
      timings,
      surroundings: createSurroundings({ ...input, timings }),
      nodeUid: '',
      hasRange: false,
      pods: new Map(),
      hasSynced: false,
      done: new Set(),
      lost: new Set(),
      readySinceMs: 0,
    }
  },
  invoke: { id: 'link', src: 'link', input: ({ context }) => ({ link: context.link }) },
  initial: 'registering',
  on: {
    'pod.withdrawn': { actions: 'passWithdrawal' },
    'pod.gone': { actions: ['markDone', 'stopPod'] },
    'xstate.error.actor.*': { target: '.disconnected', actions: ['stopFailed', 'passLoss'] },
    'kubelet.stop': [{ guard: 'keepsContainers', target: '.stopped' }, { target: '.draining' }],
  },
  states: {
    registering: {
      initial: 'waiting',
      states: {
        waiting: { after: { retry: { guard: 'isConnected', target: 'creating' } } },
        creating: {
          entry: 'register',
          on: {
            'node.registerAnswered': [
              { guard: 'answeredWell', target: '#kubelet.serving', actions: 'rememberNode' },
              { guard: 'alreadyExists', target: 'describing' },
              { target: 'waiting' },
            ],
          },
        },
        describing: {
          entry: 'describe',
          on: {
            'node.registerAnswered': [
              { guard: 'answeredWell', target: '#kubelet.serving', actions: 'rememberNode' },
              { target: 'waiting' },
            ],
          },
        },
      },
      on: {
        'link.opened': '.creating',
        'link.lost': 'disconnected',
      },
    },
    serving: {
      entry: 'forgetHeld',
      invoke: {
        id: 'watch',
        src: 'watch',
        input: ({ context }) => ({ surroundings: context.surroundings, nodeName: context.nodeName }),
      },
      initial: 'syncing',
      states: {
        syncing: {
          entry: 'list',
          always: { guard: 'canStartPods', target: 'ready', actions: ['endOrphans', 'removeVanished', 'startHeldPods'] },
          on: {
            'pod.seen': { actions: 'holdPod' },
            'pod.lost': { actions: ['passRemoval', 'forgetPod'] },
            'watch.synced': { actions: 'markSynced' },
            'runtime.listed': { actions: 'rememberFound' },
          },
        },
        ready: {
          entry: 'markReadySince',
          type: 'parallel',
          states: {
            status: {
              initial: 'reporting',
              states: {
                reporting: {
                  entry: 'reportReady',
                  on: { 'node.statusAnswered': [{ guard: 'answeredWell', target: 'reported' }, { target: 'unreported' }] },
                },
                reported: { after: { nodeStatus: 'reporting' } },
                unreported: { after: { retry: 'reporting' } },
              },
            },
            lease: {
              initial: 'renewing',
              states: {
                renewing: {
                  entry: 'renewLease',
                  on: {
                    'lease.answered': [{ guard: 'isMissing', target: 'resting', actions: 'makeLease' }, { target: 'resting' }],
                  },
                },
                resting: { after: { lease: 'renewing' } },
              },
            },
            volumes: {
              initial: 'resting',
              states: {
                resting: { after: { volumeRefresh: { target: 'resting', reenter: true, actions: 'refreshVolumes' } } },
              },
            },
          },
          on: {
            'pod.seen': { actions: 'takePod' },
            'pod.lost': { actions: ['passRemoval', 'forgetPod'] },
          },
        },
      },
      on: {
        'node.seen': { actions: 'rememberRange' },
        'link.lost': { target: 'disconnected', actions: 'passLoss' },
        'watch.ended': { target: 'disconnected', actions: 'passLoss' },
      },
    },
    /** Pods keep running; what they have to say waits. */
    disconnected: {
      entry: 'markUnsynced',
      after: { retry: { guard: 'isConnected', target: 'registering.creating' } },
      on: { 'link.opened': 'registering.creating' },
    },
    draining: {
      entry: ['stopPods', 'reportStopping', 'askAllToEnd'],
      initial: 'looking',
      states: {
        looking: {
          entry: 'list',
          on: { 'runtime.listed': [{ guard: 'allEnded', target: '#kubelet.stopped' }, { target: 'waiting' }] },
        },
        waiting: { after: { drainPoll: 'looking' } },
      },
      after: { drain: { actions: 'killAll' } },
      // Told again, it does not begin again.
      on: { 'kubelet.stop': [{ guard: 'keepsContainers', target: 'stopped' }, {}] },
    },
    stopped: { type: 'final' },
  },
})
