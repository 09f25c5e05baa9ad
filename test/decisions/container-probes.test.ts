// What a probe of a manifest asks, whom, and how often; when a container that has ended runs again.
import { describe, expect, test } from 'vitest'
import { probeAction, probeTimes } from '../../actors/container/probe-spec.ts'
import { effectivePolicy, nextPauseMs } from '../../actors/container/restart.ts'
import type { Probe } from '../../model/schema/kinds/core-v1.ts'

const target = { containerId: 'id-1', podIp: '127.64.1.5', ports: [{ name: 'web', containerPort: 8080 }] }

test.each<[Probe, object | undefined]>([
  [{ exec: { command: ['true'] } }, { kind: 'exec', containerId: 'id-1', command: ['true'] }],
  [{ tcpSocket: { port: 80 } }, { kind: 'tcp', host: '127.64.1.5', port: 80 }],
  [{ tcpSocket: { port: 'web', host: 'x' } }, { kind: 'tcp', host: 'x', port: 8080 }],
  [{ httpGet: { port: 'web' } }, { kind: 'http', scheme: 'HTTP', host: '127.64.1.5', port: 8080, path: '/', headers: [] }],
  [
    { httpGet: { port: '81', scheme: 'HTTPS', path: '/ok', httpHeaders: [{ name: 'A', value: 'b' }] } },
    { kind: 'http', scheme: 'HTTPS', host: '127.64.1.5', port: 81, path: '/ok', headers: [{ name: 'A', value: 'b' }] },
  ],
  [{ httpGet: { port: 'absent' } }, undefined],
  [{ grpc: { port: 1 } }, undefined],
  [{}, undefined],
])('%j asks %j', (probe, action) => expect(probeAction(probe, target)).toEqual(action))

test.each<[Probe, object]>([
  [{}, { initialDelayMs: 0, periodMs: 10_000, timeoutMs: 1000, successThreshold: 1, failureThreshold: 3 }],
  [
    { initialDelaySeconds: 5, periodSeconds: 2, timeoutSeconds: 4, successThreshold: 2, failureThreshold: 1 },
    { initialDelayMs: 5000, periodMs: 2000, timeoutMs: 4000, successThreshold: 2, failureThreshold: 1 },
  ],
])('%j: %j', (probe, times) => expect(probeTimes(probe)).toEqual(times))

describe('restart policy', () => {
  test.each([
    ['Always', undefined, false, 'Always'],
    [undefined, undefined, false, 'Always'],
    ['Never', undefined, false, 'Never'],
    ['OnFailure', undefined, false, 'OnFailure'],
    ['Always', undefined, true, 'OnFailure'],
    ['OnFailure', undefined, true, 'OnFailure'],
    ['Never', undefined, true, 'Never'],
    ['Never', 'Always', true, 'Always'],
    ['Always', 'Never', false, 'Never'],
  ] as const)('pod %s, container %s, init %s → %s', (pod, own, isInit, policy) => {
    expect(effectivePolicy(pod, own, isInit)).toBe(policy)
  })

  const timings = { crashBackOffMs: 10_000, crashBackOffMaxMs: 300_000, crashBackOffResetMs: 600_000 }
  test.each([
    [undefined, 0, 0],
    [0, 0, 10_000],
    [10_000, 0, 20_000],
    [160_000, 0, 300_000],
    [300_000, 599_999, 300_000],
    [300_000, 600_000, 0],
  ])('after a pause of %s and a run of %i ms: %i', (last, ranMs, pauseMs) =>
    expect(nextPauseMs(last, ranMs, timings)).toBe(pauseMs),
  )
})
