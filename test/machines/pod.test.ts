// One pod's chart over simulated containers and a small API: how it starts, ends, and what the API sees of it.
import { afterAll, describe, expect, test } from 'vitest'
import { createActor, fromTransition, type InspectionEvent } from 'xstate'
import { NODE_TIMINGS } from '../../actors/container/timings.ts'
import { createSurroundings } from '../../actors/kubelet/surroundings.ts'
import { podMachine } from '../../actors/pod/pod.machine.ts'
import { statusWriterMachine } from '../../actors/pod/status-writer.machine.ts'
import type { ApiAnswer, ApiClient } from '../../actors/ports/api.ts'
import type { FoundContainer } from '../../actors/ports/containers.ts'
import type { Container, Event, Pod, PodSpec } from '../../model/schema/kinds/core-v1.ts'
import { internalError } from '../../model/status.ts'
import type { SimulatedImage } from '../../runtime/containers/simulated/behaviour.ts'
import { createSimulatedRuntime, SimulatedMachine } from '../../runtime/containers/simulated/runtime.ts'
import { SmallApi } from './kubelet-world.ts'
import { SteppedHost } from './stepped-host.ts'
import { TakenTransitions } from './transitions.ts'

const taken = new TakenTransitions(podMachine)
const takenByWriter = new TakenTransitions(statusWriterMachine)
afterAll(() => {
  expect(taken.untaken).toEqual([])
  expect(takenByWriter.untaken).toEqual([])
})

const SECOND = 1000
const still: SimulatedImage = { pullMs: 10, startMs: 10, readyAfterMs: 10, stopMs: 10, exitCode: 0 }
const images: Record<string, SimulatedImage> = {
  app: still,
  slow: { ...still, stopMs: 8 * SECOND },
  done: { ...still, exitsAfterMs: 100, exitCode: 0 },
  fails: { ...still, exitsAfterMs: 100, exitCode: 1 },
}

const podOf = (
  spec: Partial<PodSpec> = {},
  metadata: Partial<Pod['metadata']> = {},
  status: Pod['status'] = { phase: 'Pending' },
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'default', uid: 'pod-1', generation: 1, ...metadata },
  spec: {
    nodeName: 'node-1',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 5,
    containers: [container('web')],
    ...spec,
  },
  status,
})

const container = (name: string, image = 'app', more: Partial<Container> = {}): Container => ({ name, image, ...more })
const READY = { type: 'Ready', status: 'True' }

interface Begin {
  readonly adopted?: readonly FoundContainer[]
  readonly podCidr?: string
  readonly before?: (api: SmallApi) => void
  readonly machine?: SimulatedMachine
}

function begin(pod: Pod, { adopted = [], podCidr = '127.64.1.0/24', before, machine = new SimulatedMachine() }: Begin = {}) {
  const host = new SteppedHost()
  const api = new SmallApi(host.defer)
  const runtime = createSimulatedRuntime({ host, nodeName: 'node-1', machine, images })
  const surroundings = createSurroundings({
    ...{ nodeName: 'node-1', link: api, runtime, prober: runtime.prober, clock: host.clock, timings: NODE_TIMINGS },
    machine: {
      ...{ hostIp: '127.0.0.1', hostname: 'here', operatingSystem: 'linux', architecture: 'amd64', kernelVersion: '6' },
      ...{ osImage: 'Linux', machineId: 'm', bootId: 'b', cpus: 2, memoryBytes: 2 ** 30, storageBytes: 2 ** 30 },
    },
  })
  surroundings.addresses.setRange(podCidr)
  api.put(pod as never)
  before?.(api)
  const gone: unknown[] = []
  const parent = createActor(
    fromTransition((_state, event) => {
      gone.push(event)
      return null
    }, null),
  ).start()
  const actor = createActor(podMachine, {
    clock: host.clock,
    inspect: (event: InspectionEvent) => {
      taken.inspect(event)
      takenByWriter.inspect(event)
    },
    input: { pod, surroundings, adopted, parent: parent as never },
  }).start()
  host.settle()
  const stored = () => api.get<Pod>('Pod', 'default', 'web-1')
  const world = {
    ...{ host, api, runtime, machine, actor, gone, surroundings, stored },
    wait: (ms: number) => host.advance(ms),
    status: () => stored()?.status,
    phase: () => stored()?.status?.phase,
    at: (state: string) => JSON.stringify(actor.getSnapshot().value).includes(`"${state}"`),
    running: () =>
      [...machine.containers.values()]
        .filter(({ startedAtMs, exit }) => startedAtMs !== undefined && !exit)
        .map(({ spec }) => spec.name),
    ever: () => [...machine.containers.values()].map(({ spec }) => spec.name),
    reasons: () => api.list<Event>('Event').map(({ reason }) => reason),
    update: (metadata: Partial<Pod['metadata']>) => {
      const now = stored() ?? pod
      const next = api.put({ ...now, metadata: { ...now.metadata, ...metadata } } as never) as unknown as Pod
      actor.send({ type: 'pod.updated', pod: next })
      host.settle()
    },
    delete: (seconds = 5) => world.update({ deletionTimestamp: '2026-11-25T00:00:00Z', deletionGracePeriodSeconds: seconds }),
    force: () => {
      api.drop('Pod', 'default', 'web-1')
      actor.send({ type: 'pod.removed' })
      host.settle()
    },
  }
  return world
}

