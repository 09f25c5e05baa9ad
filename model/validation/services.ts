// Services: ports, addresses, and what goes with which type. Addresses and node ports themselves are allocated elsewhere.
import { duplicate, type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import { isCidr, isDns1123Label, isDns1123Subdomain, isIP, isPortNumber, isQualifiedName } from '../names.ts'
import type { Service, ServicePort, ServiceSpec } from '../schema/kinds/core-v1.ts'
import { addWords, checkUnique, listed } from './checks.ts'
import { checkPort } from './handlers.ts'
import { checkLabels } from './metadata.ts'

const SPEC = Path.of('spec')
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const AFFINITIES = ['ClientIP', 'None']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const TRAFFIC_POLICIES = ['Cluster', 'Local']
const FAMILIES = ['IPv4', 'IPv6']
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const MAX_AFFINITY_SECONDS = 86_400

export function checkService(errors: Errors, { spec = {} }: Service): void {
  const { type, clusterIP = '', selector, sessionAffinity } = spec
  const isExternalName = type === 'ExternalName'
  if (listed(spec.ports).length === 0 && clusterIP !== 'None' && !isExternalName) errors.push(required(SPEC.child('ports')))
  if (isExternalName) checkExternalName(errors, spec)
  checkPorts(errors, spec)
  if (selector) checkLabels(errors, selector, SPEC.child('selector'))
  if (!sessionAffinity) errors.push(required(SPEC.child('sessionAffinity')))
  else if (!AFFINITIES.includes(sessionAffinity)) {
    errors.push(notSupported(SPEC.child('sessionAffinity'), sessionAffinity, AFFINITIES))
  }
  checkAffinityConfig(errors, spec)
  checkAddresses(errors, spec)
  if (!type) errors.push(required(SPEC.child('type')))
  else if (!TYPES.includes(type)) errors.push(notSupported(SPEC.child('type'), type, TYPES))
  checkTraffic(errors, spec)
  checkBalancer(errors, spec)
}

export function checkServiceUpdate(errors: Errors, service: Service, old: Service): void {
  const [spec, before] = [service.spec ?? {}, old.spec ?? {}]
  // Who changes the type to or from ExternalName gives addresses up or gets new ones.
  if (before.type !== 'ExternalName' && spec.type !== 'ExternalName' && before.clusterIP && spec.clusterIP !== before.clusterIP) {
    errors.push(invalidValue(SPEC.child('clusterIPs').at(0), spec.clusterIPs ?? [spec.clusterIP], 'may not change once set'))
  }
  if (before.type === 'LoadBalancer' && spec.type === 'LoadBalancer' && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.push(invalidValue(SPEC.child('loadBalancerClass'), spec.loadBalancerClass ?? 'null', 'may not change once set'))
  }
  checkService(errors, service)
}

export function checkServiceStatusUpdate(errors: Errors, { status }: Service): void {
  for (const [i, { ip, hostname }] of listed(status?.loadBalancer?.ingress).entries()) {
    const at = Path.of('status').child('loadBalancer').child('ingress').at(i)
    if (ip) addWords(errors, isIP(ip), at.child('ip'), ip)
    if (hostname) addWords(errors, isDns1123Subdomain(hostname), at.child('hostname'), hostname)
  }
}

function checkExternalName(errors: Errors, { externalName, clusterIP, clusterIPs }: ServiceSpec): void {
  if (listed(clusterIPs).length > 0 || clusterIP) {
    errors.push(forbiddenField(SPEC.child('clusterIPs'), 'may not be set for ExternalName services'))
  }
  const name = externalName?.replace(/\.$/, '') ?? ''
  if (!externalName) errors.push(required(SPEC.child('externalName')))
  else addWords(errors, isDns1123Subdomain(name), SPEC.child('externalName'), externalName)
}

function checkPorts(errors: Errors, spec: ServiceSpec): void {
  const ports = listed(spec.ports)
  const names = new Set<unknown>()
  for (const [i, port] of ports.entries()) {
    const at = SPEC.child('ports').at(i)
    checkPortOf(errors, port, ports.length > 1, at)
    if (port.name) checkUnique(errors, names, port.name, () => at.child('name'))
    if (port.nodePort && (spec.type === 'ClusterIP' || spec.type === 'ExternalName')) {
      errors.push(forbiddenField(at.child('nodePort'), `may not be used when \`type\` is '${spec.type}'`))
    }
    const same = ports.findIndex((other) => other.port === port.port && other.protocol === port.protocol)
    if (same < i) {
      errors.push(duplicate(at, { protocol: port.protocol ?? '', port: port.port, targetPort: 0 }))
    }
  }
}

function checkPortOf(
  errors: Errors,
  { name, port, targetPort, protocol, appProtocol }: ServicePort,
  several: boolean,
  path: Path,
): void {
  if (!name) {
    if (several) errors.push(required(path.child('name')))
  } else {
    addWords(errors, isDns1123Label(name), path.child('name'), name)
  }
  addWords(errors, isPortNumber(port ?? 0), path.child('port'), port ?? 0)
  if (!protocol) errors.push(required(path.child('protocol')))
  else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(path.child('protocol'), protocol, PROTOCOLS))
  checkPort(errors, targetPort, path.child('targetPort'))
  if (appProtocol) addWords(errors, isQualifiedName(appProtocol), path.child('appProtocol'), appProtocol)
}

