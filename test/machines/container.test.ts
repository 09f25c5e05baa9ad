// One container's chart over a scripted runtime: every transition, and what is told of it.
import { afterAll, describe, expect, test } from 'vitest'
import { createActor, fromTransition, type InspectionEvent } from 'xstate'
import { type ContainerInput, containerMachine } from '../../actors/container/container.machine.ts'
import type { ConfigAnswer, ContainerReport } from '../../actors/container/container.protocol.ts'
import { containerStatus } from '../../actors/container/facts.ts'
import { probeMachine } from '../../actors/container/probe.machine.ts'
import { NODE_TIMINGS } from '../../actors/container/timings.ts'
import type { ContainerStatus } from '../../model/schema/kinds/core-v1.ts'
import { ScriptedRuntime } from './scripted-runtime.ts'
import { SteppedHost } from './stepped-host.ts'
import { TakenTransitions } from './transitions.ts'

const taken = new TakenTransitions(containerMachine)
const takenByProbes = new TakenTransitions(probeMachine)
afterAll(() => {
  expect(taken.untaken).toEqual([])
  expect(takenByProbes.untaken).toEqual([])
})

const SECOND = 1000

function begin(
  input: Partial<ContainerInput> & {
    configAnswer?: ConfigAnswer
    hold?: Partial<Record<'pull' | 'create' | 'config', true>>
  } = {},
) {
  const host = new SteppedHost()
  const runtime = new ScriptedRuntime(host)
  const reports: ContainerReport[] = []
  const told: string[] = []
  const world = {
    configAnswer:
      input.configAnswer ??
      ({
        ok: true,
        spec: {
          ...{ podUid: 'pod-1', name: 'web', namespace: 'default', podName: 'web-1', podIp: '127.64.1.1', image: 'app' },
          ...{ command: [], args: [], env: {}, mounts: [] },
        },
      } as ConfigAnswer),
  }
  if (input.hold?.pull) runtime.pullAnswer = undefined
  if (input.hold?.create) runtime.createAnswer = undefined
  const parent = createActor(
    fromTransition((_state, event: ContainerReport) => {
      reports.push(event)
      return null
    }, null),
  ).start()
  const inspect: Parameters<typeof createActor>[1] = {
    inspect: (event: InspectionEvent) => {
      taken.inspect(event)
      takenByProbes.inspect(event)
    },
  }
  const actor = createActor(containerMachine, {
    clock: host.clock,
    ...inspect,
    input: {
      spec: { name: 'web', image: 'app' },
      pod: { uid: 'pod-1', namespace: 'default', name: 'web-1', ip: '127.64.1.1' },
      policy: 'Always',
      graceMs: 30 * SECOND,
      waitingReason: 'ContainerCreating',
      runtime,
      prober: runtime.prober,
      clock: host.clock,
      timings: { ...NODE_TIMINGS, eagerProbesMs: [] },
      configure: (answered) => {
        if (!input.hold?.config) host.defer(() => answered(world.configAnswer))
      },
      tell: (_type, reason, message) => told.push(`${reason}: ${message}`),
      parent: parent as never,
      ...input,
    },
  }).start()
  host.settle()
  const facts = () => reports.at(-1)?.facts
  return {
    ...{ host, runtime, reports, told, actor, world, facts },
    status: (): ContainerStatus | undefined => {
      const now = facts()
      return now && containerStatus(now)
    },
    state: () => actor.getSnapshot().value,
    at: (...path: string[]) => {
      let value: unknown = actor.getSnapshot().value
      for (const part of path) {
        if (value === part) return true
        value = (value as Record<string, unknown>)[part]
        if (value === undefined) return false
      }
      return true
    },
    stop: (graceMs = 30 * SECOND) => {
      actor.send({ type: 'container.stop', graceMs })
      host.settle()
    },
    wait: (ms: number) => host.advance(ms),
    answerPull: (imageId: string) => {
      actor.send({ type: 'image.answered', answer: { ok: true, imageId }, tookMs: 5 })
      host.settle()
    },
  }
}