function running(pod = podOf(), options: Begin = {}) {
  const world = begin(pod, options)
  world.wait(100)
  expect(world.phase()).toBe('Running')
  return world
}

describe('start', () => {
  test('one write brings it to Running and Ready', () => {
    const world = running()
    expect(world.status()).toMatchObject({ podIP: '127.64.1.1', hostIP: '127.0.0.1', phase: 'Running', observedGeneration: 1 })
    expect(world.status()?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'PodReadyToStartContainers True',
      'Initialized True',
      'Ready True',
      'ContainersReady True',
      'PodScheduled True',
    ])
    expect(world.api.requests.filter(({ verb }) => verb === 'patch')).toHaveLength(1)
  })

  test('what takes longer is shown as ContainerCreating', () => {
    const world = begin(podOf({ volumes: [{ name: 'config', configMap: { name: 'absent' } }] }))
    world.wait(100)
    expect(world.status()?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } })
    expect(world.reasons()).toEqual(['FailedMount'])
    world.api.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'absent', namespace: 'default' }, data: {} })
    world.wait(3 * SECOND)
    expect(world.phase()).toBe('Running')
  })

  test('a change of its object changes nothing that runs', () => {
    const world = running()
    world.update({ labels: { app: 'web' }, generation: 2 })
    world.wait(100)
    expect(world.status()).toMatchObject({ observedGeneration: 2, containerStatuses: [{ restartCount: 0, ready: true }] })
  })

  test('without an address it waits for one', () => {
    const full = begin(podOf(), { podCidr: '' })
    full.wait(50)
    expect(full.reasons()).toContain('FailedCreatePodSandBox')
    full.surroundings.addresses.setRange('127.64.2.0/24')
    full.wait(3 * SECOND)
    expect(full.status()?.podIP).toBe('127.64.2.1')
  })

  test('on the host’s network it has the host’s address', () => {
    expect(running(podOf({ hostNetwork: true })).status()?.podIP).toBe('127.0.0.1')
  })

  test('init containers run one after another, then the rest', () => {
    const world = begin(podOf({ initContainers: [container('first', 'done'), container('second', 'done')] }))
    world.wait(60)
    expect(world.ever()).toEqual(['first'])
    world.wait(130)
    expect(world.ever()).toEqual(['first', 'second'])
    expect(world.status()).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }],
    })
    world.wait(200)
    expect(world.phase()).toBe('Running')
    expect(world.status()?.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)).toEqual([
      'Completed',
      'Completed',
    ])
  })

  test('an init container that fails for good fails the pod, and ends its sidecars', () => {
    const initContainers = [container('side', 'app', { restartPolicy: 'Always' }), container('first', 'fails')]
    const world = begin(podOf({ restartPolicy: 'Never', initContainers }))
    world.wait(2 * SECOND)
    expect([world.phase(), world.ever(), world.running()]).toEqual(['Failed', ['side', 'first'], []])
  })

  test('a sidecar starts before the rest and ends after them [K3]', () => {
    const world = begin(
      podOf({
        restartPolicy: 'Never',
        initContainers: [container('side', 'app', { restartPolicy: 'Always' })],
        containers: [container('web', 'done')],
      }),
    )
    world.wait(60)
    expect(world.running()).toEqual(['side', 'web'])
    world.wait(2 * SECOND)
    expect([world.phase(), world.running()]).toEqual(['Succeeded', []])
  })
})

