// Namespaces, nodes, config maps, secrets, events, leases and scales.
import { equalJson, semanticallyEqual } from '../equality.ts'
import { duplicate, type Errors, forbiddenField, invalidValue, notSupported, Path, required, tooLong } from '../field.ts'
import { isCidr, isConfigMapKey, isDns1123Subdomain, isIPv4, isLabelValue, isQualifiedName } from '../names.ts'
import type { KubeObject } from '../object.ts'
import type { Lease } from '../schema/kinds/coordination-v1.ts'
import type { ConfigMap, Event, Namespace, Node, Secret } from '../schema/kinds/core-v1.ts'
import { addWords, checkNotNegative, checkPositive, IMMUTABLE, keysOf, listed } from './checks.ts'
import { checkFinalizerName } from './metadata.ts'

const SPEC = Path.of('spec')

/** Of a config map or secret, all values together. */
const MAX_DATA_BYTES = 1024 * 1024

export function checkNamespace(errors: Errors, namespace: Namespace): void {
  for (const finalizer of listed(namespace.spec?.finalizers)) {
    addWords(errors, isQualifiedName(finalizer), SPEC.child('finalizers'), finalizer)
    checkFinalizerName(errors, finalizer, SPEC.child('finalizers'))
  }
}

export function checkNamespaceStatusUpdate(errors: Errors, { metadata, status }: Namespace): void {
  const phase = status?.phase ?? 'Active'
  const at = Path.of('status').child('Phase')
  if (metadata.deletionTimestamp) {
    if (phase !== 'Terminating')
      errors.push(invalidValue(at, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"))
  } else if (phase !== 'Active') {
    errors.push(invalidValue(at, phase, "may only be 'Active' if `deletionTimestamp` is empty"))
  }
}

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

export function checkConfigMap(errors: Errors, { data, binaryData }: ConfigMap): void {
  checkKeys(errors, data, Path.of('data'))
  checkKeys(errors, binaryData, Path.of('binaryData'))
  if (data && binaryData) {
    for (const key of Object.keys(data)) {
      if (Object.hasOwn(binaryData, key)) {
        errors.push(invalidValue(Path.of('data').at(key), key, 'duplicate of key present in binaryData'))
      }
    }
  }
  if (bytesOf(data) + decodedBytesOf(binaryData) > MAX_DATA_BYTES) errors.push(tooLong(Path.of(''), MAX_DATA_BYTES))
}

const SEALED = 'field is immutable when `immutable` is set'

export function checkConfigMapUpdate(errors: Errors, configMap: ConfigMap, old: ConfigMap): void {
  if (old.immutable === true) {
    if (configMap.immutable !== true) errors.push(forbiddenField(Path.of('immutable'), SEALED))
    for (const field of ['data', 'binaryData'] as const) {
      if (!semanticallyEqual(configMap[field], old[field])) errors.push(forbiddenField(Path.of(field), SEALED))
    }
  }
  checkConfigMap(errors, configMap)
}

/** What a secret of a known type must hold. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}
const ACCOUNT = 'kubernetes.io/service-account.name'

export function checkSecret(errors: Errors, secret: Secret): void {
  const { data, type } = secret
  checkKeys(errors, data, Path.of('data'))
  if (decodedBytesOf(data) > MAX_DATA_BYTES) errors.push(tooLong(Path.of('data'), MAX_DATA_BYTES))
  for (const key of requiredKeys[type ?? ''] ?? []) {
    if (!data || !Object.hasOwn(data, key)) errors.push(required(Path.of('data').at(key)))
  }
  if (type === 'kubernetes.io/basic-auth' && !data?.username && !data?.password) {
    errors.push(required(Path.of('data').at('username')), required(Path.of('data').at('password')))
  }
  if (type === 'kubernetes.io/service-account-token' && !secret.metadata.annotations?.[ACCOUNT]) {
    errors.push(required(Path.of('metadata').child('annotations').at(ACCOUNT)))
  }
}

export function checkSecretUpdate(errors: Errors, secret: Secret, old: Secret): void {
  if (secret.type !== old.type) errors.push(invalidValue(Path.of('type'), secret.type ?? '', IMMUTABLE))
  if (old.immutable === true) {
    if (secret.immutable !== true) errors.push(forbiddenField(Path.of('immutable'), SEALED))
    if (!semanticallyEqual(secret.data, old.data)) errors.push(forbiddenField(Path.of('data'), SEALED))
  }
  checkSecret(errors, secret)
}

function checkKeys(errors: Errors, data: Readonly<Record<string, unknown>> | null | undefined, path: Path): void {
  for (const key of keysOf(data)) {
    const words = isConfigMapKey(key)
    if (words.length > 0) addWords(errors, words, path.at(key), key)
  }
}

const bytesOf = (data: Readonly<Record<string, string>> | null | undefined): number =>
  Object.values(data ?? {}).reduce((sum, text) => sum + text.length, 0)

/** Four characters of base64 hold three bytes. */
const decodedBytesOf = (data: Readonly<Record<string, string>> | null | undefined): number =>
  Object.values(data ?? {}).reduce((sum, text) => sum + Math.floor((text.replace(/=+$/, '').length * 3) / 4), 0)

/** Longer words belong into `note`. */
const MAX_EVENT_WORDS = 128

/** Events about something that has no namespace live in `default`, new ones also in `kube-system`. */
export function checkEvent(errors: Errors, event: Event): void {
  const namespace = event.metadata.namespace ?? ''
  const about = event.involvedObject?.namespace ?? ''
  const isNew = Boolean(event.eventTime)
  const atHome = namespace === '' || namespace === 'default' || (isNew && namespace === 'kube-system')
  if (about === '' ? !atHome : !isNew && about !== namespace) {
    errors.push(invalidValue(Path.of('involvedObject').child('namespace'), about, 'does not match event.namespace'))
  }
  if (isNew) checkNewEvent(errors, event)
}

const FIXED_IN_EVENTS = [
  'involvedObject',
  'reason',
  'message',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const

/** Of an event in the new form only its series goes on. */
export function checkEventUpdate(errors: Errors, event: Event, old: Event): void {
  checkEvent(errors, event)
  if (!old.eventTime) return
  for (const field of FIXED_IN_EVENTS) {
    if (!semanticallyEqual(event[field], old[field])) errors.push(invalidValue(Path.of(field), event[field] ?? '', IMMUTABLE))
  }
}

function checkNewEvent(errors: Errors, event: Event): void {
  const controller = Path.of('reportingController')
  if (!event.reportingComponent) errors.push(required(controller))
  addWords(errors, isQualifiedName(event.reportingComponent ?? ''), controller, event.reportingComponent ?? '')
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const words = event[field] ?? ''
    if (words === '') errors.push(required(Path.of(field)))
    else if (words.length > MAX_EVENT_WORDS) {
      errors.push(invalidValue(Path.of(field), '', `can have at most ${MAX_EVENT_WORDS} characters`))
    }
  }
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalidValue(Path.of('type'), '', `has invalid value: ${event.type ?? ''}`))
  }
}

export function checkLease(errors: Errors, { spec }: Lease): void {
  checkPositive(errors, spec?.leaseDurationSeconds, SPEC, 'leaseDurationSeconds')
  checkNotNegative(errors, spec?.leaseTransitions, SPEC, 'leaseTransitions')
  if (spec?.strategy) addWords(errors, isQualifiedName(spec.strategy), SPEC.child('strategy'), spec.strategy)
  if (spec?.preferredHolder !== undefined && !spec.strategy) {
    errors.push(forbiddenField(SPEC.child('preferredHolder'), 'can only be specified if a strategy is defined'))
  }
}

export function checkScale(errors: Errors, scale: KubeObject): void {
  const spec = scale.spec as { readonly replicas?: number } | undefined
  checkNotNegative(errors, spec?.replicas, SPEC, 'replicas')
}

export function checkServiceAccount(errors: Errors, account: KubeObject): void {
  const secrets = listed(account.imagePullSecrets as readonly { readonly name?: string }[] | undefined)
  for (const [i, { name }] of secrets.entries()) {
    if (name) addWords(errors, isDns1123Subdomain(name), Path.of('imagePullSecrets').at(i).child('name'), name)
  }
}
