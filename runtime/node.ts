// A node's agent, put together: the link it dials, the runtime of its containers, the sockets of Services, and the charts of
// Kubelet and Proxy that run on them.
import { createActor } from 'xstate'
import { kubeletMachine } from '../actors/kubelet/kubelet.machine.ts'
import type { MachineFacts } from '../actors/kubelet/kubelet.protocol.ts'
import { FAILURE_DETECTION } from '../actors/master/nodes/failure-detection.ts'
import type { ContainerRuntime, Prober } from '../actors/ports/containers.ts'
import type { Host } from '../actors/ports/host.ts'
import type { Network } from '../actors/ports/network.ts'
import { proxyMachine } from '../actors/proxy/proxy.machine.ts'
import { createNodeLink, type NodeLinkOptions } from './link/node-link.ts'

export interface NodeOptions {
  readonly host: Host
  readonly nodeName: string
  readonly dial: NodeLinkOptions['dial']
  /** Serves the streams that the Master opens; asked with what only the Kubelet knows. */
  readonly serve: (isOwnPod: (podUid: string, podIp: string) => boolean) => NodeLinkOptions['serve']
  readonly runtime: ContainerRuntime
  readonly prober: Prober
  readonly network: Network
  readonly machine: MachineFacts
  readonly detection: 'fast' | 'stock'
}

export interface NodeParts {
  start(): void
  /** Ends the node; its containers too, unless a successor is to adopt them. */
  stop(keepContainers: boolean, stopped: () => void): void
  /** As when the process is killed: nothing more is done or said. For simulations. */
  abandon(): void
}

export function createNode(options: NodeOptions): NodeParts {
  const { host, nodeName, runtime, prober, network, machine } = options
  const link = createNodeLink({
    nodeName,
    instance: host.ids.uid(),
    timers: host.clock,
    random: host.random.stream('dial'),
    dial: options.dial,
    serve: options.serve((uid, address) => kubelet.getSnapshot().context.surroundings.addresses.holds(uid, address)),
  })
  const { heartbeatMs, graceMs } = FAILURE_DETECTION[options.detection]
  const kubelet = createActor(kubeletMachine, {
    clock: host.clock,
    input: {
      nodeName,
      link,
      runtime,
      prober,
      clock: host.clock,
      machine,
      timings: { leaseMs: heartbeatMs, leaseDurationSeconds: Math.ceil(graceMs / 1000) },
    },
  })
  const proxy = createActor(proxyMachine, { clock: host.clock, input: { nodeName, link, network, host } })
  return {
    start() {
      kubelet.start()
      proxy.start()
      link.start()
    },
    stop(keepContainers, stopped) {
      kubelet.subscribe({
        complete: () => {
          // The proxy last: while pods drain, their connections live.
          proxy.subscribe({
            complete: () => {
              link.stop()
              stopped()
            },
          })
          proxy.send({ type: 'proxy.stop' })
        },
      })
      kubelet.send({ type: 'kubelet.stop', keepContainers })
    },
    abandon() {
      kubelet.stop()
      proxy.stop()
      link.stop()
    },
  }
}