describe('its own end', () => {
  test.each([
    ['Never', 'done', 'Succeeded'],
    ['OnFailure', 'done', 'Succeeded'],
    ['Never', 'fails', 'Failed'],
    ['OnFailure', 'fails', 'Running'],
    ['Always', 'done', 'Running'],
  ])('%s with an image that %s: %s', (restartPolicy, image, phase) => {
    const world = begin(podOf({ restartPolicy, containers: [container('web', image)] }))
    world.wait(200)
    expect(world.phase()).toBe(phase)
  })

  test('it stays as it ended until it is deleted', () => {
    const world = begin(podOf({ restartPolicy: 'Never', containers: [container('web', 'done')] }))
    world.wait(SECOND)
    const status = world.status()
    world.update({ labels: { a: 'b' } })
    world.wait(SECOND)
    expect(world.status()).toEqual(status)
    world.delete()
    world.wait(10)
    expect([world.stored(), world.gone]).toEqual([undefined, [{ type: 'pod.gone', uid: 'pod-1' }]])
  })

  test('its deadline ends it', () => {
    const world = running(podOf({ activeDeadlineSeconds: 3 }))
    world.wait(4 * SECOND)
    expect(world.status()).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' })
    expect(world.running()).toEqual([])
  })

  test.each(['removed', 'found gone'])('ended and then %s: nothing is left', (how) => {
    const world = begin(podOf({ restartPolicy: 'Never', containers: [container('web', 'done')] }))
    world.wait(SECOND)
    if (how === 'removed') world.force()
    else world.actor.send({ type: 'status.podGone' })
    expect(world.gone).toHaveLength(1)
    expect(world.machine.containers.size).toBe(0)
  })
})

