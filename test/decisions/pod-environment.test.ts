// What a container gets as its environment, its volumes and its mounts.
import { describe, expect, test } from 'vitest'
import { fieldOf, resourceOf } from '../../actors/pod/downward.ts'
import { type EnvironmentFacts, environmentOf, expand, serviceVariables } from '../../actors/pod/environment.ts'
import { mountsOf, planVolume, referencesOf } from '../../actors/pod/volume-files.ts'
import type { ConfigMap, Container, Pod, Secret, Service, Volume } from '../../model/schema/kinds/core-v1.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', uid: 'pod-1', labels: { app: 'web', b: 'x"y' }, annotations: { note: 'n' } },
  spec: {
    ...{ nodeName: 'node-1', serviceAccountName: 'runner' },
    containers: [{ name: 'web', resources: { limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '250m' } } }],
  },
}
const host = { podIp: '127.64.1.5', hostIp: '127.0.0.1', allocatable: { cpu: '4', memory: '8Gi' } }
const configMaps: Record<string, ConfigMap> = {
  settings: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
    data: { COLOR: 'red', 'log.level': 'debug' },
    binaryData: { raw: base64('\u0001') },
  },
}
const secrets: Record<string, Secret> = {
  login: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, data: { USER: base64('ann'), PASSWORD: base64('pä') } },
}
const facts: EnvironmentFacts = {
  pod,
  host,
  services: [],
  configMap: (name) => configMaps[name],
  secret: (name) => secrets[name],
}
const env = (container: Partial<Container>): Record<string, string> => environmentOf({ name: 'web', ...container }, facts)

describe('expand', () => {
  const known = (name: string) => ({ A: '1', B: '$(A)' })[name]
  test.each([
    ['$(A)', '1'],
    ['x$(A)y$(A)', 'x1y1'],
    ['$(MISSING)', '$(MISSING)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$A', '$A'],
    ['$(A', '$(A'],
    ['$(B)', '$(A)'],
    ['cost: 5$', 'cost: 5$'],
  ])('%s → %s', (value, expanded) => expect(expand(value, known)).toBe(expanded))
})

describe('env', () => {
  test('later values see earlier ones, and later names win', () => {
    const list = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)-$(C)' },
      { name: 'C', value: '3' },
      { name: 'A', value: '2' },
    ]
    expect(env({ env: list })).toEqual({ A: '2', B: '1-$(C)', C: '3' })
  })

  test('whole ConfigMaps and Secrets, with a prefix, overruled by single values', () => {
    const envFrom = [{ configMapRef: { name: 'settings' } }, { prefix: 'DB_', secretRef: { name: 'login' } }]
    expect(env({ envFrom, env: [{ name: 'COLOR', value: 'blue' }] })).toEqual({
      ...{ COLOR: 'blue', 'log.level': 'debug', DB_USER: 'ann', DB_PASSWORD: 'pä' },
    })
  })

  test.each([
    [{ configMapKeyRef: { name: 'settings', key: 'COLOR' } }, 'red'],
    [{ secretKeyRef: { name: 'login', key: 'PASSWORD' } }, 'pä'],
    [{ fieldRef: { fieldPath: 'status.podIP' } }, '127.64.1.5'],
    [{ resourceFieldRef: { resource: 'limits.cpu' } }, '4'],
    [{ resourceFieldRef: { containerName: 'web', resource: 'limits.cpu', divisor: '1m' } }, '1500'],
    [{ configMapKeyRef: { name: 'settings', key: 'absent', optional: true } }, undefined],
    [{ secretKeyRef: { name: 'absent', key: 'x', optional: true } }, undefined],
  ])('%j → %j', (valueFrom, value) => expect(env({ env: [{ name: 'X', valueFrom }] }).X).toBe(value))

  test.each([
    [{ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'absent', key: 'x' } } }] }, 'configmap "absent" not found'],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'absent', key: 'x' } } }] }, 'secret "absent" not found'],
    [
      { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'y' } } }] },
      "couldn't find key y in ConfigMap shop/settings",
    ],
    [
      { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'login', key: 'y' } } }] },
      "couldn't find key y in Secret shop/login",
    ],
    [{ envFrom: [{ configMapRef: { name: 'absent' } }] }, 'configmap "absent" not found'],
    [{ envFrom: [{ secretRef: { name: 'absent' } }] }, 'secret "absent" not found'],
  ])('%j is refused: %s', (container, message) => expect(() => env(container)).toThrow(message))
})

