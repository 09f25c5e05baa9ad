// What is collected, what is left, and in which order.
import { beforeEach, describe, expect, test } from 'vitest'
import type { Controller } from '../../actors/master/controllers/controller.ts'
import { garbageController } from '../../actors/master/controllers/garbage/garbage.ts'
import { podGcController } from '../../actors/master/controllers/pod-gc/pod-gc.ts'
import { ControllerWorld, readyNode, seeded } from '../machines/controller-world.ts'

let world: ControllerWorld
beforeEach(() => {
  world = new ControllerWorld()
})
const owner = (name: string, uid: string, more: object = {}) =>
  world.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', uid, ...more } })
const reference = (name: string, uid: string, block = false) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid,
  ...(block ? { blockOwnerDeletion: true } : {}),
})
const dependent = (name: string, ...ownerReferences: object[]) =>
  world.create('secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default', ownerReferences } })

const decide = (controller: Controller, key: string) =>
  controller.decide(key, { view: world.view, nowMs: world.nowMs, random: seeded(1) })
const told = (key: string) =>
  decide(garbageController(), key).wishes.map(({ request: { verb, resource, name, body } }) => {
    const { metadata, propagationPolicy } = (
      body as { value: { metadata?: Record<string, unknown>; propagationPolicy?: string } }
    ).value
    const kept = metadata && ('ownerReferences' in metadata ? metadata.ownerReferences : metadata.finalizers)
    return [
      verb,
      `${resource}/${name}`,
      propagationPolicy ?? (Array.isArray(kept) ? kept.map((each) => each.name ?? each) : kept),
    ]
  })
const ending = (...finalizers: string[]) => ({ deletionTimestamp: 'now', finalizers })

describe('in the background', () => {
  test('an owner that is there keeps its dependents', () => {
    owner('a', 'u1')
    dependent('d', reference('a', 'u1'))
    expect(told('secrets default/d')).toEqual([])
  })
  test('[I25] all owners gone', () => {
    dependent('d', reference('a', 'u1'), reference('b', 'u2'))
    expect(told('secrets default/d')).toEqual([['delete', 'secrets/d', 'Background']])
  })
  test('[I25] an owner of the same name is not the owner', () => {
    owner('a', 'u2')
    dependent('d', reference('a', 'u1'))
    expect(told('secrets default/d')).toEqual([['delete', 'secrets/d', 'Background']])
  })
  test('one of two owners gone: only its reference goes', () => {
    owner('b', 'u2')
    dependent('d', reference('a', 'u1'), reference('b', 'u2'))
    expect(told('secrets default/d')).toEqual([['patch', 'secrets/d', ['b']]])
  })
  test('[I25] an owner of another namespace is none', () => {
    world.create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'other', uid: 'u1' } })
    dependent('d', reference('a', 'u1'))
    expect(told('secrets default/d')).toEqual([['delete', 'secrets/d', 'Background']])
  })
  test('an owner of a kind that is not known counts as there', () => {
    dependent('d', { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'u9' })
    expect(told('secrets default/d')).toEqual([])
  })
})

describe('in the foreground', () => {
  test('dependents first', () => {
    owner('a', 'u1', ending('foregroundDeletion'))
    dependent('d', reference('a', 'u1', true))
    expect(told('configmaps default/a')).toEqual([['delete', 'secrets/d', 'Background']])
    expect(told('secrets default/d')).toEqual([['delete', 'secrets/d', 'Background']])
  })
  test('dependents with dependents go the same way', () => {
    owner('a', 'u1', ending('foregroundDeletion'))
    owner('b', 'u2', { ownerReferences: [reference('a', 'u1', true)] })
    dependent('d', reference('b', 'u2'))
    expect(told('configmaps default/b')).toEqual([['delete', 'configmaps/b', 'Foreground']])
  })
  test('then the owner', () => {
    owner('a', 'u1', ending('foregroundDeletion', 'mine'))
    expect(told('configmaps default/a')).toEqual([['patch', 'configmaps/a', ['mine']]])
  })
  test('who does not block is not waited for', () => {
    owner('a', 'u1', ending('foregroundDeletion'))
    dependent('d', reference('a', 'u1'))
    expect(told('configmaps default/a')).toEqual([
      ['delete', 'secrets/d', 'Background'],
      ['patch', 'configmaps/a', null],
    ])
  })
  test('another owner keeps a dependent', () => {
    owner('a', 'u1', ending('foregroundDeletion'))
    owner('b', 'u2')
    dependent('d', reference('a', 'u1', true), reference('b', 'u2'))
    expect(told('configmaps default/a')).toEqual([['patch', 'secrets/d', ['b']]])
  })
})

test('orphaned: references first, then the finalizer', () => {
  owner('a', 'u1', ending('orphan'))
  dependent('d', reference('a', 'u1'))
  expect(told('configmaps default/a')).toEqual([['patch', 'secrets/d', null]])
  world.change('secrets', 'default/d', { metadata: { ownerReferences: null } })
  expect(told('configmaps default/a')).toEqual([['patch', 'configmaps/a', null]])
})

test('which changes matter: heartbeats of leases do not', () => {
  const controller = garbageController()
  const keys = (resource: string, previous: object | undefined, object: object) => [
    ...(controller.observes
      .find((each) => each.resource === resource)
      ?.keysOf(
        {
          type: previous ? 'MODIFIED' : 'ADDED',
          resource,
          revision: 1,
          object: object as never,
          ...(previous ? { previous: previous as never } : {}),
        },
        world.view,
      ) ?? []),
  ]
  const lease = { metadata: { name: 'n', namespace: 'l', ownerReferences: [reference('a', 'u1')] } }
  expect(keys('leases.coordination.k8s.io', undefined, lease)).toEqual(['leases.coordination.k8s.io l/n'])
  expect(keys('leases.coordination.k8s.io', lease, { ...lease, spec: { renewTime: 'now' } })).toEqual([])
})

describe('pods that nobody will end', () => {
  const pod = (name: string, nodeName?: string, more: object = {}) =>
    world.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', ...more },
      spec: { containers: [], ...(nodeName ? { nodeName } : {}) },
    })
  const requests = (controller: Controller, key: string) =>
    decide(controller, key).wishes.map(({ request: { verb, name, subresource } }) =>
      `${verb} ${name} ${subresource ?? ''}`.trim(),
    )

  test('a node that is gone has 40 s to come back [N10]', () => {
    const controller = podGcController()
    pod('p', 'lost')
    expect(decide(controller, 'node lost')).toEqual({ wishes: [], againAfterMs: 40_000 })
    world.nowMs += 39_999
    expect(decide(controller, 'node lost')).toEqual({ wishes: [], againAfterMs: 1 })
    world.nowMs += 1
    expect(requests(controller, 'node lost')).toEqual(['patch p status', 'delete p'])
  })
  test('a node that came back begins its time anew when it goes again', () => {
    const controller = podGcController()
    pod('p', 'lost')
    decide(controller, 'node lost')
    world.create('nodes', readyNode('lost'))
    decide(controller, 'node lost')
    world.remove('nodes', 'lost')
    world.nowMs += 60_000
    expect(decide(controller, 'node lost').againAfterMs).toBe(40_000)
  })
  test('told to end before it had a node', () => {
    pod('p', undefined, { deletionTimestamp: 'now' })
    pod('bound', 'lost', { deletionTimestamp: 'now' })
    expect(requests(podGcController(), 'default/p')).toEqual(['patch p status', 'delete p'])
    expect(requests(podGcController(), 'default/bound')).toEqual([])
  })
})