describe('deletion', () => {
  test('it stops when no proxy sends it connections any more, and only then [P5]', () => {
    const world = running()
    world.delete()
    world.wait(SECOND)
    expect(world.running()).toEqual(['web'])
    world.actor.send({ type: 'pod.withdrawn' })
    world.wait(50)
    expect([world.running(), world.stored()]).toEqual([[], undefined])
    expect(world.gone).toHaveLength(1)
  })

  test('nobody says so: after two seconds [P5]', () => {
    const world = running()
    world.delete()
    world.wait(2 * SECOND - 1)
    expect(world.running()).toEqual(['web'])
    world.wait(100)
    expect(world.stored()).toBeUndefined()
  })

  test.each(['before', 'while it waits'])('the link is lost %s: at once', (when) => {
    const world = running()
    if (when === 'before') world.api.open = false
    world.delete()
    if (when !== 'before') world.actor.send({ type: 'link.lost' })
    world.wait(100)
    expect(world.running()).toEqual([])
  })

  test('never ready: at once', () => {
    const world = running(
      podOf({ containers: [container('web', 'app', { readinessProbe: { tcpSocket: { port: 1 }, initialDelaySeconds: 60 } })] }),
    )
    world.delete()
    world.wait(100)
    expect(world.stored()).toBeUndefined()
  })

  test('the final status is stored before the object goes [K8]', () => {
    const world = running()
    world.delete()
    world.actor.send({ type: 'pod.withdrawn' })
    world.wait(100)
    const last = world.api.requests.filter(({ resource }) => resource === 'pods').slice(-2)
    expect(last.map(({ verb }) => verb)).toEqual(['patch', 'delete'])
    expect(JSON.stringify(last[0]?.body)).toContain('"phase":"Succeeded"')
    expect(JSON.stringify(last[1]?.body)).toContain('"preconditions":{"uid":"pod-1"}')
  })

  test('while its volumes are made', () => {
    const world = begin(podOf({ volumes: [{ name: 'config', configMap: { name: 'absent' } }] }))
    world.delete()
    world.wait(100)
    expect(world.stored()).toBeUndefined()
  })

  test('seen only when it is already to end', () => {
    const world = begin(podOf({}, { deletionTimestamp: '2026-11-25T00:00:00Z' }))
    world.wait(100)
    expect([world.stored(), world.ever()]).toEqual([undefined, []])
  })

  test('by force: the object is gone, the containers end with their grace', () => {
    const world = running(podOf({ containers: [container('web', 'slow')] }))
    world.force()
    world.wait(4 * SECOND)
    expect(world.running()).toEqual(['web'])
    world.wait(SECOND + 100)
    expect([world.running(), world.gone.length]).toEqual([[], 1])
  })

  test('by force while it waits to be withdrawn', () => {
    const world = running()
    world.delete()
    world.force()
    world.wait(100)
    expect(world.gone).toHaveLength(1)
  })

  test('by force while its containers end; a shorter grace before that hurries them', () => {
    const world = running(podOf({ terminationGracePeriodSeconds: 60, containers: [container('web', 'slow')] }))
    world.delete(60)
    world.actor.send({ type: 'pod.withdrawn' })
    world.wait(SECOND)
    world.delete(3)
    world.wait(2 * SECOND)
    expect(world.running()).toEqual(['web'])
    world.force()
    const written = world.api.requests.length
    world.wait(SECOND + 100)
    expect(world.gone).toHaveLength(1)
    const later = world.api.requests.slice(written).filter(({ resource }) => resource === 'pods')
    expect(later, 'nothing is written to what is gone').toEqual([])
  })

  test('an API that does not delete is asked again', () => {
    const world = running()
    world.api.answerWith = ({ verb }) => (verb === 'delete' ? { ok: false, status: internalError('not now') } : undefined)
    world.delete()
    world.actor.send({ type: 'pod.withdrawn' })
    world.wait(100)
    expect(world.at('undeleted')).toBe(true)
    world.api.answerWith = undefined
    world.wait(SECOND)
    expect(world.stored()).toBeUndefined()
  })

  test.each(['while it is asked', 'before it is asked again'])('the object goes by itself %s', (when) => {
    const world = running()
    world.api.answerWith = ({ verb }) => {
      if (verb === 'delete' && when === 'while it is asked') world.actor.send({ type: 'pod.removed' })
      return verb === 'delete' ? { ok: false, status: internalError('not now') } : undefined
    }
    world.delete()
    world.actor.send({ type: 'pod.withdrawn' })
    world.wait(100)
    world.force()
    expect(world.gone).toHaveLength(1)
  })
})

