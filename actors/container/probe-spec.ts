// A probe or hook as its manifest writes it, turned into an action on an address and numbers with their defaults.
import type { ExecAction, HTTPGetAction, Probe, TCPSocketAction } from '../../model/schema/kinds/core-v1.ts'
import type { ProbeAction } from '../ports/containers.ts'

export interface ProbeTimes {
  readonly initialDelayMs: number
  readonly periodMs: number
  readonly timeoutMs: number
  readonly successThreshold: number
  readonly failureThreshold: number
}

export const probeTimes = (probe: Probe): ProbeTimes => ({
  initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
  periodMs: (probe.periodSeconds || 10) * 1000,
  timeoutMs: (probe.timeoutSeconds || 1) * 1000,
  successThreshold: probe.successThreshold || 1,
  failureThreshold: probe.failureThreshold || 3,
})

interface Handler {
  readonly exec?: ExecAction
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: TCPSocketAction
}

export interface ProbeTarget {
  readonly containerId: string
  readonly podIp: string
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[]
}

/** Undefined for what asks nothing that we can do (grpc, a port name that does not exist): such a probe fails, with a message. */
export function probeAction(handler: Handler, target: ProbeTarget): ProbeAction | undefined {
  if (handler.exec) return { kind: 'exec', containerId: target.containerId, command: handler.exec.command ?? [] }
  const { httpGet, tcpSocket } = handler
  const port = portOf(httpGet?.port ?? tcpSocket?.port, target)
  if (port === undefined) return undefined
  if (httpGet) {
    return {
      kind: 'http',
      scheme: httpGet.scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
      host: httpGet.host || target.podIp,
      port,
      path: httpGet.path || '/',
      headers: httpGet.httpHeaders ?? [],
    }
  }
  return { kind: 'tcp', host: tcpSocket?.host || target.podIp, port }
}

function portOf(port: number | string | undefined, { ports }: ProbeTarget): number | undefined {
  if (typeof port === 'number') return port
  if (port === undefined) return undefined
  return ports.find(({ name }) => name === port)?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : undefined)
}