function checkAffinityConfig(errors: Errors, { sessionAffinity, sessionAffinityConfig }: ServiceSpec): void {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (sessionAffinity !== 'ClientIP' || typeof seconds !== 'number') return
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return
  const at = SPEC.child('sessionAffinityConfig').child('clientIP').child('timeoutSeconds')
  errors.push(invalidValue(at, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`))
}

function checkAddresses(errors: Errors, spec: ServiceSpec): void {
  const { clusterIP, ipFamilyPolicy } = spec
  if (clusterIP && clusterIP !== 'None') addWords(errors, isIP(clusterIP), SPEC.child('clusterIPs').at(0), clusterIP)
  if (ipFamilyPolicy && !FAMILY_POLICIES.includes(ipFamilyPolicy)) {
    errors.push(notSupported(SPEC.child('ipFamilyPolicy'), ipFamilyPolicy, FAMILY_POLICIES))
  }
  const families = new Set<unknown>()
  for (const [i, family] of listed(spec.ipFamilies).entries()) {
    const at = SPEC.child('ipFamilies').at(i)
    if (!FAMILIES.includes(family)) errors.push(notSupported(at, family, FAMILIES))
    checkUnique(errors, families, family, () => at)
  }
  for (const [i, address] of listed(spec.externalIPs).entries()) {
    const at = SPEC.child('externalIPs').at(i)
    const words = isIP(address)
    addWords(errors, words, at, address)
    if (words.length === 0) checkReachable(errors, address, at)
  }
}

/** Nothing else is meant by an address of this kind than the machine that it is used on. */
function checkReachable(errors: Errors, address: string, path: Path): void {
  if (address === '0.0.0.0' || address === '::') {
    errors.push(invalidValue(path, address, `may not be unspecified (${address})`))
  }
  if (address.startsWith('127.') || address === '::1') {
    errors.push(invalidValue(path, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'))
  }
  if (address.startsWith('169.254.') || /^fe[89ab]/i.test(address)) {
    errors.push(invalidValue(path, address, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'))
  }
  if (address.startsWith('224.0.0.') || /^ff02:/i.test(address)) {
    errors.push(invalidValue(path, address, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'))
  }
}

function checkTraffic(errors: Errors, spec: ServiceSpec): void {
  const { type, externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort } = spec
  const isOutside = type === 'NodePort' || type === 'LoadBalancer' || listed(spec.externalIPs).length > 0
  if (external && !isOutside) {
    const words = "may only be set when `type` is 'NodePort' or 'LoadBalancer'"
    errors.push(invalidValue(SPEC.child('externalTrafficPolicy'), external, words))
  } else if (external && !TRAFFIC_POLICIES.includes(external)) {
    errors.push(notSupported(SPEC.child('externalTrafficPolicy'), external, TRAFFIC_POLICIES))
  }
  if (internal && !TRAFFIC_POLICIES.includes(internal)) {
    errors.push(notSupported(SPEC.child('internalTrafficPolicy'), internal, TRAFFIC_POLICIES))
  }
  if (healthCheckNodePort && !(type === 'LoadBalancer' && external === 'Local')) {
    const words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    errors.push(invalidValue(SPEC.child('healthCheckNodePort'), healthCheckNodePort, words))
  }
  if (spec.trafficDistribution && !DISTRIBUTIONS.includes(spec.trafficDistribution)) {
    errors.push(notSupported(SPEC.child('trafficDistribution'), spec.trafficDistribution, DISTRIBUTIONS))
  }
}

function checkBalancer(errors: Errors, { type, loadBalancerClass, loadBalancerSourceRanges }: ServiceSpec): void {
  const ranges = listed(loadBalancerSourceRanges)
  const at = SPEC.child('loadBalancerSourceRanges')
  if (ranges.length > 0 && type !== 'LoadBalancer')
    errors.push(forbiddenField(at, "may only be used when `type` is 'LoadBalancer'"))
  for (const [i, range] of ranges.entries()) addWords(errors, isCidr(range.trim()), at.at(i), range)
  if (!loadBalancerClass) return
  if (type !== 'LoadBalancer') {
    errors.push(forbiddenField(SPEC.child('loadBalancerClass'), "may only be used when `type` is 'LoadBalancer'"))
  }
  addWords(errors, isQualifiedName(loadBalancerClass), SPEC.child('loadBalancerClass'), loadBalancerClass)
}