describe('status', () => {
  test('an API that does not answer well is written to again, with the newest', () => {
    const world = begin(podOf())
    world.api.answerWith = ({ verb }) => (verb === 'patch' ? { ok: false, status: internalError('not now') } : undefined)
    world.wait(100)
    expect(world.phase()).toBe('Pending')
    world.runtime.kill({ podUid: 'pod-1', name: 'web', attempt: 0 })
    world.wait(100)
    world.api.answerWith = undefined
    world.wait(SECOND)
    expect(world.status()?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137 } },
    })
  })

  test('a status of a pod that is gone is not sent again and again', () => {
    const world = running()
    world.api.drop('Pod', 'default', 'web-1')
    world.runtime.kill({ podUid: 'pod-1', name: 'web', attempt: 0 })
    world.wait(10 * SECOND)
    expect(world.running(), 'until the watch says so').toEqual(['web'])
    const afterwards = world.api.requests.filter(({ verb, resource }) => verb === 'patch' && resource === 'pods').slice(1)
    expect(afterwards).toHaveLength(2)
  })

  test('a pod that another of its name has replaced ends here without touching that', () => {
    const world = begin(podOf())
    world.api.put(podOf({}, { uid: 'pod-2' }) as never)
    world.wait(100)
    world.force()
    world.wait(100)
    expect(world.gone).toHaveLength(1)
  })

  test.each([
    ['stored', true, ['one', 'three'], 0],
    ['refused', false, ['one', 'three'], 0],
    ['of a pod that is gone', 404, ['one'], 1],
  ] as const)('one write at a time, the newest next, no reason lost: the first is %s', (_how, outcome, written, goneReports) => {
    const host = new SteppedHost()
    const requests: { message: string; why?: string }[] = []
    const answers: ((answer: ApiAnswer) => void)[] = []
    const reports: string[] = []
    const parent = createActor(
      fromTransition((_state, { type }: { type: string }) => {
        reports.push(type)
        return null
      }, null),
    ).start()
    const client: ApiClient = {
      request: ({ body, why }, answered) => {
        requests.push({ message: JSON.stringify(body).match(/one|two|three/)?.[0] ?? '', why: why?.decision })
        answers.push(answered)
      },
      watch: () => ({ stop: () => {} }),
    }
    const writer = createActor(statusWriterMachine, {
      clock: host.clock,
      inspect: takenByWriter.inspect,
      input: { client, retryMs: 100, parent: parent as never },
    }).start()
    const why = { decision: 'Restarted', message: '', cause: '' }
    writer.send({ type: 'status.set', pod: podOf(), status: { message: 'one' }, why })
    writer.send({ type: 'status.set', pod: podOf(), status: { message: 'two' } })
    writer.send({ type: 'status.set', pod: podOf(), status: { message: 'three' } })
    const good: ApiAnswer = { ok: true, code: 200, object: podOf() as never }
    answers[0]?.(outcome === true ? good : { ok: false, status: { ...internalError('no'), code: outcome || 500 } })
    host.advance(100)
    answers[1]?.(good)
    expect(requests.map(({ message }) => message)).toEqual(written)
    if (outcome === false) expect(requests[1]?.why).toBe('Restarted')
    if (outcome === true) expect(requests[1]?.why).toBeUndefined()
    expect(reports.filter((type) => type === 'status.podGone')).toHaveLength(goneReports)
    expect(reports.filter((type) => type === 'status.stored')).toHaveLength(1 - goneReports)
  })

  test('why a container was restarted travels with the status', () => {
    const world = running()
    world.runtime.kill({ podUid: 'pod-1', name: 'web', attempt: 0 })
    world.wait(100)
    const why = world.api.requests.flatMap((request) => request.why ?? [])
    expect(why).toMatchObject([{ decision: 'Restarted', message: 'container web ended with exit code 137; restart 1' }])
  })
})

describe('an agent that was started again', () => {
  const adopted: FoundContainer = {
    ...{
      id: 'pod-1.web.2',
      podUid: 'pod-1',
      name: 'web',
      attempt: 2,
      namespace: 'default',
      podName: 'web-1',
      podIp: '127.64.1.7',
    },
    ...{ image: 'app', imageId: 'app', startedAtMs: 1000 },
  }
  const status = {
    ...{ phase: 'Running', podIP: '127.64.1.7', conditions: [READY] },
    containerStatuses: [
      { name: 'web', image: 'app', imageID: 'app', containerID: 'x', ready: true, started: true, restartCount: 2 },
    ],
  }

  test('keeps containers, address, count and readiness', () => {
    const machine = new SimulatedMachine()
    const spec = { ...adopted, command: [], args: [], env: {}, mounts: [] }
    machine.containers.set(adopted.id, { id: adopted.id, startedAtMs: 1000, readyAtMs: 0, timers: new Set(), spec })
    const world = begin(podOf({}, {}, status), { adopted: [adopted], machine })
    world.wait(100)
    expect(world.ever()).toEqual(['web'])
    expect(world.status()).toMatchObject({ podIP: '127.64.1.7', containerStatuses: [{ restartCount: 2, ready: true }] })
    expect(world.status()?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
  })

  test('leaves what had ended as it was', () => {
    const ended = { ...status, phase: 'Succeeded' }
    const world = begin(podOf({ restartPolicy: 'Never' }, {}, ended))
    world.wait(SECOND)
    expect(world.status()).toEqual(ended)
    world.delete()
    world.wait(10)
    expect(world.stored()).toBeUndefined()
  })
})
