// A machine of the simulated world: what stays when its agent dies (containers), what does not (the agent), and its cable.
import type { MachineFacts } from '../../actors/kubelet/kubelet.protocol.ts'
import type { Host } from '../../actors/ports/host.ts'
import type { Listener, Network } from '../../actors/ports/network.ts'
import { memoryPipes } from '../../transports/memory.ts'
import type { Pipe } from '../../transports/transport.ts'
import type { SimulatedImage } from '../containers/simulated/behaviour.ts'
import { createSimulatedRuntime, SimulatedMachine, type SimulatedRuntime } from '../containers/simulated/runtime.ts'
import type { Hub } from '../link/hub.ts'
import { createNode, type NodeParts } from '../node.ts'
import type { Fingerprint } from './fingerprint.ts'

/** One way, of a message in a quiet network. */
const DELAY_MS = [0.1, 0.6] as const

export interface SimulatedNodeOptions {
  readonly host: Host
  readonly name: string
  readonly hub: Hub
  readonly fingerprint: Fingerprint
  readonly images: Readonly<Record<string, SimulatedImage>>
  readonly detection: 'fast' | 'stock'
}

export class SimulatedNode {
  readonly name: string
  /** What its proxy serves now, by key. */
  readonly listeners = new Map<string, Listener>()
  readonly #options: SimulatedNodeOptions
  readonly #machine = new SimulatedMachine()
  #runtime: SimulatedRuntime | undefined
  #agent: NodeParts | undefined
  #pipe: Pipe | undefined
  #isCutOff = false
  #starts = 0

  constructor(options: SimulatedNodeOptions) {
    this.name = options.name
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#agent !== undefined
  }

  /** Containers that run now: `uid.name.attempt`. */
  get running(): readonly string[] {
    return [...this.#machine.containers.values()]
      .filter((each) => each.startedAtMs !== undefined && !each.exit)
      .map(({ id }) => id)
  }

  start(): void {
    if (this.#agent) return
    const { host, name, images, detection } = this.#options
    this.#starts += 1
    // An agent that is started again draws other numbers, but the same ones in every run.
    const own: Host = { ...host, random: host.random.stream(`${name}/${this.#starts}`) }
    this.#runtime = createSimulatedRuntime({ host: own, nodeName: name, machine: this.#machine, images })
    this.#agent = createNode({
      ...{ host: own, nodeName: name, runtime: this.#runtime, prober: this.#runtime.prober, detection },
      network: this.#network(),
      machine: FACTS,
      dial: (dialled) => this.#dial(own, dialled),
      serve: () => ({}),
    })
    this.#agent.start()
  }

  /** The agent is gone from one instant to the next; its containers run on. */
  killAgent(): void {
    this.#agent?.abandon()
    this.#agent = undefined
    this.#pipe?.close('the agent was killed')
    this.listeners.clear()
  }

  /** The machine is gone: agent and containers. */
  kill(): void {
    this.#runtime?.stopAll()
    this.killAgent()
  }

  cutOff(): void {
    this.#isCutOff = true
    this.#pipe?.close('the network is cut')
  }

  reconnect(): void {
    this.#isCutOff = false
  }

  #dial(host: Host, dialled: (result: { pipe: Pipe } | { failed: string }) => void): () => void {
    const { hub, fingerprint } = this.#options
    const chance = host.random.stream('delays')
    const delayMs = () => DELAY_MS[0] + chance.next() * (DELAY_MS[1] - DELAY_MS[0])
    const timer = host.clock.setTimeout(() => {
      if (this.#isCutOff) return dialled({ failed: 'the network is cut' })
      const [mine, theirs] = memoryPipes({
        timers: host.clock,
        delayMs,
        delivered: (direction, bytes) => {
          const [from, to] = direction === 'there' ? [this.name, 'master'] : ['master', this.name]
          fingerprint.delivered(from, to, bytes, host.clock.now())
        },
      })
      this.#pipe = mine
      hub.accept(theirs, this.name)
      dialled({ pipe: mine })
    }, delayMs())
    return () => host.clock.clearTimeout(timer)
  }

  #network(): Network {
    const { host } = this.#options
    return {
      program: ({ set, removed }, programmed) => {
        for (const key of removed) this.listeners.delete(key)
        for (const listener of set) this.listeners.set(listener.key, listener)
        host.defer(() => programmed([]))
      },
      close: (closed) => {
        this.listeners.clear()
        host.defer(closed)
      },
    }
  }
}

const FACTS: MachineFacts = {
  hostIp: '127.0.0.1',
  hostname: 'simulated',
  operatingSystem: 'linux',
  architecture: 'amd64',
  kernelVersion: '6.0.0',
  osImage: 'Simulated',
  machineId: 'simulated',
  bootId: 'simulated',
  cpus: 8,
  memoryBytes: 16 * 1024 ** 3,
  storageBytes: 100 * 1024 ** 3,
}
