// Who may do what. A node's credential reads only what its pods need and writes only itself and its pods [I34].
import { expect, test } from 'vitest'
import type { User } from '../../actors/master/api/api.protocol.ts'
import type { Attributes } from '../../actors/master/api/authorise.ts'
import { ApiWorld, configMap, on, patching, pod } from './api-world.ts'

const NODE: User = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] }

function world() {
  const world = new ApiWorld()
  const made = (name: string, nodeName: string | undefined, spec: object = {}) =>
    world.create(pod(name, { ...(nodeName ? { nodeName } : {}), ...spec }))
  made('mine', 'n1', {
    serviceAccountName: 'account',
    imagePullSecrets: [{ name: 'pull' }],
    volumes: [
      { name: 'a', secret: { secretName: 'volume' } },
      { name: 'b', configMap: { name: 'config' } },
      { name: 'c', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }] } },
    ],
    initContainers: [
      { name: 'init', image: 'i', envFrom: [{ secretRef: { name: 'env-from' } }, { configMapRef: { name: 'env-from' } }] },
    ],
    containers: [
      {
        name: 'main',
        image: 'i',
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'env', key: 'k' } } },
        ],
      },
    ],
  })
  made('theirs', 'n2', { volumes: [{ name: 'a', secret: { secretName: 'other' } }] })
  made('waiting', undefined)
  return world
}

const ask = (text: string): Attributes => {
  const [verb = '', path = '', fieldSelector] = text.split(' ')
  const [resourceAndGroup = '', place = ''] = path.split(':')
  const [resource = '', ...group] = resourceAndGroup.split('.')
  const [namespace = '', name = '', subresource = ''] = place.split('/')
  return {
    verb,
    resource,
    group: group.join('.'),
    version: 'v1',
    namespace,
    name,
    subresource,
    ...(fieldSelector ? { fieldSelector } : {}),
  }
}

test.each([
  'get pods:default/mine',
  'delete pods:default/mine',
  'patch pods:default/mine/status',
  'watch pods: spec.nodeName=n1',
  'list pods:default spec.nodeName=n1',
  'get nodes:/n1',
  'create nodes:',
  'patch nodes:/n1/status',
  'update leases.coordination.k8s.io:kube-node-lease/n1',
  'create leases.coordination.k8s.io:kube-node-lease',
  'create events:default',
  'watch services:',
  'watch endpointslices.discovery.k8s.io:',
  'get secrets:default/volume',
  'get secrets:default/projected',
  'get secrets:default/pull',
  'get secrets:default/env',
  'get secrets:default/env-from',
  'get configmaps:default/config',
  'get configmaps:default/projected',
  'get configmaps:default/env',
  'get configmaps:default/env-from',
  'get serviceaccounts:default/account',
])('a node may %s', (text) => {
  expect(world().engine.authorize(NODE, ask(text))).toBeUndefined()
})

test.each([
  'get pods:default/theirs',
  'get pods:default/waiting',
  'get pods:default/none',
  'delete pods:default/theirs',
  'patch pods:default/mine',
  'patch pods:default/theirs/status',
  'create pods:default',
  'create pods:default/mine/binding',
  'watch pods:',
  'list pods: spec.nodeName=n2',
  'watch pods: spec.nodeName!=n1',
  'patch nodes:/n2/status',
  'delete nodes:/n1',
  'update leases.coordination.k8s.io:kube-node-lease/n2',
  'update leases.coordination.k8s.io:default/n1',
  'get secrets:default/other',
  'get secrets:kube-system/volume',
  'list secrets:default',
  'watch configmaps:default',
  'update secrets:default/volume',
  'get serviceaccounts:default/default',
  'create services:default',
  'list deployments.apps:default',
  'delete events:default/e',
])('a node may not %s', (text) => {
  expect(world().engine.authorize(NODE, ask(text))).toMatchObject({ code: 403, reason: 'Forbidden' })
})

test('a node makes no other node than itself', () => {
  const at = world()
  const node = (name: string) => on('create', { apiVersion: 'v1', kind: 'Node', metadata: { name } })
  expect(at.outcome(node('n2'), NODE)).toMatch(/^403 Forbidden/)
  expect(at.outcome(node('n1'), NODE)).toBe('201')
})

test("administrators and the Master's own do everything, the rest nothing, in Kubernetes' words [A20]", () => {
  const at = world()
  const everyone = { name: 'jane', groups: ['system:authenticated'] }
  for (const user of [
    { name: 'x', groups: ['system:masters'] },
    { name: 'system:kube-scheduler', groups: [] },
    { name: 'system:serviceaccount:kube-system:deployment-controller', groups: [] },
  ]) {
    expect(at.engine.authorize(user, ask('delete secrets:default/other'))).toBeUndefined()
  }
  expect(at.outcome(on('create', configMap('a')), everyone)).toBe(
    '403 Forbidden: configmaps is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "default"',
  )
  expect(at.outcome(patching('Deployment', 'web', {}, 'scale'), everyone)).toBe(
    '403 Forbidden: deployments.apps "web" is forbidden: User "jane" cannot patch resource "deployments/scale" in API group "apps" in the namespace "default"',
  )
  expect(at.watch('ConfigMap', {}, everyone).told[0]).toMatch(/^ended 403 .*cannot watch resource/)
  const impostor = { name: 'system:node:n1', groups: ['system:authenticated'] }
  expect(at.engine.authorize(impostor, ask('get nodes:/n1'))).toMatchObject({ code: 403 })
})
