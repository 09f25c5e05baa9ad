// The charts that watch over Services: one Service's whole way, and what the Master tells nodes of pods that are going.
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createActor, type InspectionEvent } from 'xstate'
import { namespaceServicesMachine } from '../../actors/master/services/namespace-services.machine.ts'
import { serviceMachine } from '../../actors/master/services/service.machine.ts'
import { servicesMachine } from '../../actors/master/services/services.machine.ts'
import type { Host } from '../../actors/ports/host.ts'
import type { Change, View } from '../../actors/ports/view.ts'
import type { KubeObject } from '../../model/object.ts'
import { systemClock } from '../../runtime/clock.ts'
import { seededIds, seededRandom } from '../../runtime/random.ts'
import { TakenTransitions } from './transitions.ts'

const charts = [serviceMachine, namespaceServicesMachine, servicesMachine].map((machine) => new TakenTransitions(machine))
// That a Service's chart throws cannot be brought about from outside: it has no code that could.
const CANNOT_HAPPEN = /xstate\.error\.actor/
afterAll(() => expect(charts.flatMap(({ untaken }) => untaken).filter((name) => !CANNOT_HAPPEN.test(name))).toEqual([]))
const inspect = (event: InspectionEvent) => {
  for (const chart of charts) chart.inspect(event)
}

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const SLICES = 'endpointslices.discovery.k8s.io'

function start() {
  const objects = new Map<string, KubeObject>()
  const deferred: (() => void)[] = []
  const told: string[] = []
  let revision = 0
  let changed: ((change: Change) => void) | undefined
  const keyOf = (resource: string, { namespace, name }: { namespace?: string; name?: string }) =>
    `${resource} ${namespace ?? ''}/${name}`
  const view = {
    get: (resource: string, namespace: string, name: string) => objects.get(keyOf(resource, { namespace, name })),
    list: (resource: string) => [...objects].filter(([key]) => key.startsWith(`${resource} `)).map(([, object]) => object),
    observe: (_resources: readonly string[], heard: (change: Change) => void) => {
      changed = heard
      return { stop: () => (changed = undefined) }
    },
  } as unknown as View
  const random = seededRandom(1)
  const host: Host = { clock: systemClock, random, ids: seededIds(random), defer: (callback) => deferred.push(callback) }
  const settle = () => {
    for (let next = deferred.shift(); next; next = deferred.shift()) next()
  }
  const write = (resource: string, object: object) => {
    const made = object as KubeObject
    const key = keyOf(resource, made.metadata)
    const previous = objects.get(key)
    objects.set(key, made)
    changed?.({
      type: previous ? 'MODIFIED' : 'ADDED',
      resource,
      revision: ++revision,
      object: made,
      ...(previous ? { previous } : {}),
    })
    settle()
    return revision
  }
  const remove = (resource: string, name: string, namespace = 'default') => {
    const key = keyOf(resource, { name, namespace })
    const object = objects.get(key) as KubeObject
    objects.delete(key)
    changed?.({ type: 'DELETED', resource, revision: ++revision, object })
    settle()
    return revision
  }
  const actor = createActor(servicesMachine, {
    inspect,
    input: { view, host, links: { tell: (node, subject, body) => told.push(`${node} ${subject} ${JSON.stringify(body)}`) } },
  })
  actor.start()
  stops.push(() => actor.stop())
  settle()
  const namespaces = () => Object.keys(actor.getSnapshot().children).filter((id) => id !== 'observing view')
  const stateOf = (name: string, namespace = 'default') => {
    const supervisor = (actor.getSnapshot().children as Record<string, { getSnapshot(): unknown }>)[namespace]
    const { children } = (supervisor?.getSnapshot() ?? { children: {} }) as {
      children: Record<string, { getSnapshot(): unknown }>
    }
    return (children[`uid-${name}`]?.getSnapshot() as { value?: string } | undefined)?.value
  }
  const ready = (nodeName: string) => actor.send({ type: 'node.ready', nodeName })
  const lost = (nodeName: string) => actor.send({ type: 'node.lost', nodeName })
  const programmed = (nodeName: string, upTo: number) => actor.send({ type: 'proxy.programmed', nodeName, revision: upTo })
  return { actor, told, write, remove, namespaces, stateOf, ready, lost, programmed }
}

const service = (name: string, clusterIP = '127.1.128.9', namespace = 'default') => ({
  kind: 'Service',
  metadata: { namespace, name, uid: `uid-${name}` },
  spec: { clusterIP },
})
const slice = (of: string, pods: readonly string[]) => ({
  kind: 'EndpointSlice',
  metadata: { namespace: 'default', name: `${of}-1`, uid: 's', labels: { 'kubernetes.io/service-name': of } },
  endpoints: pods.map((uid) => ({ addresses: ['a'], targetRef: { kind: 'Pod', uid }, conditions: { ready: true } })),
})
const going = (uid: string) => ({
  kind: 'Pod',
  metadata: { namespace: 'default', name: uid, uid, deletionTimestamp: '2026-11-25T00:00:00Z' },
  spec: { nodeName: 'node-1' },
})

