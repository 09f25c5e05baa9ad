// A namespace that ends: pods first, then the rest, then itself; and what it says meanwhile.
import { beforeEach, expect, test } from 'vitest'
import { namespaceController } from '../../actors/master/controllers/namespace/namespace.ts'
import { bodyOf, ControllerWorld, seeded } from '../machines/controller-world.ts'

let world: ControllerWorld
beforeEach(() => {
  world = new ControllerWorld()
})
const namespace = (more: object = {}) =>
  world.create('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', deletionTimestamp: 'now', ...more },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Terminating' },
  })
const make = (resource: string, kind: string, name: string, more: object = {}) =>
  world.create(resource, { apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', ...more }, spec: {} })
const decision = () => namespaceController().decide('shop', { view: world.view, nowMs: world.nowMs, random: seeded(1) })
const told = () =>
  decision()
    .wishes.map(({ request: { verb, resource, name, subresource } }) => `${verb} ${resource}/${name} ${subresource ?? ''}`.trim())
    .filter((each) => !each.endsWith('status'))
const conditions = () => {
  const [wish] = decision().wishes
  const { status } = bodyOf<{ status: { conditions: { type: string; status: string; message: string }[] } }>(wish?.request)
  return Object.fromEntries(
    status.conditions.map(({ type, status, message }) => [type.replace('Namespace', ''), `${status} ${message}`]),
  )
}

test('one that does not end is left alone', () => {
  namespace({ deletionTimestamp: undefined })
  make('pods', 'Pod', 'p')
  expect(told()).toEqual([])
})

test('pods go before everything else [C6]', () => {
  namespace()
  make('pods', 'Pod', 'p')
  make('secrets', 'Secret', 's')
  expect(told()).toEqual(['delete pods/p'])
})

test('what is going already is only waited for', () => {
  namespace()
  make('pods', 'Pod', 'p', { deletionTimestamp: 'now' })
  make('secrets', 'Secret', 's')
  expect(told()).toEqual([])
  world.remove('pods', 'shop/p')
  expect(told()).toEqual(['delete secrets/s'])
})

test('empty, it is let go', () => {
  namespace()
  expect(told()).toEqual(['update namespaces/shop finalize'])
  const { body } = decision().wishes.find(({ request }) => request.subresource === 'finalize')?.request ?? {}
  expect(body).toMatchObject({ value: { spec: { finalizers: [] } } })
})

test('says what remains and who holds it [C6]', () => {
  namespace()
  make('secrets', 'Secret', 's', { finalizers: ['example.com/mine'] })
  make('secrets', 'Secret', 't')
  expect(conditions()).toMatchObject({
    ContentRemaining: 'True Some resources are remaining: secrets has 2 resource instances',
    FinalizersRemaining: 'True Some content in the namespace has finalizers remaining: example.com/mine in 1 resource instances',
    DeletionContentFailure: 'False All content successfully deleted, may be waiting on finalization',
  })
})
