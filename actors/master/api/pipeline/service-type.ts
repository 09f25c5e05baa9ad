// A Service that changes its type loses what belonged to the old one, unless its author says otherwise in the same request:
// `kubectl patch -p '{"spec":{"type":"ClusterIP"}}'` sends the node ports and policies of a NodePort along, because a patch
// starts from what is stored.
import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject } from '../../../../model/object.ts'
import type { ServiceFields } from './strategy.ts'

interface TypedFields extends ServiceFields {
  externalTrafficPolicy?: string
  healthCheckNodePort?: number
  allocateLoadBalancerNodePorts?: boolean
  loadBalancerClass?: string
}

const hasAddress = ({ type }: TypedFields): boolean => type !== 'ExternalName'
const hasNodePorts = ({ type }: TypedFields): boolean => type === 'NodePort' || type === 'LoadBalancer'
const isBalanced = ({ type }: TypedFields): boolean => type === 'LoadBalancer'
const isBalancedLocally = (spec: TypedFields): boolean => isBalanced(spec) && spec.externalTrafficPolicy === 'Local'

/** Which fields only a Service of a certain type has. */
const FIELDS: readonly { readonly belong: (spec: TypedFields) => boolean; readonly fields: readonly (keyof TypedFields)[] }[] = [
  { belong: hasAddress, fields: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'] },
  { belong: hasNodePorts, fields: ['externalTrafficPolicy'] },
  { belong: isBalancedLocally, fields: ['healthCheckNodePort'] },
  { belong: isBalanced, fields: ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] },
]

export function dropOfOldType(object: KubeObject, old: KubeObject): ServiceFields {
  const before = (old.spec ?? {}) as TypedFields
  const wanted = (object.spec ?? {}) as TypedFields
  const spec: TypedFields = { ...wanted }
  for (const { belong, fields } of FIELDS) {
    if (!belong(before) || belong(wanted)) continue
    for (const field of fields) if (semanticallyEqual(wanted[field], before[field])) delete spec[field]
  }
  if (hasNodePorts(before) && !hasNodePorts(wanted) && sameNodePorts(wanted, before)) {
    spec.ports = (wanted.ports ?? []).map(({ nodePort: _, ...port }) => port)
  }
  return spec
}

const sameNodePorts = ({ ports: a }: TypedFields, { ports: b }: TypedFields): boolean => {
  const numbers = (ports: TypedFields['ports']) => (ports ?? []).map(({ nodePort }) => nodePort)
  const before = numbers(b)
  return numbers(a).every((port) => port === undefined || before.includes(port))
}
