// Which addresses and ports a Service takes and gives back when it is written.
import { invalidValue, Path } from '../../../../model/field.ts'
import type { KubeObject } from '../../../../model/object.ts'
import type { FieldError } from '../../../../model/status.ts'
import type { AllocationChanges, Allocations } from '../allocations.ts'

interface Port {
  name?: string
  port: number
  protocol?: string
  nodePort?: number
}
interface Spec {
  type?: string
  clusterIP?: string
  clusterIPs?: readonly string[] | null
  ipFamilies?: readonly string[] | null
  ipFamilyPolicy?: string
  internalTrafficPolicy?: string
  ports?: readonly Port[] | null
  allocateLoadBalancerNodePorts?: boolean
}

/** A load balancer that finds its pods by itself needs none, and says so. */
const wantsNodePorts = ({ type, allocateLoadBalancerNodePorts }: Spec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)

export type Allocated =
  | { readonly object: KubeObject; readonly changes: AllocationChanges }
  | { readonly errors: readonly FieldError[] }

export function allocateService(object: KubeObject, old: KubeObject | undefined, allocations: Allocations): Allocated {
  const spec: Spec = { ...(object.spec as Spec) }
  const before = (old?.spec ?? {}) as Spec
  const owner = `${object.metadata.namespace}/${object.metadata.name}`
  const take: { kind: 'clusterips' | 'nodeports'; value: string; owner: string }[] = []
  const errors: FieldError[] = []
  const path = Path.of('spec')

  if (spec.type !== 'ExternalName') {
    if (!spec.clusterIP) {
      const address = allocations.freeClusterIp(new Set())
      if (address === undefined)
        errors.push(invalidValue(path.child('clusterIPs'), [], 'failed to allocate a serviceIP: range is full'))
      else {
        spec.clusterIP = address
        take.push({ kind: 'clusterips', value: address, owner })
      }
    } else if (spec.clusterIP !== 'None' && spec.clusterIP !== before.clusterIP) {
      const asked = spec.clusterIP
      const problem = !allocations.inServiceRange(asked)
        ? `failed to allocate IP ${asked}: the provided network does not match the current range`
        : allocations.ownerOf('clusterips', asked) !== undefined
          ? `failed to allocate IP ${asked}: provided IP is already allocated`
          : undefined
      if (problem) errors.push(invalidValue(path.child('clusterIPs'), [asked], problem))
      else take.push({ kind: 'clusterips', value: asked, owner })
    }
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]
    spec.ipFamilies ??= ['IPv4']
    spec.ipFamilyPolicy ??= 'SingleStack'
    spec.internalTrafficPolicy ??= 'Cluster'
  }

  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer')
    allocatePorts(spec, before, owner, allocations, take, errors, path)
  if (errors.length > 0) return { errors }
  const had = holdings(before)
  const has = new Set(holdings(spec).map(({ kind, value }) => `${kind}/${value}`))
  const release = had.filter(({ kind, value }) => !has.has(`${kind}/${value}`))
  return { object: { ...object, spec }, changes: { take, release } }
}

function allocatePorts(
  spec: Spec,
  before: Spec,
  owner: string,
  allocations: Allocations,
  take: { kind: 'clusterips' | 'nodeports'; value: string; owner: string }[],
  errors: FieldError[],
  path: Path,
): void {
  const had = new Set((before.ports ?? []).map(({ nodePort }) => nodePort))
  const taken = new Set<string>()
  spec.ports = (spec.ports ?? []).map((port, index) => {
    if (port.nodePort) {
      const at = path.child('ports').at(index).child('nodePort')
      const twin = spec.ports?.findIndex((each) => each.nodePort === port.nodePort && protocolOf(each) === protocolOf(port))
      if (twin !== index) {
        errors.push(invalidValue(at, port.nodePort, 'provided port is already allocated'))
        return port
      }
      // Ports of one Service that differ by protocol may share the number.
      if (had.has(port.nodePort) || taken.has(String(port.nodePort))) return port
      if (!allocations.inNodePortRange(port.nodePort)) {
        errors.push(
          invalidValue(at, port.nodePort, 'provided port is not in the valid range. The range of valid ports is 30000-32767'),
        )
      } else if (allocations.ownerOf('nodeports', String(port.nodePort)) !== undefined) {
        errors.push(invalidValue(at, port.nodePort, 'provided port is already allocated'))
      } else {
        taken.add(String(port.nodePort))
        take.push({ kind: 'nodeports', value: String(port.nodePort), owner })
      }
      return port
    }
    if (!wantsNodePorts(spec)) return port
    const free = allocations.freeNodePort(taken)
    if (free === undefined) {
      errors.push(
        invalidValue(path.child('ports').at(index).child('nodePort'), 0, 'failed to allocate a nodePort: range is full'),
      )
      return port
    }
    taken.add(String(free))
    take.push({ kind: 'nodeports', value: String(free), owner })
    return { ...port, nodePort: free }
  })
}

const protocolOf = ({ protocol }: Port): string => protocol ?? 'TCP'

/** What a Service holds while it exists. */
export function holdings(spec: unknown): { kind: 'clusterips' | 'nodeports'; value: string }[] {
  const { clusterIP, ports, type } = (spec ?? {}) as Spec
  const held: { kind: 'clusterips' | 'nodeports'; value: string }[] = []
  if (clusterIP && clusterIP !== 'None') held.push({ kind: 'clusterips', value: clusterIP })
  if (type === 'NodePort' || type === 'LoadBalancer') {
    for (const { nodePort } of ports ?? []) if (nodePort) held.push({ kind: 'nodeports', value: String(nodePort) })
  }
  return held
}
