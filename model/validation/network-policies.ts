// Network policies: which pods may talk to which.
import { type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import type { IntOrString } from '../intstr.ts'
import { isCidr, isPortNumber } from '../names.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { addWords, checkOneOfIfSaid, listed } from './checks.ts'
import { checkPort } from './handlers.ts'
import { checkLabelSelector } from './selectors.ts'

const SPEC = Path.of('spec')

interface Peer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

interface PolicyRule {
  readonly ports?: readonly { readonly protocol?: string; readonly port?: IntOrString; readonly endPort?: number }[]
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
}

export interface NetworkPolicy {
  readonly spec?: {
    readonly podSelector?: LabelSelector
    readonly policyTypes?: readonly string[]
    readonly ingress?: readonly PolicyRule[]
    readonly egress?: readonly PolicyRule[]
  }
}

export function checkNetworkPolicy(errors: Errors, { spec }: NetworkPolicy): void {
  if (!spec) return
  checkLabelSelector(errors, spec.podSelector, SPEC.child('podSelector'))
  for (const direction of ['ingress', 'egress'] as const) {
    for (const [i, rule] of listed(spec[direction]).entries()) {
      const at = SPEC.child(direction).at(i)
      checkPolicyPorts(errors, rule, at)
      const peers = direction === 'ingress' ? rule.from : rule.to
      for (const [j, peer] of listed(peers).entries())
        checkPeer(errors, peer, at.child(direction === 'ingress' ? 'from' : 'to').at(j))
    }
  }
  const types = listed(spec.policyTypes)
  if (types.length > 2) {
    errors.push(invalidValue(SPEC.child('policyTypes'), types, 'may not specify more than two policyTypes'))
    return
  }
  for (const [i, type] of types.entries()) {
    if (type !== 'Ingress' && type !== 'Egress') {
      errors.push(notSupported(SPEC.child('policyTypes').at(i), type, ['Ingress', 'Egress']))
    }
  }
}

function checkPolicyPorts(errors: Errors, { ports }: PolicyRule, path: Path): void {
  for (const [i, { protocol, port, endPort }] of listed(ports).entries()) {
    const at = path.child('ports').at(i)
    checkOneOfIfSaid(errors, protocol, ['TCP', 'UDP', 'SCTP'], at, 'protocol')
    if (port !== undefined && port !== null) checkPort(errors, port, at.child('port'))
    if (typeof endPort !== 'number') continue
    if (typeof port !== 'number') errors.push(required(at.child('port'), 'may not be specified when `port` is not specified'))
    else if (endPort < port) errors.push(invalidValue(at.child('endPort'), endPort, 'must be greater than or equal to `port`'))
    addWords(errors, isPortNumber(endPort), at.child('endPort'), endPort)
  }
}

function checkPeer(errors: Errors, { podSelector, namespaceSelector, ipBlock }: Peer, path: Path): void {
  checkLabelSelector(errors, podSelector, path.child('podSelector'))
  checkLabelSelector(errors, namespaceSelector, path.child('namespaceSelector'))
  if (ipBlock) {
    const at = path.child('ipBlock')
    if (!ipBlock.cidr) errors.push(required(at.child('cidr')))
    else addWords(errors, isCidr(ipBlock.cidr), at.child('cidr'), ipBlock.cidr)
    for (const [i, except] of listed(ipBlock.except).entries()) addWords(errors, isCidr(except), at.child('except').at(i), except)
    if (podSelector || namespaceSelector) {
      errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'))
    }
  } else if (!podSelector && !namespaceSelector) {
    errors.push(required(path, 'must specify a peer'))
  }
}
