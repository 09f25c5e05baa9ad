// One pod on its node, from the moment the node sees it to the moment nothing of it is left here or in the API.
import { type ActorRef, type ActorRefFrom, assign, enqueueActions, type Snapshot, sendTo, setup, stopChild } from 'xstate'
import type { Container, Pod, PodStatus } from '../../model/schema/kinds/core-v1.ts'
import { type ContainerInput, containerMachine } from '../container/container.machine.ts'
import type { ContainerFacts } from '../container/facts.ts'
import { effectivePolicy } from '../container/restart.ts'
import type { Reason } from '../ports/api.ts'
import type { FoundContainer } from '../ports/containers.ts'
import { type FactsByName, hasEnded, initDone, isSidecar } from './phase.ts'
import type { PodEvent, PodGone, PodSurroundings } from './pod.protocol.ts'
import { podStatus, sameStatus, type Verdict } from './status.ts'
import { statusWriterMachine } from './status-writer.machine.ts'

interface PodInput {
  readonly pod: Pod
  readonly surroundings: PodSurroundings
  /** What the runtime has of it, newest attempts only, when the agent was started again. */
  readonly adopted: readonly FoundContainer[]
  readonly parent: ActorRef<Snapshot<unknown>, PodGone>
}

interface PodContext extends PodInput {
  readonly podIp?: string
  readonly startedAtMs: number
  readonly containers: FactsByName
  readonly isPrepared: boolean
  readonly isRemoved: boolean
  readonly isOver: boolean
  /** Was ready at some time: connections may be on their way to it. */
  readonly wasReady: boolean
  readonly verdict?: Verdict
  readonly told?: PodStatus
  readonly writer?: ActorRefFrom<typeof statusWriterMachine>
}

const DEFAULT_GRACE_SECONDS = 30
/** Shorter ones are lengthened, as Kubernetes does: a program should have a chance to see its SIGTERM. */
const LEAST_GRACE_SECONDS = 2