describe('variables of Services', () => {
  const service = (namespace: string, name: string, spec: Service['spec']): Service => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec,
  })
  const kubernetes = service('default', 'kubernetes', { clusterIP: '127.1.0.1', ports: [{ name: 'https', port: 443 }] })
  const redis = service('shop', 'redis-master', {
    clusterIP: '127.1.0.9',
    ports: [
      { name: 'tcp-main', port: 6379 },
      { port: 53, protocol: 'UDP' },
    ],
  })

  test('as Docker links made them', () => {
    expect(serviceVariables([redis], pod)).toEqual({
      REDIS_MASTER_SERVICE_HOST: '127.1.0.9',
      REDIS_MASTER_SERVICE_PORT: '6379',
      REDIS_MASTER_SERVICE_PORT_TCP_MAIN: '6379',
      REDIS_MASTER_PORT: 'tcp://127.1.0.9:6379',
      REDIS_MASTER_PORT_6379_TCP: 'tcp://127.1.0.9:6379',
      REDIS_MASTER_PORT_6379_TCP_PROTO: 'tcp',
      REDIS_MASTER_PORT_6379_TCP_PORT: '6379',
      REDIS_MASTER_PORT_6379_TCP_ADDR: '127.1.0.9',
      REDIS_MASTER_PORT_53_UDP: 'udp://127.1.0.9:53',
      REDIS_MASTER_PORT_53_UDP_PROTO: 'udp',
      REDIS_MASTER_PORT_53_UDP_PORT: '53',
      REDIS_MASTER_PORT_53_UDP_ADDR: '127.1.0.9',
    })
  })

  test.each([
    ['the API itself, from any namespace', kubernetes, {}, true],
    ['one of the same namespace', redis, {}, true],
    ['one of another namespace', service('other', 'db', redis.spec), {}, false],
    ['a headless one', service('shop', 'db', { clusterIP: 'None', ports: [{ port: 1 }] }), {}, false],
    ['without links: none of the namespace', redis, { enableServiceLinks: false }, false],
    ['without links: the API all the same', kubernetes, { enableServiceLinks: false }, true],
  ])('%s', (_what, which, spec, has) => {
    const variables = serviceVariables([which], { ...pod, spec: { containers: [], ...spec } })
    expect(Object.keys(variables).length > 0).toBe(has)
  })
})

