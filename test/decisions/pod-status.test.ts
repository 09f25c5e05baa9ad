// Phase, conditions and status of a pod, from what is known of its containers.
import { describe, expect, test } from 'vitest'
import { type ContainerFacts, containerStatus, type Standing } from '../../actors/container/facts.ts'
import { conditionsOf } from '../../actors/pod/conditions.ts'
import { phaseOf } from '../../actors/pod/phase.ts'
import { podStatus, sameStatus } from '../../actors/pod/status.ts'
import type { Pod, PodCondition, PodSpec } from '../../model/schema/kinds/core-v1.ts'

const waiting: Standing = { kind: 'waiting', reason: 'ContainerCreating' }
const runs: Standing = { kind: 'running', startedAtMs: 1000 }
const ended = (exitCode: number): Standing => ({ kind: 'terminated', startedAtMs: 1000, exit: { exitCode, finishedAtMs: 2000 } })

const facts = (name: string, standing: Standing, more: Partial<ContainerFacts> = {}): ContainerFacts => ({
  ...{
    name,
    image: 'app',
    standing,
    restartCount: 0,
    imageId: 'app',
    started: standing.kind === 'running',
    ready: false,
    settled: false,
  },
  ...more,
})
const byName = (...list: ContainerFacts[]) => Object.fromEntries(list.map((each) => [each.name, each]))
const podOf = (spec: Partial<PodSpec> = {}, conditions: readonly PodCondition[] = []): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'default', uid: 'pod-1', generation: 3 },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec },
  status: { conditions },
})

const settled = { settled: true }
describe('phase', () => {
  test.each<[string, readonly ContainerFacts[], string]>([
    ['nothing known', [], 'Pending'],
    ['one runs, the other is being made', [facts('a', runs), facts('b', waiting)], 'Pending'],
    ['all run', [facts('a', runs), facts('b', runs)], 'Running'],
    [
      'one runs, the other waits to be restarted',
      [facts('a', runs), facts('b', waiting, { last: ended(1) as never })],
      'Running',
    ],
    [
      'all wait to be restarted',
      [facts('a', waiting, { last: ended(1) as never }), facts('b', waiting, { last: ended(1) as never })],
      'Running',
    ],
    ['all ended, to be restarted', [facts('a', ended(0)), facts('b', ended(0))], 'Running'],
    ['one has succeeded, the other runs', [facts('a', ended(0), settled), facts('b', runs)], 'Running'],
    ['one has failed, the other runs', [facts('a', ended(1), settled), facts('b', runs)], 'Running'],
    ['all have succeeded', [facts('a', ended(0), settled), facts('b', ended(0), settled)], 'Succeeded'],
    ['one has failed', [facts('a', ended(0), settled), facts('b', ended(2), settled)], 'Failed'],
  ])('%s', (_what, known, phase) => expect(phaseOf(podOf(), byName(...known))).toBe(phase))

  test.each<[string, readonly ContainerFacts[], string]>([
    ['an init container runs', [facts('i', runs)], 'Pending'],
    ['it is being restarted', [facts('i', ended(1))], 'Pending'],
    ['it has failed for good', [facts('i', ended(1), settled)], 'Failed'],
    ['it is done', [facts('i', ended(0), settled)], 'Pending'],
    [
      'it is done, the rest run',
      [facts('i', ended(0), settled), facts('s', runs), facts('a', runs), facts('b', runs)],
      'Running',
    ],
    ['its record is lost, the rest run', [facts('a', runs), facts('b', runs)], 'Running'],
    [
      'a sidecar has failed, the rest run',
      [facts('i', ended(0), settled), facts('s', ended(1), settled), facts('a', runs), facts('b', runs)],
      'Running',
    ],
  ])('with init containers: %s', (_what, known, phase) => {
    const pod = podOf({ initContainers: [{ name: 'i' }, { name: 's', restartPolicy: 'Always' }] })
    expect(phaseOf(pod, byName(...known))).toBe(phase)
  })
})