const podSetup = setup({
  types: {} as { context: PodContext; events: PodEvent; input: PodInput },
  actors: { container: containerMachine, statusWriter: statusWriterMachine },
  delays: {
    withdrawal: ({ context }) => context.surroundings.timings.withdrawalMs,
    retry: ({ context }) => context.surroundings.timings.configRetryMs,
    deleteRetry: ({ context }) => context.surroundings.timings.statusRetryMs,
    creatingShown: ({ context }) => context.surroundings.timings.creatingShownMs,
  },
  guards: {
    hasEnded: ({ context }) => hasEnded(context.pod.status?.phase),
    isDeleting: ({ context }) => context.pod.metadata.deletionTimestamp !== undefined,
    isToldToEnd: ({ event }) => event.type === 'pod.updated' && event.pod.metadata.deletionTimestamp !== undefined,
    isRemoved: ({ context }) => context.isRemoved,
    hasAddress: ({ context }) => context.podIp !== undefined,
    answeredWell: ({ event }) => event.type === 'volumes.answered' && event.answer.ok,
    isDeleted: ({ event }) =>
      event.type === 'pod.deleteAnswered' &&
      (event.answer.ok || event.answer.status.code === 404 || event.answer.status.code === 409),
    hasInitialised: ({ context: { pod, containers } }) =>
      (pod.spec?.initContainers ?? []).every((container) => initDone(container, containers)) ||
      (pod.spec?.containers ?? []).some(({ name }) => containers[name]?.containerId),
    initFailed: ({ context: { pod, containers } }) =>
      (pod.spec?.initContainers ?? []).some(
        (container) => containers[container.name]?.settled && !initDone(container, containers),
      ),
    allSettled: ({ context: { pod, containers } }) => (pod.spec?.containers ?? []).every(({ name }) => containers[name]?.settled),
    mainStopped: ({ context: { pod, containers } }) =>
      Object.values(containers).every(({ name, settled }) => settled || sidecarNames(pod).includes(name)),
    allStopped: ({ context }) => Object.values(context.containers).every(({ settled }) => settled),
    needsNoWithdrawal: ({ context }) => !context.wasReady || context.isRemoved || !context.surroundings.isConnected(),
  },
  actions: {
    startWriter: assign(({ context, spawn, self }) => ({
      writer: spawn('statusWriter', {
        id: `${context.pod.metadata.uid}/status`,
        input: {
          client: context.surroundings.client,
          retryMs: context.surroundings.timings.statusRetryMs,
          parent: self,
        },
      }),
    })),
    update: assign(({ event }) => (event.type === 'pod.updated' ? { pod: event.pod } : {})),
    markRemoved: assign({ isRemoved: true }),
    markPrepared: assign({ isPrepared: true }),
    condemn: assign({
      verdict: {
        phase: 'Failed',
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      },
    }),
    armDeadline: enqueueActions(({ context, enqueue }) => {
      const seconds = context.pod.spec?.activeDeadlineSeconds
      if (seconds === undefined) return
      const leftMs = context.startedAtMs + seconds * 1000 - context.surroundings.clock.now()
      enqueue.raise({ type: 'pod.deadlinePassed' }, { id: 'deadline', delay: Math.max(0, leftMs) })
    }),
    assignAddress: assign(({ context }) => ({ podIp: context.surroundings.assignAddress(context.pod) })),
    noteNoAddress: ({ context: { surroundings, pod } }) =>
      surroundings.note(pod, {
        type: 'Warning',
        reason: 'FailedCreatePodSandBox',
        message: 'Failed to create pod sandbox: no IP address is left in the range of this node',
      }),
    mount: ({ context: { surroundings, pod, podIp }, self }) =>
      surroundings.mountVolumes(pod, podIp ?? '', (answer) => {
        if (self.getSnapshot().status === 'active') self.send({ type: 'volumes.answered', answer })
      }),
    noteFailedMount: ({ context: { surroundings, pod }, event }) => {
      if (event.type !== 'volumes.answered' || event.answer.ok) return
      surroundings.note(pod, { type: 'Warning', reason: 'FailedMount', message: event.answer.message })
    },
    adoptContainers: assign(({ context, spawn, self }) =>
      withStarted(
        context,
        context.adopted.map(({ name }) => name),
        (id, input) => spawn('container', { id, input: { ...input, parent: self } }),
      ),
    ),
    startNextInit: assign(({ context, spawn, self }) => {
      const next = context.pod.spec?.initContainers?.find((container) => !initDone(container, context.containers))
      return withStarted(context, next ? [next.name] : [], (id, input) =>
        spawn('container', { id, input: { ...input, parent: self } }),
      )
    }),
    startContainers: assign(({ context, spawn, self }) =>
      withStarted(
        context,
        (context.pod.spec?.containers ?? []).map(({ name }) => name),
        (id, input) => spawn('container', { id, input: { ...input, parent: self } }),
      ),
    ),
    recordContainer: assign(({ context, event }) => {
      if (event.type !== 'container.changed') return {}
      const containers = { ...context.containers, [event.facts.name]: event.facts }
      const isReady = (context.pod.spec?.containers ?? []).every(({ name }) => containers[name]?.ready)
      return { containers, wasReady: context.wasReady || isReady }
    }),
    dropContainer: enqueueActions(({ context, event, enqueue }) => {
      if (event.type === 'container.changed' && event.facts.settled) enqueue(stopChild(childId(context.pod, event.facts.name)))
    }),
    stopMain: ({ context, self }) => {
      const sidecars = sidecarNames(context.pod)
      tellStop(context, self, (name) => !sidecars.includes(name))
    },
    stopSidecars: ({ context, self }) => tellStop(context, self, () => true),
    report: enqueueActions(({ context, event, enqueue }) => {
      const status = podStatus({ ...context, hostIp: context.surroundings.hostIp, nowMs: context.surroundings.clock.now() })
      const why: Reason | undefined = event.type === 'container.changed' ? event.why : undefined
      if (context.isRemoved || !context.writer || (sameStatus(context.told, status) && !why)) return
      enqueue.sendTo(context.writer, { type: 'status.set', pod: context.pod, status, ...(why ? { why } : {}) })
      enqueue.assign({ told: status })
    }),
    reportFinally: enqueueActions(({ context, enqueue }) => {
      if (context.isRemoved || !context.writer) return
      const status = podStatus({
        ...context,
        isOver: true,
        hostIp: context.surroundings.hostIp,
        nowMs: context.surroundings.clock.now(),
      })
      enqueue.sendTo(context.writer, { type: 'status.set', pod: context.pod, status })
      enqueue.assign({ told: status, isOver: true })
    }),
    deleteFromApi: ({ context: { surroundings, pod }, self }) =>
      surroundings.client.request(
        {
          verb: 'delete',
          ...{ group: '', version: 'v1', resource: 'pods', namespace: pod.metadata.namespace, name: pod.metadata.name },
          body: {
            contentType: 'application/json',
            value: {
              apiVersion: 'v1',
              kind: 'DeleteOptions',
              gracePeriodSeconds: 0,
              preconditions: { uid: pod.metadata.uid ?? '' },
            },
          },
        },
        (answer) => {
          if (self.getSnapshot().status === 'active') self.send({ type: 'pod.deleteAnswered', answer })
        },
      ),
    clean: ({ context: { surroundings, pod } }) => {
      surroundings.runtime.removePod(pod.metadata.uid ?? '')
      surroundings.releaseAddress(pod.metadata.uid ?? '')
    },
    reportGone: sendTo(
      ({ context }) => context.parent,
      ({ context }) => ({ type: 'pod.gone', uid: context.pod.metadata.uid ?? '' }),
    ),
    releaseAddress: ({ context: { surroundings, pod } }) => surroundings.releaseAddress(pod.metadata.uid ?? ''),
  },
})

