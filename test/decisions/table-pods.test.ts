// The words of `kubectl get pods`, case by case: what a pod's status says, and what the columns Ready, Status and Restarts
// make of it.
import { expect, test } from 'vitest'
import type { Container, ContainerStatus, Pod, PodStatus } from '../../model/schema/kinds/core-v1.ts'
import { tableColumns, tableRow } from '../../model/table/table.ts'
import { parseTime } from '../../model/time.ts'

const PODS = { group: '', version: 'v1', plural: 'pods' }
const NOW_MS = parseTime('2026-11-25T12:00:00Z') ?? 0

type State = NonNullable<ContainerStatus['state']>
const running: State = { running: { startedAt: '2026-11-25T11:00:00Z' } }
const waiting = (reason?: string): State => ({ waiting: { reason } })
const ended = (exitCode: number, reason?: string, signal?: number): State => ({ terminated: { exitCode, reason, signal } })

const status = (name: string, state: State, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  image: 'i',
  imageID: '',
  ready: 'running' in state,
  restartCount: 0,
  state,
  ...more,
})
const crashed = (at: string): ContainerStatus['lastState'] => ({ terminated: { exitCode: 1, finishedAt: at } })

interface Given extends PodStatus {
  readonly main?: State[]
  readonly init?: State[]
  readonly sidecars?: ContainerStatus[]
  readonly deleted?: boolean
}

function pod({ main = [], init = [], sidecars = [], deleted, ...podStatus }: Given): Pod {
  const container = (name: string): Container => ({ name, image: 'i' })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      creationTimestamp: '2026-11-25T11:00:00Z',
      ...(deleted ? { deletionTimestamp: '2026-11-25T11:59:00Z' } : {}),
    },
    spec: {
      containers: (main.length > 0 ? main : [0]).map((_, i) => container(`c${i}`)),
      initContainers: [
        ...sidecars.map(({ name }) => ({ ...container(name), restartPolicy: 'Always' })),
        ...init.map((_, i) => container(`i${i}`)),
      ],
    },
    status: {
      phase: 'Running',
      containerStatuses: main.map((state, i) => status(`c${i}`, state)),
      initContainerStatuses: [...sidecars, ...init.map((state, i) => status(`i${i}`, state))],
      ...podStatus,
    },
  }
}

const READY = [{ type: 'Ready', status: 'True' }]

