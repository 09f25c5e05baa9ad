// Which pods go first, and to whom pods belong.
import { expect, test } from 'vitest'
import { claim } from '../../actors/master/controllers/ownership.ts'
import { countByNode, podsToDelete } from '../../actors/master/controllers/replicaset/ranking.ts'
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import { formatTime } from '../../model/time.ts'
import { START_MS } from '../machines/controller-world.ts'

const NOW_MS = START_MS + 86_400_000
interface Facts {
  readonly node?: string
  readonly phase?: string
  readonly readySince?: number
  readonly age?: number
  readonly cost?: string
  readonly restarts?: number
}
const pod = (
  name: string,
  { node = 'a', phase = 'Running', readySince = 1000, age = 2000, cost, restarts = 0 }: Facts = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: name,
    creationTimestamp: formatTime(NOW_MS - age * 1000),
    ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
  },
  spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
  status: {
    phase,
    containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: restarts }],
    conditions:
      readySince < 0 ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(NOW_MS - readySince * 1000) }],
  },
})

test.each<[string, Facts, Facts]>([
  ['without a node before with', { node: '' }, {}],
  ['pending before running', { phase: 'Pending' }, {}],
  ['not ready before ready', { readySince: -1 }, {}],
  ['cheaper before dearer', { cost: '-5' }, { cost: '10' }],
  ['a cost that is no number is none', { cost: '-1' }, { cost: 'much' }],
  ['doubled up before alone', { node: 'full' }, { node: 'b' }],
  ['ready for a shorter time before longer', { readySince: 10 }, { readySince: 1000 }],
  ['restarted more often before less', { restarts: 3 }, { restarts: 1 }],
  ['younger before older', { age: 10 }, { age: 100_000 }],
  ['the first rule that differs decides', { node: '', readySince: -1, age: 100_000, cost: '99' }, { age: 1, cost: '-99' }],
])('%s', (_, first, second) => {
  const perNode = countByNode([pod('n1', { node: 'full' }), pod('n2', { node: 'full' }), pod('n3', { node: 'b' })])
  const pods = [pod('second', second), pod('first', first)]
  for (const order of [pods, pods.toReversed()])
    expect(podsToDelete(order, 1, perNode, NOW_MS).map(({ metadata }) => metadata.name)).toEqual(['first'])
})

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'rs', uid: 'u1' } }
const owned = (name: string, uid: string | undefined, fits = true, ending = false) => ({
  metadata: {
    name,
    labels: { fits: String(fits) },
    ...(uid === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid, controller: true }] }),
    ...(ending ? { deletionTimestamp: 'now' } : {}),
  },
})

test.each([
  [false, { mine: ['mine', 'mine-ending'], adopt: ['orphan'], release: ['strayed'] }],
  [true, { mine: ['mine', 'mine-ending'], adopt: [], release: [] }],
])('claims what fits and nobody owns; an owner that ends (%s) takes nothing', (ending, expected) => {
  const candidates = [
    owned('mine', 'u1'),
    owned('mine-ending', 'u1', true, true),
    owned('strayed', 'u1', false),
    owned('other', 'u2'),
    owned('orphan', undefined),
    owned('orphan-ending', undefined, true, true),
    owned('stranger', undefined, false),
  ]
  const who = ending ? { ...owner, metadata: { ...owner.metadata, deletionTimestamp: 'now' } } : owner
  const claims = claim(who, candidates, (candidate) => candidate.metadata.labels.fits === 'true')
  expect(
    Object.fromEntries(
      Object.entries(claims).map(([key, list]) => [key, (list as typeof candidates).map((each) => each.metadata.name)]),
    ),
  ).toEqual(expected)
})