const childId = (pod: Pod, name: string): string => `${pod.metadata.uid}/${name}`

const specOf = ({ spec }: Pod, name: string): Container | undefined =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((container) => container.name === name)

const sidecarNames = (pod: Pod): string[] => (pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name)

/** What the pod's deletion grants, else its spec. */
const graceMsOf = ({ metadata, spec }: Pod): number =>
  Math.max(
    LEAST_GRACE_SECONDS,
    metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
  ) * 1000

function containerInput(context: PodContext, container: Container): ContainerPart {
  const { pod, podIp, surroundings, adopted } = context
  const { uid = '', namespace = '', name = '' } = pod.metadata
  const isInit = pod.spec?.initContainers?.includes(container) === true
  const { configure, note, runtime, prober, clock, timings } = surroundings
  const status = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    (each) => each.name === container.name && each.containerID,
  )
  const fieldPath = `spec.${isInit ? 'initContainers' : 'containers'}{${container.name}}`
  const ip = podIp ?? adopted.find((found) => found.podIp)?.podIp ?? ''
  return {
    spec: container,
    pod: { uid, namespace, name, ip },
    policy: effectivePolicy(pod.spec?.restartPolicy, container.restartPolicy, isInit),
    graceMs: (pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000,
    waitingReason: (pod.spec?.initContainers?.length ? 'PodInitializing' : 'ContainerCreating') as
      | 'PodInitializing'
      | 'ContainerCreating',
    adopted: adopted.find((found) => found.name === container.name),
    before: status && { restartCount: status.restartCount, ready: status.ready, started: status.started === true },
    ...{ runtime, prober, clock, timings },
    configure: (answered: Parameters<typeof configure>[3]) => configure.call(surroundings, pod, container, ip, answered),
    tell: (type: 'Normal' | 'Warning', reason: string, message: string) =>
      note.call(surroundings, pod, { type, reason, message, fieldPath }),
  }
}

type ContainerPart = Omit<ContainerInput, 'parent'>

/** Those of the names that do not run yet are spawned; what is known of them at first goes into the facts. */
function withStarted(context: PodContext, names: readonly string[], spawn: (id: string, input: ContainerPart) => unknown) {
  const containers: Record<string, ContainerFacts> = { ...context.containers }
  for (const name of names) {
    const container = specOf(context.pod, name)
    if (!container || containers[name]) continue
    const input = containerInput(context, container)
    const { adopted, before } = input
    const startedAtMs = adopted?.exit ? undefined : adopted?.startedAtMs
    containers[name] = {
      name,
      image: container.image ?? '',
      standing: startedAtMs === undefined ? { kind: 'waiting', reason: input.waitingReason } : { kind: 'running', startedAtMs },
      restartCount: adopted?.attempt ?? 0,
      imageId: adopted?.imageId ?? '',
      ...(adopted ? { containerId: `${context.surroundings.runtime.name}://${adopted.id}` } : {}),
      started: startedAtMs !== undefined && before?.started === true,
      ready: startedAtMs !== undefined && before?.ready === true,
      settled: false,
    }
    spawn(childId(context.pod, name), input)
  }
  return { containers }
}

interface Family {
  getSnapshot(): { readonly children: Readonly<Record<string, unknown>> }
}

function tellStop({ pod, containers }: PodContext, self: Family, isMeant: (name: string) => boolean): void {
  const { children } = self.getSnapshot()
  for (const { name, settled } of Object.values(containers)) {
    const child = children[childId(pod, name)] as ActorRefFrom<typeof containerMachine> | undefined
    if (!settled && isMeant(name)) child?.send({ type: 'container.stop', graceMs: graceMsOf(pod) })
  }
}

