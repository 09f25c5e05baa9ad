// Rows of kinds that no recorded table shows, or not in all their ways: nodes, events, jobs, autoscalers, scale, selectors.
import { expect, test } from 'vitest'
import type { KubeObject } from '../../model/object.ts'
import { tableColumns, tableRow } from '../../model/table/table.ts'
import { parseTime } from '../../model/time.ts'

const NOW_MS = parseTime('2026-11-25T12:00:00Z') ?? 0
const BEFORE = '2026-11-25T11:57:30Z'

function row(apiVersion: string, plural: string, fields: object, subresource?: string): Record<string, unknown> {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const resource = { group: group ?? '', version: version ?? '', plural, subresource }
  const object = { apiVersion, kind: '', metadata: { name: 'x', creationTimestamp: BEFORE }, ...fields } as KubeObject
  const cells = tableRow(object, resource, NOW_MS)
  return Object.fromEntries(tableColumns(resource).map(({ name }, i) => [name, cells[i]]))
}

const readyIs = (status: string) => ({ status: { conditions: [{ type: 'Ready', status }] } })
const labelled = (...labels: string[]) => ({
  metadata: { name: 'x', labels: Object.fromEntries(labels.map((label) => label.split('='))) },
})
const condition = (type: string) => ({ status: { conditions: [{ type, status: 'True' }] } })
const cpu = (target: object) => ({ type: 'Resource', resource: { name: 'cpu', target } })

const rows: [what: string, row: Record<string, unknown>, cells: Record<string, unknown>][] = [
  [
    'a ready node',
    row('v1', 'nodes', readyIs('True')),
    { Status: 'Ready', Roles: '<none>', Age: '2m30s', 'OS-Image': '<unknown>' },
  ],
  ['a silent node', row('v1', 'nodes', readyIs('Unknown')), { Status: 'NotReady' }],
  ['a node that never spoke', row('v1', 'nodes', {}), { Status: 'Unknown', 'Internal-IP': '<none>', Version: '' }],
  [
    'a cordoned node',
    row('v1', 'nodes', { ...readyIs('True'), spec: { unschedulable: true } }),
    { Status: 'Ready,SchedulingDisabled' },
  ],
  [
    'roles of a node',
    row('v1', 'nodes', labelled('node-role.kubernetes.io/worker=', 'kubernetes.io/role=edge', 'node-role.kubernetes.io/=')),
    { Roles: 'edge,worker' },
  ],
  [
    'an event that came again',
    row('v1', 'events', {
      type: 'Warning',
      reason: 'BackOff',
      message: ' again \n',
      count: 4,
      firstTimestamp: '2026-11-25T11:00:00Z',
      lastTimestamp: '2026-11-25T11:59:50Z',
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{c}' },
      source: { component: 'kubelet', host: 'node-1' },
    }),
    { 'Last Seen': '10s', 'First Seen': '60m', Count: 4, Object: 'pod/p', Message: 'again', Source: 'kubelet, node-1' },
  ],
  [
    'an event of the new form, as a series',
    row('events.k8s.io/v1', 'events', {
      note: 'n',
      eventTime: '2026-11-25T11:00:00.000000Z',
      series: { count: 7, lastObservedTime: '2026-11-25T11:59:55.000000Z' },
      regarding: { kind: 'Node' },
      reportingController: 'c',
    }),
    { 'Last Seen': '5s', 'First Seen': '60m', Count: 7, Object: 'node', Message: 'n', Source: 'c' },
  ],
  ['an event that knows no time', row('v1', 'events', {}), { 'Last Seen': '<unknown>', Count: 1 }],
  ['a job that is done', row('batch/v1', 'jobs', condition('Complete')), { Status: 'Complete', Duration: '' }],
  ['a suspended job', row('batch/v1', 'jobs', condition('Suspended')), { Status: 'Suspended', Completions: '0/1' }],
  [
    'how long a job ran',
    row('batch/v1', 'jobs', { status: { startTime: BEFORE, completionTime: '2026-11-25T11:58:30Z' } }),
    { Duration: '60s', Status: 'Running' },
  ],
  [
    'an autoscaler without measurements',
    row('autoscaling/v2', 'horizontalpodautoscalers', {
      spec: {
        maxReplicas: 5,
        scaleTargetRef: { kind: 'Deployment', name: 'd' },
        metrics: [cpu({ averageUtilization: 50 }), cpu({ averageValue: '100m' }), cpu({})],
      },
    }),
    {
      Reference: 'Deployment/d',
      Targets: 'cpu: <unknown>/50%, cpu: <unknown>/100m + 1 more...',
      MinPods: '<unset>',
      MaxPods: 5,
      Replicas: 0,
    },
  ],
  [
    'an autoscaler of version 1',
    row('autoscaling/v1', 'horizontalpodautoscalers', {
      spec: { minReplicas: 2, targetCPUUtilizationPercentage: 80 },
      status: { currentCPUUtilizationPercentage: 20 },
    }),
    { Targets: 'cpu: 20%/80%', MinPods: '2' },
  ],
  [
    'the scale of a deployment',
    row('apps/v1', 'deployments', { spec: { replicas: 3 }, status: { replicas: 2 } }, 'scale'),
    { Name: 'x', Desired: 3, Available: 2, Age: '2m30s' },
  ],
  [
    'a selector in all its forms',
    row('apps/v1', 'replicasets', {
      spec: {
        selector: {
          matchLabels: { b: '1' },
          matchExpressions: [
            { key: 'c', operator: 'In', values: ['y', 'x'] },
            { key: 'a', operator: 'DoesNotExist' },
            { key: 'd', operator: 'NotIn', values: ['z'] },
            { key: 'e', operator: 'Exists' },
          ],
        },
      },
    }),
    { Selector: '!a,b=1,c in (x,y),d notin (z),e' },
  ],
  ['a secret', row('v1', 'secrets', { type: 'Opaque', data: { a: '', b: '' } }), { Type: 'Opaque', Data: 2 }],
  ['a role has no columns of its own', row('rbac.authorization.k8s.io/v1', 'roles', {}), { 'Created At': BEFORE }],
]

test.each(rows)('%s', (_, got, expected) => {
  expect(got).toMatchObject(expected)
})