describe('a Service', () => {
  test('serves when every ready node has its newest state, and is let go the same way', () => {
    const { write, remove, stateOf, ready, programmed, namespaces } = start()
    ready('node-1')
    ready('node-2')
    const made = write('services', service('web'))
    expect(stateOf('web')).toBe('programming')
    programmed('node-1', made)
    expect(stateOf('web')).toBe('programming')
    programmed('node-2', made)
    expect(stateOf('web')).toBe('serving')
    const first = write(SLICES, slice('web', ['p']))
    const second = write(SLICES, slice('web', ['p', 'q']))
    programmed('node-1', second)
    programmed('node-2', first)
    expect(stateOf('web')).toBe('programming')
    programmed('node-2', second)
    expect(stateOf('web')).toBe('serving')
    const gone = remove('services', 'web')
    expect(stateOf('web')).toBe('releasing')
    programmed('node-1', gone)
    programmed('node-2', gone)
    expect(namespaces()).toEqual([])
  })

  test('does not wait for a node that is lost, nor serve where none is ready', () => {
    const { write, stateOf, ready, lost, programmed } = start()
    const made = write('services', service('web'))
    expect(stateOf('web')).toBe('programming')
    ready('node-1')
    ready('node-2')
    programmed('node-1', made)
    expect(stateOf('web')).toBe('programming')
    lost('node-2')
    expect(stateOf('web')).toBe('serving')
  })

  test('without an address of its own is no concern of the nodes', () => {
    const { write, namespaces } = start()
    write('services', service('headless', 'None'))
    expect(namespaces()).toEqual([])
  })

  test('may be removed before it was ever wanted', () => {
    const actor = createActor(serviceMachine, { inspect, input: { namespace: 'default', name: 'web', uid: 'u' } }).start()
    expect(actor.getSnapshot().value).toBe('pending')
    actor.send({ type: 'service.removed', revision: 3 })
    expect(actor.getSnapshot().value).toBe('releasing')
  })

  test('that comes back under its name is another one, and its namespace stays', () => {
    const { write, remove, stateOf, namespaces } = start()
    write('services', service('web'))
    remove('services', 'web')
    write('services', { ...service('web'), metadata: { namespace: 'default', name: 'web', uid: 'uid-second' } })
    expect([namespaces(), stateOf('web'), stateOf('second')]).toEqual([['default'], undefined, 'programming'])
  })

  test('lives in a namespace of any name', () => {
    const { write, namespaces, stateOf } = start()
    for (const namespace of ['view', 'observing', 'services']) write('services', service(namespace, '127.1.128.5', namespace))
    expect(namespaces()).toEqual(['view', 'observing', 'services'])
    expect(stateOf('view', 'view')).toBe('programming')
  })
})

describe('a pod that is going', () => {
  test('is told to stop when no node sends it connections any more', () => {
    const { write, told, ready, programmed } = start()
    write('services', service('web'))
    const listed = write(SLICES, slice('web', ['p', 'q']))
    ready('node-1')
    ready('node-2')
    programmed('node-1', listed)
    programmed('node-2', listed)
    write('pods', going('p'))
    const left = write(SLICES, slice('web', ['q']))
    programmed('node-1', left)
    expect(told).toEqual([])
    programmed('node-2', left)
    expect(told).toEqual(['node-1 pod.withdrawn {"uid":"p"}'])
  })

  test('does not wait for a node that is lost or whose Node is deleted', () => {
    for (const leaves of ['lost', 'deleted'] as const) {
      const { write, remove, told, ready, lost } = start()
      write('nodes', { kind: 'Node', metadata: { name: 'node-2' } })
      write(SLICES, slice('web', ['p']))
      ready('node-2')
      write('pods', going('p'))
      write(SLICES, slice('web', []))
      expect(told).toEqual([])
      if (leaves === 'lost') lost('node-2')
      else remove('nodes', 'node-2', '')
      expect(told).toHaveLength(1)
    }
  })

  test('is told again when its node has been away', () => {
    const { write, told, ready, lost } = start()
    write('pods', going('p'))
    expect(told).toHaveLength(1)
    lost('node-1')
    ready('node-1')
    expect(told).toHaveLength(2)
  })
})

test('stops', () => {
  const { actor, write, told } = start()
  actor.send({ type: 'services.stop' })
  write('pods', going('p'))
  expect([actor.getSnapshot().status, told]).toEqual(['done', []])
})
