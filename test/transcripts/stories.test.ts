// Whole clusters in simulated time: what happens, as text, for a seed; and the same seed twice is the same run to the byte.
import { describe, expect, it } from 'vitest'
import type { Deployment } from '../../model/schema/kinds/apps-v1.ts'
import type { Node, Pod } from '../../model/schema/kinds/core-v1.ts'
import { World } from '../../runtime/simulation/world.ts'
import { expectGolden } from './golden.ts'

const isTrue = (object: Pod | Node, type: string): boolean =>
  (object.status?.conditions as readonly { type: string; status: string }[] | undefined)?.some(
    (each) => each.type === type && each.status === 'True',
  ) ?? false

const readyNodes = (world: World): number =>
  [...world.view.list<Node>('nodes')].filter((node) => isTrue(node, 'Ready') && !node.spec?.taints?.length).length

const livePods = (world: World): Pod[] =>
  [...world.view.list<Pod>('pods', 'default')].filter(({ metadata }) => !metadata.deletionTimestamp)
const readyPods = (world: World): Pod[] => livePods(world).filter((pod) => isTrue(pod, 'Ready'))

function cluster(seed: number, nodes = 3): World {
  const world = new World({ seed, nodes })
  world.until('all nodes are ready', () => readyNodes(world) === nodes)
  return world
}

const template = (image: string) => ({ metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } })

function deploy(world: World, replicas: number): void {
  const spec = { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web:1') }
  world.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec })
  world.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  })
  world.until('the deployment is available', () => readyPods(world).length === replicas)
}

const update = (world: World, image: string) =>
  world.patch('apps/v1', 'Deployment', 'web', { spec: { template: template(image) } })

const isRolledOut = (world: World, image: string): boolean => {
  const { spec, status } = world.view.get<Deployment>('deployments.apps', 'default', 'web') ?? {}
  const pods = livePods(world)
  return (
    status?.updatedReplicas === spec?.replicas &&
    status?.replicas === spec?.replicas &&
    pods.every((pod) => pod.spec?.containers[0]?.image === image && isTrue(pod, 'Ready'))
  )
}

const STORIES: Readonly<Record<string, (seed: number) => World>> = {
  deploy: (seed) => {
    const world = cluster(seed)
    deploy(world, 3)
    world.advance(1_000)
    return world
  },
  'rolling-update': (seed) => {
    const world = cluster(seed)
    deploy(world, 4)
    update(world, 'web:2')
    world.until('web:2 is rolled out', () => isRolledOut(world, 'web:2'))
    world.advance(1_000)
    return world
  },
  'node-lost': (seed) => {
    const world = cluster(seed)
    deploy(world, 4)
    world.advance(10_000)
    world.transcript.act('node-2 dies')
    world.node('node-2').kill()
    world.until(
      'its pods are replaced',
      () => readyPods(world).length === 4 && readyPods(world).every((pod) => pod.spec?.nodeName !== 'node-2'),
    )
    world.advance(5_000)
    world.transcript.act('node-2 comes back')
    world.node('node-2').start()
    world.until(
      'node-2 is ready, and nothing is left of what it ran',
      () =>
        readyNodes(world) === 3 &&
        world.view.list<Pod>('pods', 'default')[Symbol.iterator]().next().done === false &&
        [...world.view.list<Pod>('pods', 'default')].length === 4,
    )
    world.advance(1_000)
    return world
  },
}

describe('stories', () => {
  for (const [name, tell] of Object.entries(STORIES)) {
    it(`${name}: as it is kept, and twice the same [S1]`, () => {
      const [first, second] = [tell(1), tell(1)]
      expect(second.fingerprint.toString()).toBe(first.fingerprint.toString())
      expectGolden(name, first.transcript.toString())
      expect(tell(2).fingerprint.toString()).not.toBe(first.fingerprint.toString())
    })
  }

  it('an agent that is started again within the time is not taken for a dead machine [N3]', () => {
    const world = cluster(3)
    deploy(world, 3)
    world.advance(10_000)
    const before = world.nodes
      .values()
      .flatMap(({ running }) => running)
      .toArray()
    const agents = world.node('node-1')
    agents.killAgent()
    world.advance(500)
    agents.start()
    world.advance(10_000)
    expect(
      world.nodes
        .values()
        .flatMap(({ running }) => running)
        .toArray(),
    ).toEqual(before)
    expect(readyPods(world)).toHaveLength(3)
    expect(livePods(world).flatMap(({ status }) => status?.containerStatuses?.map(({ restartCount }) => restartCount))).toEqual([
      0, 0, 0,
    ])
  })

  it('while one updates, never fewer available than allowed, and never more than the surge [I19]', () => {
    const world = cluster(4)
    deploy(world, 4)
    update(world, 'web:2')
    world.until('web:2 is rolled out', () => {
      expect(livePods(world).length).toBeLessThanOrEqual(5)
      expect(readyPods(world).length).toBeGreaterThanOrEqual(3)
      return isRolledOut(world, 'web:2')
    })
  })

  it('a network that is cut for a moment costs no pod; for long, its pods are replaced once [I28]', () => {
    const world = cluster(5)
    deploy(world, 3)
    world.advance(10_000)
    const uids = () => readyPods(world).map(({ metadata }) => metadata.uid)
    const before = uids()
    world.node('node-3').cutOff()
    world.advance(300)
    world.node('node-3').reconnect()
    world.advance(10_000)
    expect(uids()).toEqual(before)
    world.node('node-3').cutOff()
    world.until(
      'the pods are elsewhere',
      () => readyPods(world).length === 3 && readyPods(world).every(({ spec }) => spec?.nodeName !== 'node-3'),
    )
    world.advance(30_000)
    world.node('node-3').reconnect()
    world.until('what node-3 still ran is ended', () => world.node('node-3').running.length === 0)
    expect(readyPods(world)).toHaveLength(3)
  })
})