const running = (input: Parameters<typeof begin>[0] = {}) => {
  const world = begin(input)
  world.runtime.started(world.host.clock.now())
  return world
}

describe('start', () => {
  test('pulled, created, started: running and, without probes, ready', () => {
    const { runtime, status, told, reports } = running()
    expect(runtime.calls).toEqual(['pull app', 'create web/0', 'start id-0'])
    expect(status()).toMatchObject({
      ...{ containerID: 'scripted://id-0', imageID: 'image-1', ready: true, started: true, restartCount: 0, lastState: {} },
      state: { running: { startedAt: '2026-11-25T00:00:00Z' } },
    })
    expect(told).toEqual([
      'Pulled: Container image "app" already present on machine',
      'Created: Container created',
      'Started: Container started',
    ])
    expect(reports, 'one report for one change').toHaveLength(1)
  })

  test('with imagePullPolicy Always the pull is told as one', () => {
    const { told } = running({ spec: { name: 'web', image: 'app', imagePullPolicy: 'Always' } })
    expect(told.slice(0, 2)).toEqual([
      'Pulling: Pulling image "app"',
      'Pulled: Successfully pulled image "app" in 0ms (0ms including waiting).',
    ])
  })

  test('an image that cannot be pulled: ErrImagePull, then ImagePullBackOff of 10 s, 20 s, … 300 s [K5]', () => {
    const world = begin({ hold: { pull: true } })
    world.runtime.pullAnswer = { ok: false, reason: 'ErrImagePull', message: 'no such image' }
    world.actor.send({ type: 'image.answered', answer: world.runtime.pullAnswer, tookMs: 5 })
    expect(world.status()?.state).toEqual({ waiting: { reason: 'ErrImagePull', message: 'no such image' } })
    world.wait(SECOND)
    const message = 'Back-off pulling image "app": ErrImagePull: no such image'
    expect(world.status()?.state).toEqual({ waiting: { reason: 'ImagePullBackOff', message } })
    const pulls = () => world.runtime.calls.length
    for (const pauseMs of [9, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * SECOND)) {
      const before = pulls()
      world.wait(pauseMs - 1)
      expect(pulls()).toBe(before)
      world.wait(1)
      expect(pulls()).toBe(before + 1)
    }
    world.runtime.pullAnswer = { ok: true, imageId: 'image-2' }
    world.wait(300 * SECOND)
    expect(world.state()).toBe('starting')
  })

  test.each([
    [{ ok: false, reason: 'CreateContainerConfigError', message: 'configmap "a" not found' } as const, undefined],
    [undefined, { ok: false, reason: 'CreateContainerError', message: 'something lies there' } as const],
  ])('what cannot be configured or created is tried again: %j %j', (configAnswer, createAnswer) => {
    const world = begin({ hold: { pull: true }, ...(configAnswer ? { configAnswer } : {}) })
    if (createAnswer) world.runtime.createAnswer = createAnswer
    world.answerPull('image-1')
    const failure = configAnswer ?? createAnswer
    expect(world.status()?.state).toEqual({ waiting: { reason: failure?.reason, message: failure?.message } })
    expect(world.told).toContain(`Failed: Error: ${failure?.message}`)
    world.runtime.createAnswer = { ok: true, id: '' }
    world.world.configAnswer = { ok: true, spec: { podUid: 'pod-1', name: 'web' } as never }
    world.wait(2 * SECOND)
    expect(world.state()).toBe('starting')
    expect(world.runtime.calls.filter((call) => call.startsWith('pull'))).toHaveLength(1)
  })

  test('a postStart hook comes before running', () => {
    const world = begin({ spec: { name: 'web', image: 'app', lifecycle: { postStart: { exec: { command: ['warm'] } } } } })
    world.runtime.started()
    expect(world.state()).toBe('postStarting')
    world.runtime.probes[0]?.answer('success')
    expect(world.status()).toMatchObject({ started: true, ready: true })
  })

  test('a postStart hook that fails ends the container, which starts again', () => {
    const world = begin({ spec: { name: 'web', image: 'app', lifecycle: { postStart: { exec: { command: ['warm'] } } } } })
    world.runtime.started()
    world.runtime.probes[0]?.answer('failure', 'cold')
    expect(world.at('restarting', 'asking')).toBe(true)
    expect(world.told).toContain('FailedPostStartHook: PostStartHook of container web failed: cold')
    world.runtime.exited(143)
    expect(world.runtime.calls.at(-1)).toBe('start id-1')
  })
})

