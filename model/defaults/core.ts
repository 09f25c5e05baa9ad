// Defaults of what a cluster and its namespaces are made of: namespaces, nodes, secrets, limits, roles, priorities.
import { encodeBase64 } from '../codec/base64.ts'
import { type Draft, ensurePart, fill, isAbsent, partOf, partsOf, textOf } from './draft.ts'
import { roundQuantities } from './pods.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'

export function defaultNamespace(namespace: Draft): void {
  const metadata = ensurePart(namespace, 'metadata')
  const name = textOf(metadata, 'name')
  if (name !== '') ensurePart(metadata, 'labels')[NAME_LABEL] = name
  fill(ensurePart(namespace, 'status'), { phase: 'Active' })
}

export function defaultNode(node: Draft): void {
  mirrorPodCidr(partOf(node, 'spec'))
  const status = partOf(node, 'status')
  if (!status) return
  const capacity = partOf(status, 'capacity')
  if (capacity && isAbsent(status.allocatable)) status.allocatable = { ...capacity }
  roundQuantities(capacity)
  roundQuantities(partOf(status, 'allocatable'))
}

/** `podCIDR` is the first of `podCIDRs`, and the one that counts where both are given. */
function mirrorPodCidr(spec: Draft | undefined): void {
  if (!spec) return
  const single = textOf(spec, 'podCIDR')
  const list: readonly unknown[] = Array.isArray(spec.podCIDRs) ? spec.podCIDRs : []
  if (single !== '' && list[0] !== single) spec.podCIDRs = [single]
  else if (single === '' && list.length > 0) spec.podCIDR = list[0]
}

const utf8 = new TextEncoder()

/** `stringData` is for writing only: what it says ends up in `data`. */
export function defaultSecret(secret: Draft): void {
  const texts = partOf(secret, 'stringData')
  if (texts) {
    const data = ensurePart(secret, 'data')
    for (const key of Object.keys(texts)) {
      const value = encodeBase64(utf8.encode(textOf(texts, key)))
      Object.defineProperty(data, key, { value, writable: true, enumerable: true, configurable: true })
    }
    if (Object.keys(data).length === 0) delete secret.data
  }
  delete secret.stringData
  fill(secret, { type: 'Opaque' })
}

/** For containers, each limit stands in for what is said less exactly. */
export function defaultLimitRange(limitRange: Draft): void {
  for (const limit of partsOf(partOf(limitRange, 'spec'), 'limits')) {
    for (const list of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']) roundQuantities(partOf(limit, list))
    if (limit.type !== 'Container') continue
    inherit(limit, 'default', 'max')
    inherit(limit, 'defaultRequest', 'default')
    inherit(limit, 'defaultRequest', 'min')
  }
}

function inherit(limit: Draft, to: string, from: string): void {
  const source = partOf(limit, from)
  if (!source || Object.keys(source).length === 0) return
  const target = ensurePart(limit, to)
  for (const name of Object.keys(source)) if (!Object.hasOwn(target, name)) target[name] = source[name]
}

export function defaultResourceQuota(quota: Draft): void {
  roundQuantities(partOf(partOf(quota, 'spec'), 'hard'))
}

const RBAC = 'rbac.authorization.k8s.io'

export function defaultRoleBinding(binding: Draft): void {
  const roleRef = partOf(binding, 'roleRef')
  if (roleRef) fill(roleRef, { apiGroup: RBAC })
  for (const subject of partsOf(binding, 'subjects')) {
    if (subject.kind === 'User' || subject.kind === 'Group') fill(subject, { apiGroup: RBAC })
  }
}

/** What an aggregated role allows is written by whoever aggregates. */
export function defaultPriorityClass(priorityClass: Draft): void {
  fill(priorityClass, { preemptionPolicy: 'PreemptLowerPriority' })
}

export function defaultWebhookConfiguration(configuration: Draft): void {
  const mutating = configuration.kind === 'MutatingWebhookConfiguration'
  for (const webhook of partsOf(configuration, 'webhooks')) {
    fill(webhook, { failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10 })
    if (mutating) fill(webhook, { reinvocationPolicy: 'Never' })
    ensurePart(webhook, 'namespaceSelector')
    ensurePart(webhook, 'objectSelector')
    for (const rule of partsOf(webhook, 'rules')) fill(rule, { scope: '*' })
    const service = partOf(partOf(webhook, 'clientConfig'), 'service')
    if (service) fill(service, { port: 443 })
  }
}

export function defaultAdmissionPolicy(policy: Draft): void {
  const spec = ensurePart(policy, 'spec')
  fill(spec, { failurePolicy: 'Fail' })
  defaultMatchResources(partOf(spec, 'matchConstraints'))
}

export function defaultAdmissionPolicyBinding(binding: Draft): void {
  defaultMatchResources(partOf(partOf(binding, 'spec'), 'matchResources'))
}

function defaultMatchResources(match: Draft | undefined): void {
  if (!match) return
  fill(match, { matchPolicy: 'Equivalent' })
  ensurePart(match, 'namespaceSelector')
  ensurePart(match, 'objectSelector')
  for (const list of ['resourceRules', 'excludeResourceRules'])
    for (const rule of partsOf(match, list)) fill(rule, { scope: '*' })
}

export function defaultFlowSchema(schema: Draft): void {
  const spec = ensurePart(schema, 'spec')
  if (!spec.matchingPrecedence) spec.matchingPrecedence = 1000
}

export function defaultPriorityLevel(level: Draft): void {
  const spec = ensurePart(level, 'spec')
  const exempt = partOf(spec, 'exempt')
  if (exempt) fill(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 })
  const limited = partOf(spec, 'limited')
  if (!limited) return
  fill(limited, { nominalConcurrencyShares: 30, lendablePercent: 0 })
  const response = partOf(limited, 'limitResponse')
  if (response?.type !== 'Queue') return
  const queuing = ensurePart(response, 'queuing')
  for (const [field, value] of Object.entries({ queues: 64, handSize: 8, queueLengthLimit: 50 })) {
    if (!queuing[field]) queuing[field] = value
  }
}
