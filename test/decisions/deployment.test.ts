// The arithmetic of rollouts, by Kubernetes' worked examples, and properties that must hold for all of them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fencePosts, maxUnavailable, newReplicas } from '../../actors/master/controllers/deployment/fence-posts.ts'
import { generations, missingAnnotations, newReplicaSet } from '../../actors/master/controllers/deployment/replica-sets.ts'
import { rollingStep, scaleStep } from '../../actors/master/controllers/deployment/scaling.ts'
import { sameTemplate, templateHash } from '../../actors/master/controllers/deployment/template-hash.ts'
import type { Deployment, ReplicaSet } from '../../model/schema/kinds/apps-v1.ts'
import { deployment } from '../machines/controller-world.ts'

const rolling = (replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment =>
  deployment('web', replicas, 'app:new', {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
  }) as unknown as Deployment

interface SetFacts {
  readonly image: string
  readonly size: number
  readonly available?: number
  readonly desired?: number
  readonly max?: number
}
let born = 0
const set = ({ image, size, available = size, desired, max }: SetFacts): ReplicaSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${image}`,
      creationTimestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, ++born)).toISOString(),
      annotations: {
        ...(desired === undefined ? {} : { 'deployment.kubernetes.io/desired-replicas': String(desired) }),
        ...(max === undefined ? {} : { 'deployment.kubernetes.io/max-replicas': String(max) }),
      },
    },
    spec: { replicas: size, selector: {}, template: deployment('web', 1, image).spec.template },
    status: { replicas: size, availableReplicas: available },
  }) as unknown as ReplicaSet

describe('fence posts', () => {
  test.each([
    [10, '25%', '25%', 3, 2],
    [1, '25%', '25%', 1, 0],
    [2, 0, '1%', 0, 1],
    [2, '0%', '0%', 0, 1],
    [4, '30%', '50%', 2, 2],
    [0, '25%', '25%', 0, 1],
    [100, 5, 7, 5, 7],
  ])('of %i: %s and %s → %i more, %i fewer', (replicas, surge, unavailable, more, fewer) => {
    expect(fencePosts(rolling(replicas, surge, unavailable))).toEqual({ surge: more, unavailable: fewer })
  })

  test.each([
    [1, 3, 1],
    [0, 3, 0],
    [5, 3, 3],
  ])('of %i pods %i may be unavailable: %i', (replicas, unavailable, expected) => {
    expect(maxUnavailable(rolling(replicas, 1, unavailable))).toBe(expected)
  })

  test.each([
    { wanted: 1, surge: 1, size: 0, current: 1, expected: 1 },
    { wanted: 1, surge: 1, size: 0, current: 2, expected: 0 },
    { wanted: 10, surge: 3, size: 0, current: 10, expected: 3 },
    { wanted: 10, surge: 3, size: 8, current: 11, expected: 10 },
  ])(
    'the new set of $wanted with $surge more, $size now, $current in all → $expected',
    ({ wanted, surge, size, current, expected }) => {
      expect(newReplicas(rolling(wanted, surge, 0), size, current)).toBe(expected)
    },
  )
})

describe('a rolling step', () => {
  // As Kubernetes' own table: old and new sizes, how many are available, what follows.
  test.each([
    { name: 'up first', wanted: 10, posts: [2, 2], old: [10, 10], young: [0, 0], expected: { young: 2 } },
    { name: 'then down to the posts', wanted: 10, posts: [2, 2], old: [10, 10], young: [2, 0], expected: { old: 8 } },
    { name: 'no further while the new are not available', wanted: 10, posts: [2, 2], old: [8, 8], young: [4, 0], expected: {} },
    { name: 'as far as the new are available', wanted: 10, posts: [2, 2], old: [8, 8], young: [4, 2], expected: { old: 6 } },
    { name: 'unhealthy old ones go first', wanted: 10, posts: [0, 2], old: [8, 3], young: [2, 2], expected: { old: 6 } },
    { name: 'a new set that is too large shrinks', wanted: 3, posts: [1, 1], old: [0, 0], young: [5, 5], expected: { young: 3 } },
    { name: 'nothing left to do', wanted: 3, posts: [1, 1], old: [0, 0], young: [3, 3], expected: {} },
  ])(
    '$name',
    ({
      wanted,
      posts: [surge = 0, unavailable = 0],
      old: [oldSize = 0, oldAvailable = 0],
      young: [size = 0, available = 0],
      expected,
    }) => {
      const old = set({ image: 'app:old', size: oldSize, available: oldAvailable })
      const newest = set({ image: 'app:new', size, available })
      const steps = rollingStep(rolling(wanted, surge, unavailable), { newest, old: [old] })
      expect(Object.fromEntries(steps.map((step) => [step.set === newest ? 'young' : 'old', step.to]))).toEqual(expected)
    },
  )

  test('[I19] from whatever state, a step keeps the posts and the steps arrive', () => {
    const sizes = fc.record({
      wanted: fc.integer({ min: 0, max: 12 }),
      surge: fc.integer({ min: 0, max: 4 }),
      unavailable: fc.integer({ min: 0, max: 4 }),
    })
    fc.assert(
      fc.property(
        sizes,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        ({ wanted, surge, unavailable }, chance) => {
          const target = rolling(wanted, surge, unavailable)
          const most = wanted + fencePosts(target).surge
          const least = wanted - maxUnavailable(target)
          const pods = { old: { size: wanted, available: wanted }, young: { size: 0, available: 0 } }
          for (let round = 0; round < 200; round += 1) {
            const old = set({ image: 'app:old', ...pods.old })
            const newest = set({ image: 'app:new', ...pods.young })
            const steps = rollingStep(target, { newest, old: [old] })
            for (const { set: of, to } of steps) (of === old ? pods.old : pods.young).size = to
            expect(pods.old.size + pods.young.size).toBeLessThanOrEqual(most)
            pods.old.available = Math.min(pods.old.available, pods.old.size)
            expect(pods.old.available + pods.young.available).toBeGreaterThanOrEqual(least)
            // Some of the new pods become available, sometimes none.
            const waiting = pods.young.size - pods.young.available
            pods.young.available += round % 3 === 2 ? waiting : Math.floor((chance.next().value ?? 0) * (waiting + 1))
            if (steps.length === 0 && waiting === 0 && pods.old.size === 0) break
          }
          expect(pods).toEqual({ old: { size: 0, available: 0 }, young: { size: wanted, available: wanted } })
        },
      ),
      { seed: 1 },
    )
  })
})

describe('scaling in the middle of a rollout', () => {
  test.each([
    { name: 'up, in proportion', wanted: 20, before: 10, sizes: [5, 5], expected: [10, 10] },
    { name: 'up, the largest takes what is left', wanted: 11, before: 10, sizes: [8, 2], expected: [9, 2] },
    { name: 'down, in proportion', wanted: 5, before: 10, sizes: [6, 4], expected: [3, 2] },
    { name: 'to nothing', wanted: 0, before: 10, sizes: [6, 4], expected: [0, 0] },
  ])('$name', ({ wanted, before, sizes: [first = 0, second = 0], expected }) => {
    const old = set({ image: 'app:old', size: first, desired: before, max: before })
    const newest = set({ image: 'app:new', size: second, available: 0, desired: before, max: before })
    const steps = scaleStep(rolling(wanted, 0, 1), { newest, old: [old] })
    expect([old, newest].map((each) => steps.find((step) => step.set === each)?.to)).toEqual(expected)
  })

  test('[I19] always adds up to what is wanted', () => {
    const size = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 5 }),
        (sizes, wanted, surge) => {
          const before = sizes.reduce((sum, each) => sum + each, 0)
          const sets = sizes.map((each, at) =>
            set({ image: `app:${at}`, size: each, available: 0, desired: before, max: before }),
          )
          const steps = scaleStep(rolling(wanted, surge, 1), { newest: sets[0], old: sets.slice(1) })
          expect(steps.every(({ to }) => to >= 0)).toBe(true)
          expect(steps.reduce((sum, { to }) => sum + to, 0)).toBe(wanted + surge)
        },
      ),
      { seed: 1 },
    )
  })
})

describe('ReplicaSets', () => {
  test('the new one is the one with the template, the oldest of several', () => {
    const [a, b, c] = [set({ image: 'app:old', size: 1 }), set({ image: 'app:new', size: 1 }), set({ image: 'app:new', size: 1 })]
    expect(generations(rolling(1, 1, 1), [c, b, a])).toEqual({ newest: b, old: [a, c] })
  })

  test('take over annotations, but not those that are about the Deployment itself', () => {
    const owner = rolling(3, 1, 1)
    const annotated = {
      ...owner,
      metadata: {
        ...owner.metadata,
        annotations: {
          team: 'shop',
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
          'deployment.kubernetes.io/revision': '7',
        },
      },
    }
    expect(newReplicaSet(annotated, 8, 3).metadata.annotations).toEqual({
      team: 'shop',
      'deployment.kubernetes.io/revision': '8',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    })
    expect(missingAnnotations(annotated, set({ image: 'app:new', size: 3 }), 1)).toEqual({
      team: 'shop',
      'deployment.kubernetes.io/revision': '1',
    })
  })

  test('a hash is safe as a name, the same for the same template in whatever order, another after a collision', () => {
    const template = { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
    const turned = { spec: { containers: [{ image: 'i', name: 'c' }] }, metadata: { labels: { b: '2', a: '1' } } }
    expect(templateHash(template)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
    expect(templateHash(turned)).toBe(templateHash(template))
    expect(templateHash(template, 1)).not.toBe(templateHash(template))
    const hashed = { ...template, metadata: { labels: { ...template.metadata.labels, 'pod-template-hash': 'x' } } }
    expect([sameTemplate(template, hashed), sameTemplate(template, { ...turned, spec: { containers: [] } })]).toEqual([
      true,
      false,
    ])
  })
})