describe('the pod’s own fields', () => {
  test.each([
    ['metadata.name', 'web-1'],
    ['metadata.namespace', 'shop'],
    ['metadata.uid', 'pod-1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.annotations['note']", 'n'],
    ["metadata.labels['absent']", ''],
    ['metadata.labels', 'app="web"\nb="x\\"y"'],
    ['spec.nodeName', 'node-1'],
    ['spec.serviceAccountName', 'runner'],
    ['status.hostIP', '127.0.0.1'],
    ['status.podIPs', '127.64.1.5'],
  ])('%s → %j', (path, value) => expect(fieldOf(path, pod, host)).toBe(value))

  const [container] = pod.spec?.containers ?? []
  test.each([
    ['limits.cpu', undefined, '2'],
    ['limits.cpu', '1m', '1500'],
    ['limits.memory', '1Mi', '64'],
    ['limits.memory', undefined, '67108864'],
    ['requests.cpu', '1m', '250'],
    ['requests.memory', '1Mi', '64'],
    ['limits.ephemeral-storage', undefined, '0'],
  ])('%s by %s → %s', (resource, divisor, value) => {
    expect(resourceOf({ resource, ...(divisor ? { divisor } : {}) }, container as Container, host)).toBe(value)
  })
})

describe('volumes', () => {
  const plan = (volume: Omit<Volume, 'name'>) => planVolume({ name: 'v', ...volume }, facts)
  test.each<[Omit<Volume, 'name'>, object]>([
    [{ emptyDir: {} }, { kind: 'directory', source: { kind: 'emptyDir' } }],
    [
      { hostPath: { path: '/srv', type: 'Directory' } },
      { kind: 'directory', source: { kind: 'hostPath', path: '/srv', type: 'Directory' } },
    ],
    [
      { configMap: { name: 'settings', items: [{ key: 'COLOR', path: 'deep/color', mode: 0o400 }] } },
      { files: [{ path: 'deep/color', content: 'red', mode: 0o400 }] },
    ],
    [{ configMap: { name: 'absent', optional: true } }, { kind: 'files', files: [] }],
    [
      { downwardAPI: { items: [{ path: 'cpu', resourceFieldRef: { containerName: 'web', resource: 'limits.cpu' } }] } },
      { files: [{ path: 'cpu', content: '2' }] },
    ],
    [
      {
        projected: {
          sources: [
            { configMap: { name: 'settings', items: [{ key: 'COLOR', path: 'x' }] } },
            { downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'metadata.name' } }] } },
          ],
        },
      },
      { files: [{ path: 'x', content: 'web-1', mode: 0o644 }] },
    ],
  ])('%j', (volume, expected) => expect(plan(volume)).toMatchObject(expected))

  test('a Secret, with the mode of the volume', () => {
    const made = plan({ secret: { secretName: 'login', defaultMode: 0o400 } })
    if (made.kind !== 'files') throw new Error('unreachable')
    expect(made.files.map(({ path, content, mode }) => [path, Buffer.from(content).toString(), mode])).toEqual([
      ['USER', 'ann', 0o400],
      ['PASSWORD', 'pä', 0o400],
    ])
  })

  test.each<[Omit<Volume, 'name'>, string]>([
    [{ configMap: { name: 'absent' } }, 'configmap "absent" not found'],
    [{ secret: { secretName: 'absent' } }, 'secret "absent" not found'],
    [{ configMap: { name: 'settings', items: [{ key: 'no', path: 'p' }] } }, 'configmap references non-existent config key: no'],
    [{ persistentVolumeClaim: { claimName: 'disk' } }, 'volume v is of a kind that this node does not know'],
  ])('%j is refused: %s', (volume, message) => expect(() => plan(volume)).toThrow(message))

  test('mounts, with paths that the environment completes', () => {
    const mounts = mountsOf(
      {
        name: 'web',
        volumeMounts: [
          { name: 'a', mountPath: '/a', subPathExpr: '$(POD)/x' },
          { name: 'b', mountPath: '/b', subPath: 's' },
        ],
      },
      { POD: 'web-1' },
    )
    expect(mounts).toEqual([
      { volume: 'a', mountPath: '/a', subPath: 'web-1/x' },
      { volume: 'b', mountPath: '/b', subPath: 's' },
    ])
  })

  test('everything that a pod refers to is found, each once', () => {
    const refers: Pod = {
      ...pod,
      spec: {
        initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'c1' } }, { secretRef: { name: 's1' } }] }],
        containers: [
          {
            name: 'w',
            env: [
              { name: 'A', valueFrom: { configMapKeyRef: { name: 'c2', key: 'k' } } },
              { name: 'B', valueFrom: { secretKeyRef: { name: 's2', key: 'k' } } },
            ],
          },
        ],
        volumes: [
          { name: 'a', configMap: { name: 'c1' } },
          { name: 'b', secret: { secretName: 's3' } },
          { name: 'c', projected: { sources: [{ configMap: { name: 'c3' } }, { secret: { name: 's4' } }] } },
        ],
      },
    }
    expect(referencesOf(refers)).toEqual({ configMaps: ['c1', 'c2', 'c3'], secrets: ['s1', 's2', 's3', 's4'] })
  })
})