export const podMachine = podSetup.createMachine({
  id: 'pod',
  context: ({ input }) => ({
    ...input,
    startedAtMs: input.surroundings.clock.now(),
    containers: {},
    isPrepared: input.adopted.length > 0,
    isRemoved: false,
    isOver: false,
    wasReady: input.pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
  }),
  initial: 'active',
  on: {
    'pod.updated': { actions: 'update' },
    'container.changed': { actions: ['recordContainer', 'dropContainer', 'report'] },
  },
  states: {
    active: {
      initial: 'admitted',
      states: {
        admitted: {
          entry: 'startWriter',
          always: [
            { guard: 'hasEnded', target: '#pod.finished.reported' },
            { target: 'preparing', actions: ['armDeadline', 'adoptContainers'] },
          ],
        },
        preparing: {
          type: 'parallel',
          states: {
            network: {
              initial: 'assigning',
              states: {
                assigning: {
                  entry: 'assignAddress',
                  always: [{ guard: 'hasAddress', target: 'assigned' }, { target: 'exhausted' }],
                },
                exhausted: { entry: 'noteNoAddress', after: { retry: 'assigning' } },
                assigned: { type: 'final' },
              },
            },
            volumes: {
              initial: 'mounting',
              states: {
                mounting: {
                  entry: 'mount',
                  on: {
                    'volumes.answered': [
                      { guard: 'answeredWell', target: 'mounted' },
                      { target: 'unmountable', actions: 'noteFailedMount' },
                    ],
                  },
                },
                unmountable: { after: { retry: 'mounting' } },
                mounted: { type: 'final' },
              },
            },
          },
          always: { guard: 'isDeleting', target: '#pod.terminating' },
          after: { creatingShown: { actions: 'report' } },
          onDone: { target: 'initialising', actions: 'markPrepared' },
        },
        initialising: {
          entry: 'startNextInit',
          always: [
            { guard: 'initFailed', target: '#pod.stopping' },
            { guard: 'hasInitialised', target: 'running' },
          ],
          on: {
            'container.changed': {
              target: 'initialising',
              reenter: true,
              actions: ['recordContainer', 'dropContainer', 'report'],
            },
          },
        },
        running: {
          entry: 'startContainers',
          always: { guard: 'allSettled', target: '#pod.stopping' },
        },
      },
      on: {
        'pod.updated': [{ guard: 'isToldToEnd', target: 'terminating', actions: 'update' }, { actions: ['update', 'report'] }],
        'pod.removed': { target: 'terminating', actions: 'markRemoved' },
        'pod.deadlinePassed': { target: 'stopping', actions: 'condemn' },
      },
    },
    terminating: {
      initial: 'withdrawing',
      states: {
        withdrawing: {
          always: { guard: 'needsNoWithdrawal', target: '#pod.stopping' },
          after: { withdrawal: '#pod.stopping' },
        },
      },
      on: {
        'pod.withdrawn': 'stopping',
        'link.lost': 'stopping',
        'pod.removed': { target: 'stopping', actions: 'markRemoved' },
      },
    },
    stopping: {
      initial: 'main',
      states: {
        main: {
          entry: 'stopMain',
          always: { guard: 'mainStopped', target: 'sidecars' },
        },
        sidecars: {
          entry: 'stopSidecars',
          always: [{ guard: 'allStopped', target: '#pod.finished' }],
        },
      },
      on: {
        // A shorter grace, or no object left to report to: the containers are told again and hurry.
        'pod.updated': { target: '.main', actions: 'update' },
        'pod.removed': { target: '.main', actions: 'markRemoved' },
      },
    },
    finished: {
      initial: 'reporting',
      states: {
        reporting: { entry: 'reportFinally', on: { 'status.stored': 'reported' } },
        reported: { always: { guard: 'isDeleting', target: '#pod.deleting' } },
      },
      entry: 'releaseAddress',
      always: { guard: 'isRemoved', target: 'gone' },
      on: {
        'pod.removed': 'gone',
        'status.podGone': 'gone',
      },
    },
    deleting: {
      entry: 'deleteFromApi',
      on: {
        'pod.deleteAnswered': [{ guard: 'isDeleted', target: 'gone' }, { target: 'undeleted' }],
        'pod.removed': 'gone',
      },
    },
    undeleted: { after: { deleteRetry: 'deleting' }, on: { 'pod.removed': 'gone' } },
    gone: { type: 'final', entry: ['clean', 'reportGone'] },
  },
})