const rows: [what: string, given: Given, cells: string][] = [
  ['not scheduled', { phase: 'Pending' }, '0/1 Pending 0'],
  [
    'held back by a gate',
    { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
    '0/1 SchedulingGated 0',
  ],
  ['being made', { phase: 'Pending', main: [waiting('ContainerCreating')] }, '0/1 ContainerCreating 0'],
  ['waits for its init containers', { phase: 'Pending', init: [running], main: [waiting('PodInitializing')] }, '0/1 Init:0/1 0'],
  ['second of two init containers', { phase: 'Pending', init: [ended(0), waiting('PodInitializing')] }, '0/1 Init:1/2 0'],
  [
    'init containers are done',
    { phase: 'Pending', init: [ended(0)], main: [waiting('PodInitializing')] },
    '0/1 PodInitializing 0',
  ],
  ['init container crashes', { phase: 'Pending', init: [waiting('CrashLoopBackOff')] }, '0/1 Init:CrashLoopBackOff 0'],
  ['init container ended badly', { phase: 'Pending', init: [ended(2)] }, '0/1 Init:ExitCode:2 0'],
  ['init container was killed', { phase: 'Pending', init: [ended(137, '', 9)] }, '0/1 Init:Signal:9 0'],
  ['init container says why', { phase: 'Pending', init: [ended(1, 'Error')] }, '0/1 Init:Error 0'],
  ['image missing', { phase: 'Pending', main: [waiting('ImagePullBackOff')] }, '0/1 ImagePullBackOff 0'],
  ['first container gives the word', { main: [waiting('ErrImagePull'), waiting('CrashLoopBackOff')] }, '0/2 ErrImagePull 0'],
  ['crashes', { main: [waiting('CrashLoopBackOff'), running] }, '1/2 CrashLoopBackOff 0'],
  ['waits without saying why', { main: [waiting()] }, '0/1 Running 0'],
  ['runs', { main: [running, running], conditions: READY }, '2/2 Running 0'],
  ['done', { phase: 'Succeeded', main: [ended(0, 'Completed')] }, '0/1 Completed 0'],
  ['failed', { phase: 'Failed', main: [ended(1, 'Error')] }, '0/1 Error 0'],
  ['out of memory', { phase: 'Failed', main: [ended(137, 'OOMKilled')] }, '0/1 OOMKilled 0'],
  ['ended with a code alone', { phase: 'Failed', main: [ended(3)] }, '0/1 ExitCode:3 0'],
  ['ended by a signal alone', { phase: 'Failed', main: [ended(137, '', 9)] }, '0/1 Signal:9 0'],
  ['evicted', { phase: 'Failed', reason: 'Evicted' }, '0/1 Evicted 0'],
  ['one done, one runs, ready', { main: [ended(0, 'Completed'), running], conditions: READY }, '1/2 Running 0'],
  ['one done, one runs, not ready', { main: [ended(0, 'Completed'), running] }, '1/2 NotReady 0'],
  ['being deleted', { main: [running], deleted: true }, '1/1 Terminating 0'],
  ['deleted while it crashes', { main: [waiting('CrashLoopBackOff')], deleted: true }, '0/1 Terminating 0'],
  ['deleted after it ended', { phase: 'Succeeded', main: [ended(0, 'Completed')], deleted: true }, '0/1 Completed 0'],
  ['deleted on a lost node', { main: [running], reason: 'NodeLost', deleted: true }, '1/1 Unknown 0'],
  [
    'sidecar counts',
    { main: [running], sidecars: [status('s', running, { started: true })], conditions: READY },
    '2/2 Running 0',
  ],
  ['sidecar starts', { phase: 'Pending', sidecars: [status('s', running, { started: false })] }, '0/2 Init:0/1 0'],
  [
    'restarts of sidecars count, of other init containers not',
    {
      main: [running],
      init: [ended(0)],
      sidecars: [status('s', running, { started: true, restartCount: 2, lastState: crashed('2026-11-25T11:30:00Z') })],
    },
    '2/2 Running 2 (30m ago)',
  ],
  [
    'latest restart of all containers',
    {
      containerStatuses: [
        status('c0', running, { restartCount: 2, lastState: crashed('2026-11-25T11:00:00Z') }),
        status('c1', running, { restartCount: 3, lastState: crashed('2026-11-25T11:55:00Z') }),
      ],
    },
    '2/1 Running 5 (5m ago)',
  ],
  ['restarts without a time', { containerStatuses: [status('c0', running, { restartCount: 3 })] }, '1/1 Running 3'],
  [
    'initialised once, though an init container runs again',
    { init: [running], main: [running], conditions: [{ type: 'Initialized', status: 'True' }] },
    '1/1 Init:0/1 0',
  ],
]

test.each(rows)('%s', (_, given, expected) => {
  const cells = tableRow(pod(given) as never, PODS, NOW_MS)
  expect(cells.slice(1, 4).join(' ')).toBe(expected)
})

test('wide columns: address, node, nominated node, gates', () => {
  const given: Pod = {
    ...pod({ main: [running], podIPs: [{ ip: '127.1.0.5' }], conditions: [{ type: 'g/one', status: 'True' }] }),
    spec: { containers: [], nodeName: 'node-1', readinessGates: [{ conditionType: 'g/one' }, { conditionType: 'g/two' }] },
  }
  expect(tableRow(given as never, PODS, NOW_MS).slice(4)).toEqual(['60m', '127.1.0.5', 'node-1', '<none>', '1/2'])
  expect(tableColumns(PODS).map(({ priority }) => priority)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1])
})