describe('end and restart', () => {
  test.each([
    ['Always', 0, true],
    ['Always', 1, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 0, false],
    ['Never', 1, false],
  ] as const)('%s after exit code %i: starts again = %s', (policy, exitCode, again) => {
    const world = running({ policy })
    world.runtime.exited(exitCode)
    expect(world.runtime.calls.includes('start id-1')).toBe(again)
    expect(world.facts()?.settled).toBe(!again)
    if (!again)
      expect(world.status()?.state?.terminated).toMatchObject({ exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' })
  })

  test('the first restart comes at once, later ones after 10 s, 20 s, … 300 s, in the words of CrashLoopBackOff [K4]', () => {
    const world = running()
    world.runtime.exited(1)
    world.runtime.started()
    expect(world.reports.at(-1)?.why).toMatchObject({
      decision: 'Restarted',
      message: 'container web ended with exit code 1; restart 1',
    })
    for (const seconds of [10, 20, 40, 80, 160, 300, 300]) {
      world.runtime.exited(1)
      const starts = world.runtime.calls.length
      const text = { 80: '1m20s', 160: '2m40s', 300: '5m0s' }[seconds] ?? `${seconds}s`
      expect(world.status()).toMatchObject({
        state: {
          waiting: {
            reason: 'CrashLoopBackOff',
            message: `back-off ${text} restarting failed container=web pod=web-1_default(pod-1)`,
          },
        },
        lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      })
      world.wait(seconds * SECOND - 1)
      expect(world.runtime.calls.length).toBe(starts)
      world.wait(1)
      world.runtime.started()
    }
    expect(world.status()?.restartCount).toBe(8)
  })

  test('a run of ten minutes is forgiven', () => {
    const world = running()
    world.runtime.exited(1)
    world.runtime.started(0)
    world.runtime.exited(1, 600 * SECOND)
    expect(world.runtime.calls.at(-1)).toBe('start id-2')
  })

  test('record and log of the attempt before are kept, older ones go', () => {
    const world = running()
    for (let attempt = 0; attempt < 3; attempt++) {
      world.runtime.exited(1)
      world.wait(300 * SECOND)
      world.runtime.started()
    }
    expect(world.runtime.calls.filter((call) => call.startsWith('remove'))).toEqual(['remove id-0', 'remove id-1'])
  })

  test('a program that never started is a StartError', () => {
    const world = begin({ policy: 'Never' })
    world.runtime.exited(128)
    expect(world.status()?.state?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' })
  })
})

describe('stop', () => {
  test('SIGTERM, and SIGKILL when the grace is over; then it is settled [K7]', () => {
    const world = running()
    world.stop(5 * SECOND)
    expect(world.told.at(-1)).toBe('Killing: Stopping container web')
    expect(world.runtime.calls.at(-1)).toBe('SIGTERM id-0')
    world.wait(5 * SECOND - 1)
    expect(world.runtime.calls.at(-1)).toBe('SIGTERM id-0')
    world.wait(1)
    expect(world.runtime.calls.at(-1)).toBe('SIGKILL id-0')
    world.runtime.exited(137)
    expect(world.facts()).toMatchObject({ settled: true, ready: false })
  })

  test('a shorter grace hurries, a longer one does not delay', () => {
    const world = running()
    world.stop(10 * SECOND)
    world.stop(30 * SECOND)
    world.stop(2 * SECOND)
    world.wait(2 * SECOND)
    expect(world.runtime.calls.at(-1)).toBe('SIGKILL id-0')
  })

  const hooked = { name: 'web', image: 'app', lifecycle: { preStop: { exec: { command: ['drain'] } } } }
  test.each(['success', 'failure'] as const)('SIGTERM comes after the preStop hook, whatever it says: %s', (result) => {
    const world = running({ spec: hooked })
    world.stop()
    expect(world.runtime.calls.at(-1)).toBe('start id-0')
    world.runtime.probes[0]?.answer(result, 'no')
    expect(world.runtime.calls.at(-1)).toBe('SIGTERM id-0')
    expect(world.told.includes('FailedPreStopHook: PreStopHook of container web failed: no')).toBe(result === 'failure')
  })

  test('a hook that sleeps', () => {
    const world = running({ spec: { ...hooked, lifecycle: { preStop: { sleep: { seconds: 3 } } } } })
    world.stop()
    world.wait(3 * SECOND)
    expect(world.runtime.calls.at(-1)).toBe('SIGTERM id-0')
  })

  test('the grace runs while the hook does', () => {
    const world = running({ spec: hooked })
    world.stop(5 * SECOND)
    world.wait(5 * SECOND)
    expect(world.runtime.calls.at(-1)).toBe('SIGKILL id-0')
  })

  test.each<[string, (world: ReturnType<typeof begin>) => void, Parameters<typeof begin>[0]]>([
    ['pulling', () => {}, { hold: { pull: true } }],
    ['pullFailed', ({ actor }) => actor.send(noImage), { hold: { pull: true } }],
    [
      'pullBackingOff',
      ({ actor, wait }) => {
        actor.send(noImage)
        wait(SECOND)
      },
      { hold: { pull: true } },
    ],
    ['creating', () => {}, { hold: { config: true } }],
    ['createFailed', () => {}, { configAnswer: { ok: false, reason: 'CreateContainerConfigError', message: 'no' } }],
    [
      'backingOff',
      ({ runtime }) => {
        for (let runs = 0; runs < 2; runs++) {
          runtime.started()
          runtime.exited(1)
        }
      },
      {},
    ],
  ])('before it runs (%s) it ends at once', (state, reach, input) => {
    const world = begin(input)
    reach(world)
    expect(world.at(state)).toBe(true)
    world.stop()
    expect(world.state()).toBe('ended')
    expect(world.facts()?.settled).toBe(true)
  })

  const noImage = { type: 'image.answered', tookMs: 1, answer: { ok: false, reason: 'ErrImagePull', message: 'no' } } as const

  test('told to stop while it starts, it is stopped as soon as it has started', () => {
    const world = begin()
    world.stop()
    expect(world.state()).toBe('abandoned')
    world.runtime.started()
    expect(world.runtime.calls.at(-1)).toBe('SIGTERM id-0')
  })

  test('or it ends with the start that failed', () => {
    const world = begin()
    world.stop()
    world.runtime.exited(128)
    expect(world.state()).toBe('ended')
  })

  test('while its postStart hook runs', () => {
    const world = begin({ spec: { name: 'web', image: 'app', lifecycle: { postStart: { exec: { command: ['warm'] } } } } })
    world.runtime.started()
    world.stop()
    expect(world.at('stopping')).toBe(true)
  })

  test('an end during the postStart hook is an end', () => {
    const world = begin({
      policy: 'Never',
      spec: { name: 'web', image: 'app', lifecycle: { postStart: { exec: { command: ['warm'] } } } },
    })
    world.runtime.started()
    world.runtime.exited(1)
    expect(world.state()).toBe('ended')
  })
})

describe('adoption', () => {
  const found = {
    ...{ id: 'id-4', podUid: 'pod-1', name: 'web', attempt: 4, namespace: 'default', podName: 'web-1', podIp: '127.64.1.1' },
    ...{ image: 'app', imageId: 'image-1', startedAtMs: 500 },
  }
  const before = { restartCount: 4, ready: true, started: true }

  test('what runs goes on: same attempt, ready as before, nothing told', () => {
    const world = begin({ adopted: found, before })
    world.runtime.started(500)
    expect(world.runtime.calls).toEqual(['adopt id-4'])
    expect(world.status()).toMatchObject({ restartCount: 4, ready: true, started: true, containerID: 'scripted://id-4' })
    expect(world.told).toEqual([])
  })

  test('its probes do not take it for new', () => {
    const probe = { httpGet: { port: 80 } }
    const world = begin({
      adopted: found,
      before,
      spec: { name: 'web', image: 'app', startupProbe: probe, readinessProbe: probe },
    })
    world.runtime.started(500)
    expect(world.at('running', 'startup', 'passed') && world.at('running', 'readiness', 'probing', 'ready')).toBe(true)
  })

  test('what ended meanwhile is restarted as its policy says', () => {
    const exit = { exitCode: 1, finishedAtMs: 900 }
    const again = begin({ adopted: { ...found, exit }, before })
    expect(again.runtime.calls.at(-1)).toBe('start id-5')
    const never = begin({ adopted: { ...found, exit }, before, policy: 'Never' })
    expect(never.status()).toMatchObject({
      restartCount: 4,
      state: { terminated: { exitCode: 1, startedAt: '1970-01-01T00:00:00Z' } },
    })
  })

  test('what ended between the listing and the adoption', () => {
    const world = begin({ adopted: found, before, policy: 'Never' })
    world.runtime.exited(137)
    expect(world.state()).toBe('ended')
  })

  test('told to stop while it is adopted', () => {
    const world = begin({ adopted: found, before })
    world.stop()
    world.runtime.started(500)
    expect(world.runtime.calls.at(-1)).toBe('SIGTERM id-4')
  })

  test('what was created and never started is created again, as the same attempt', () => {
    const { startedAtMs: _, ...created } = found
    expect(begin({ adopted: created }).runtime.calls).toContain('create web/4')
  })

  test('when the machine has lost it, the count goes on', () => {
    expect(begin({ before }).runtime.calls).toContain('create web/5')
  })
})

describe('probes', () => {
  const probe = { httpGet: { port: 80 }, periodSeconds: 10, failureThreshold: 3, successThreshold: 1, timeoutSeconds: 1 }
  const answer = (world: ReturnType<typeof begin>, result: 'success' | 'failure', message = '') =>
    world.runtime.probes.at(-1)?.answer(result, message)

  test('readiness: not ready, ready, and not ready again after three failures in a row', () => {
    const world = running({ spec: { name: 'web', image: 'app', readinessProbe: probe } })
    expect(world.status()).toMatchObject({ started: true, ready: false })
    world.wait(0)
    answer(world, 'success')
    expect(world.status()?.ready).toBe(true)
    for (let failures = 1; failures <= 3; failures++) {
      world.wait(10 * SECOND)
      answer(world, 'failure', 'HTTP probe failed with statuscode: 500')
      expect(world.status()?.ready).toBe(failures < 3)
    }
    expect(world.told.at(-1)).toBe('Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500')
    world.wait(10 * SECOND)
    answer(world, 'success')
    expect(world.status()?.ready).toBe(true)
  })

  test('two successes in a row where two are asked for, and more change nothing', () => {
    const world = running({ spec: { name: 'web', image: 'app', readinessProbe: { ...probe, successThreshold: 2 } } })
    world.wait(0)
    for (const ready of [false, true, true, true]) {
      answer(world, 'success')
      expect(world.status()?.ready).toBe(ready)
      world.wait(10 * SECOND)
    }
    expect(world.runtime.probes).toHaveLength(5)
  })

  test('a success between failures counts anew', () => {
    const world = running({ spec: { name: 'web', image: 'app', livenessProbe: probe } })
    world.wait(0)
    for (const result of ['failure', 'failure', 'success', 'failure', 'failure'] as const) {
      answer(world, result)
      world.wait(10 * SECOND)
    }
    expect(world.at('running')).toBe(true)
  })

  test('liveness: three failures end the container, with its grace, and it starts again', () => {
    const world = running({ spec: { name: 'web', image: 'app', livenessProbe: { ...probe, terminationGracePeriodSeconds: 4 } } })
    world.wait(0)
    for (let failures = 1; failures <= 3; failures++) {
      answer(world, 'failure')
      if (failures < 3) world.wait(10 * SECOND)
    }
    expect(world.told.at(-1)).toBe('Killing: Container web failed liveness probe, will be restarted')
    expect(world.status()?.ready).toBe(false)
    world.wait(4 * SECOND)
    expect(world.runtime.calls.at(-1)).toBe('SIGKILL id-0')
    world.runtime.exited(137)
    expect(world.runtime.calls.at(-1)).toBe('start id-1')
  })

  test.each(['success', 'failure', 'too slow'] as const)('a restart, too, runs the preStop hook first: %s', (hook) => {
    const lifecycle = { preStop: { exec: { command: ['drain'] } } }
    const spec = { name: 'web', image: 'app', lifecycle, livenessProbe: { ...probe, failureThreshold: 1 } }
    const world = running({ graceMs: 5 * SECOND, spec })
    world.wait(0)
    answer(world, 'failure')
    expect(world.runtime.calls.at(-1)).toBe('start id-0')
    if (hook === 'too slow') world.wait(5 * SECOND)
    else answer(world, hook, 'no')
    expect(world.runtime.calls.at(-1)).toBe(hook === 'too slow' ? 'SIGKILL id-0' : 'SIGTERM id-0')
    expect(world.told.some((line) => line.startsWith('FailedPreStopHook'))).toBe(hook === 'failure')
  })

  test('told to stop while it restarts, it ends for good', () => {
    const world = running({ spec: { name: 'web', image: 'app', livenessProbe: { ...probe, failureThreshold: 1 } } })
    world.wait(0)
    answer(world, 'failure')
    expect(world.at('restarting')).toBe(true)
    world.stop(5 * SECOND)
    world.runtime.exited(143)
    expect(world.state()).toBe('ended')
  })

  test('startup: the others wait for it, and its failure restarts [K6]', () => {
    const spec = {
      name: 'web',
      image: 'app',
      startupProbe: { ...probe, failureThreshold: 2 },
      readinessProbe: probe,
      livenessProbe: probe,
    }
    const passing = running({ spec })
    passing.wait(0)
    expect(passing.runtime.probes).toHaveLength(1)
    expect(passing.status()).toMatchObject({ started: false, ready: false })
    answer(passing, 'success')
    passing.wait(0)
    expect(passing.runtime.probes).toHaveLength(3)
    const failing = running({ spec })
    failing.wait(0)
    answer(failing, 'failure')
    failing.wait(10 * SECOND)
    answer(failing, 'failure')
    expect(failing.told.at(-1)).toBe('Killing: Container web failed startup probe, will be restarted')
  })

  test('before its first success readiness is asked for eagerly, uncounted', () => {
    const timings = { ...NODE_TIMINGS, eagerProbesMs: [25, 50] }
    const world = running({ timings, spec: { name: 'web', image: 'app', readinessProbe: probe } })
    world.wait(0)
    answer(world, 'failure')
    world.wait(25)
    answer(world, 'failure')
    expect(world.told.some((line) => line.startsWith('Unhealthy'))).toBe(false)
    world.wait(50)
    answer(world, 'failure')
    expect(world.told.some((line) => line.startsWith('Unhealthy'))).toBe(true)
    expect(world.runtime.probes).toHaveLength(3)
    world.wait(10 * SECOND)
    expect(world.runtime.probes).toHaveLength(4)
  })

  test('a port that does not exist fails with words', () => {
    const world = running({ spec: { name: 'web', image: 'app', readinessProbe: { ...probe, httpGet: { port: 'web' } } } })
    world.wait(0)
    expect(world.told.at(-1)).toContain('Unhealthy: Readiness probe failed: no such port')
  })

  test('an answer after the end changes nothing', () => {
    const world = running({ policy: 'Never', spec: { name: 'web', image: 'app', readinessProbe: probe } })
    world.wait(0)
    world.runtime.exited(0)
    const reports = world.reports.length
    answer(world, 'success')
    expect(world.reports).toHaveLength(reports)
  })
})
