// A whole cluster in one thread on one heap of deadlines: the real Master, the real agents, the real messages; simulated
// are only time, chance, the network, the disk and the containers. The same seed gives the same run.
import type { ApiAnswer, ApiClient, ApiRequest } from '../../actors/ports/api.ts'
import type { Host } from '../../actors/ports/host.ts'
import type { View } from '../../actors/ports/view.ts'
import { type KubeObject, parseApiVersion } from '../../model/object.ts'
import { resourceForKind } from '../../model/schema/resources.ts'
import type { SimulatedImage } from '../containers/simulated/behaviour.ts'
import { createMaster, type MasterParts } from '../master.ts'
import { rangesOf } from '../network/claims.ts'
import { seededIds, seededRandom } from '../random.ts'
import { createMemoryStore } from '../store/memory.ts'
import { Fingerprint, fingerprinted } from './fingerprint.ts'
import { HeapClock } from './heap-clock.ts'
import { SimulatedNode } from './simulated-node.ts'
import { Transcript } from './transcript.ts'

export interface WorldOptions {
  readonly seed: number
  readonly nodes: number
  readonly images?: Readonly<Record<string, SimulatedImage>>
  readonly detection?: 'fast' | 'stock'
}

const START_MS = 1_767_225_600_000 // 2026-01-01T00:00:00Z
const ADMINISTRATOR = { name: 'simulation', groups: ['system:masters'] }

export class World {
  readonly nodes = new Map<string, SimulatedNode>()
  readonly transcript: Transcript
  readonly fingerprint = new Fingerprint()
  readonly api: ApiClient
  readonly view: View
  readonly #clock = new HeapClock(START_MS)
  readonly #master: MasterParts

  constructor({ seed, nodes, images = {}, detection = 'fast' }: WorldOptions) {
    const random = seededRandom(seed)
    const host: Host = { clock: this.#clock, defer: this.#clock.defer, random, ids: seededIds(random.stream('ids')) }
    this.#master = createMaster({
      host,
      detection,
      store: fingerprinted(createMemoryStore(host), this.fingerprint),
      clusterId: 'simulated',
      ranges: rangesOf(1),
      address: { host: '127.0.0.1', port: 6443 },
      authority: 'simulated',
    })
    this.view = this.#master.engine.state
    this.api = this.#master.engine.as(ADMINISTRATOR)
    this.transcript = new Transcript(this.view, () => this.nowMs)
    this.#master.onServing(() => {})
    for (let n = 1; n <= nodes; n++) {
      const name = `node-${n}`
      const node = new SimulatedNode({ host, name, hub: this.#master.hub, fingerprint: this.fingerprint, images, detection })
      this.nodes.set(name, node)
      node.start()
    }
  }

  /** Simulated milliseconds since the start. */
  get nowMs(): number {
    return this.#clock.now() - START_MS
  }

  node(name: string): SimulatedNode {
    const node = this.nodes.get(name)
    if (!node) throw new Error(`there is no node ${name}, only ${[...this.nodes.keys()].join(', ')}`)
    return node
  }

  advance(ms: number): void {
    this.#clock.advanceTo(this.#clock.now() + ms)
  }

  /** Lets time go on until it holds. Throws, with what it was, when it does not hold in time. */
  until(what: string, holds: () => boolean, withinMs = 60_000): void {
    const untilMs = this.#clock.now() + withinMs
    while (!holds()) {
      if (!this.#clock.step(untilMs))
        throw new Error(`after ${withinMs} ms it is not so that ${what}\n${this.transcript.lines.slice(-30).join('\n')}`)
    }
  }

  /** Asks and waits, in simulated time. */
  ask(request: ApiRequest): ApiAnswer {
    let answer: ApiAnswer | undefined
    this.api.request(request, (given) => {
      answer = given
    })
    this.until('the API has answered', () => answer !== undefined)
    return answer as ApiAnswer
  }

  /** Creates an object. Throws when the API refuses it. */
  create(object: KubeObject): KubeObject {
    const resource = resourceForKind(object.apiVersion, object.kind)
    if (!resource) throw new Error(`there is no kind ${object.kind} in ${object.apiVersion}`)
    const namespace = resource.namespaced ? (object.metadata.namespace ?? 'default') : ''
    this.transcript.act(`create ${resource.singular} ${object.metadata.name}`)
    const answer = this.ask({
      verb: 'create',
      ...parseApiVersion(object.apiVersion),
      resource: resource.plural,
      namespace,
      body: { contentType: 'application/json', value: object },
    })
    if (!answer.ok) throw new Error(answer.status.message)
    return answer.object
  }

  patch(apiVersion: string, kind: string, name: string, patch: object): KubeObject {
    const resource = resourceForKind(apiVersion, kind)
    if (!resource) throw new Error(`there is no kind ${kind} in ${apiVersion}`)
    this.transcript.act(`patch ${resource.singular} ${name} ${JSON.stringify(patch)}`)
    const answer = this.ask({
      verb: 'patch',
      ...parseApiVersion(apiVersion),
      resource: resource.plural,
      namespace: resource.namespaced ? 'default' : '',
      name,
      body: { contentType: 'application/strategic-merge-patch+json', value: patch as KubeObject },
    })
    if (!answer.ok) throw new Error(answer.status.message)
    return answer.object
  }
}
