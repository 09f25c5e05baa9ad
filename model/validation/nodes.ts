// Nodes: their ranges of pod addresses, and their taints.
import { equalJson } from '../equality.ts'
import { duplicate, type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import { isCidr, isIPv4, isLabelValue, isQualifiedName } from '../names.ts'
import type { Node } from '../schema/kinds/core-v1.ts'
import { addWords, listed } from './checks.ts'

const SPEC = Path.of('spec')

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function checkNode(errors: Errors, node: Node): void {
  const { podCIDRs, taints } = node.spec ?? {}
  const cidrs = listed(podCIDRs)
  for (const [i, cidr] of cidrs.entries()) addWords(errors, isCidr(cidr), SPEC.child('podCIDRs').at(i), cidr)
  const families = cidrs.map((cidr) => isIPv4(cidr.split('/')[0] ?? ''))
  if (cidrs.length > 2 || (families.length === 2 && families[0] === families[1])) {
    errors.push(invalidValue(SPEC.child('podCIDRs'), cidrs, 'may specify no more than one CIDR for each IP family'))
  }
  const seen = new Set<string>()
  for (const [i, { key, value, effect }] of listed(taints).entries()) {
    const at = SPEC.child('taints').at(i)
    addWords(errors, isQualifiedName(key ?? ''), at.child('key'), key ?? '')
    addWords(errors, isLabelValue(value ?? ''), at.child('value'), value ?? '')
    if (!effect) errors.push(required(at.child('effect')))
    else if (!TAINT_EFFECTS.includes(effect)) errors.push(notSupported(at.child('effect'), effect, TAINT_EFFECTS))
    const name = `${key}:${effect}`
    if (seen.has(name)) errors.push(duplicate(at, { key, effect }))
    seen.add(name)
  }
}

export function checkNodeUpdate(errors: Errors, node: Node, old: Node): void {
  checkNode(errors, node)
  const before = listed(old.spec?.podCIDRs)
  if (before.length > 0 && !equalJson(before, listed(node.spec?.podCIDRs))) {
    errors.push(forbiddenField(SPEC.child('podCIDRs'), 'node updates may not change podCIDR except from "" to valid'))
  }
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) {
    errors.push(forbiddenField(SPEC.child('providerID'), 'node updates may not change providerID except from "" to valid'))
  }
}