describe('conditions', () => {
  const of = (pod: Pod, known: readonly ContainerFacts[], more: object = {}) =>
    conditionsOf({
      pod,
      phase: phaseOf(pod, byName(...known)),
      containers: byName(...known),
      isPrepared: true,
      nowMs: 60_000,
      ...more,
    })
  const find = (list: readonly PodCondition[], wanted: string) => list.find(({ type }) => type === wanted)
  const ready = { ready: true }

  test.each<[string, Pod, readonly ContainerFacts[], string, object]>([
    [
      'not all are ready',
      podOf(),
      [facts('a', runs, ready), facts('b', runs)],
      'Ready',
      { status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [b]' },
    ],
    ['nothing is known', podOf(), [], 'ContainersReady', { status: 'False', message: 'containers with unready status: [a b]' }],
    ['all are ready', podOf(), [facts('a', runs, ready), facts('b', runs, ready)], 'Ready', { status: 'True' }],
    [
      'it has succeeded',
      podOf(),
      [facts('a', ended(0), settled), facts('b', ended(0), settled)],
      'Ready',
      { status: 'False', reason: 'PodCompleted' },
    ],
    [
      'it has failed',
      podOf(),
      [facts('a', ended(1), settled), facts('b', ended(0), settled)],
      'Ready',
      { status: 'False', reason: 'PodFailed' },
    ],
    [
      'init containers are missing',
      podOf({ initContainers: [{ name: 'i' }] }),
      [],
      'Initialized',
      { status: 'False', reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [i]' },
    ],
    [
      'init containers are done',
      podOf({ initContainers: [{ name: 'i' }] }),
      [facts('i', ended(0), settled)],
      'Initialized',
      { status: 'True' },
    ],
    [
      'a gate has no condition',
      podOf({ readinessGates: [{ conditionType: 'x/y' }] }),
      [facts('a', runs, ready), facts('b', runs, ready)],
      'Ready',
      { status: 'False', reason: 'ReadinessGatesNotReady' },
    ],
    [
      'a gate is open',
      podOf({ readinessGates: [{ conditionType: 'x/y' }] }, [{ type: 'x/y', status: 'True' }]),
      [facts('a', runs, ready), facts('b', runs, ready)],
      'Ready',
      { status: 'True' },
    ],
  ])('%s', (_what, pod, known, type, expected) => expect(find(of(pod, known), type)).toMatchObject(expected))

  test('a time changes with its status alone, by what was told last before what the API shows', () => {
    const at = '1970-01-01T00:00:01Z'
    const pod = podOf({}, [{ type: 'Ready', status: 'False', lastTransitionTime: at }])
    expect(find(of(pod, []), 'Ready')?.lastTransitionTime).toBe(at)
    const both = [facts('a', runs, ready), facts('b', runs, ready)]
    expect(find(of(pod, both), 'Ready')?.lastTransitionTime).toBe('1970-01-01T00:01:00Z')
    const told = [{ type: 'Ready', status: 'True', lastTransitionTime: '1970-01-01T00:00:30Z' }]
    expect(find(of(pod, both, { told }), 'Ready')?.lastTransitionTime).toBe('1970-01-01T00:00:30Z')
  })

  test('conditions of others are not reported', () => {
    const pod = podOf({}, [{ type: 'DisruptionTarget', status: 'True' }])
    expect(find(of(pod, []), 'DisruptionTarget')).toBeUndefined()
  })
})

describe('status', () => {
  const base = {
    pod: podOf(),
    containers: {},
    hostIp: '127.0.0.1',
    isPrepared: false,
    startedAtMs: 1000,
    isOver: false,
    nowMs: 5000,
  }

  test('what has ended never changes its phase', () => {
    const known = byName(facts('a', runs), facts('b', runs))
    expect(podStatus({ ...base, containers: known, pod: { ...podOf(), status: { phase: 'Failed' } } }).phase).toBe('Failed')
    expect(podStatus({ ...base, containers: known, told: { phase: 'Succeeded' } }).phase).toBe('Succeeded')
  })

  test('what is over has ended, one way or the other', () => {
    expect(podStatus({ ...base, isOver: true }).phase).toBe('Failed')
    const done = byName(facts('a', ended(0), settled), facts('b', ended(0), settled))
    expect(podStatus({ ...base, isOver: true, containers: done }).phase).toBe('Succeeded')
  })

  test('a verdict stands above its containers', () => {
    const verdict = { phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' } as const
    expect(podStatus({ ...base, verdict })).toMatchObject(verdict)
  })

  test('the start stays what it was', () => {
    expect(podStatus(base).startTime).toBe('1970-01-01T00:00:01Z')
    expect(podStatus({ ...base, pod: { ...podOf(), status: { startTime: '1969-01-01T00:00:00Z' } } }).startTime).toBe(
      '1969-01-01T00:00:00Z',
    )
  })

  test('reporting what was reported is no change, whatever the time', () => {
    const first = podStatus(base)
    expect(sameStatus(first, podStatus({ ...base, told: first, nowMs: 99_000 }))).toBe(true)
    expect(sameStatus(undefined, first)).toBe(false)
  })
})

describe('containerStatus', () => {
  test.each<[Standing, object]>([
    [
      { kind: 'waiting', reason: 'CrashLoopBackOff', message: 'back-off' },
      { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
    ],
    [waiting, { waiting: { reason: 'ContainerCreating' } }],
    [runs, { running: { startedAt: '1970-01-01T00:00:01Z' } }],
    [
      ended(0),
      { terminated: { exitCode: 0, reason: 'Completed', startedAt: '1970-01-01T00:00:01Z', finishedAt: '1970-01-01T00:00:02Z' } },
    ],
    [ended(1), { terminated: { exitCode: 1, reason: 'Error' } }],
    [
      { kind: 'terminated', exit: { exitCode: 128, finishedAtMs: 0, message: 'no such file' } },
      { terminated: { reason: 'StartError', message: 'no such file' } },
    ],
  ])('%j', (standing, state) => expect(containerStatus(facts('a', standing)).state).toMatchObject(state))
})
