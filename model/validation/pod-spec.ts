// What a pod has to be, whether it stands alone or as a template.
import { type Errors, invalidValue, notSupported, type Path, required } from '../field.ts'
import { isDns1123Subdomain, isIP, isLabelWithoutDots } from '../names.ts'
import type { PodDNSConfig, PodSpec, PodTemplateSpec } from '../schema/kinds/core-v1.ts'
import { addWords, listed } from './checks.ts'
import { checkContainers } from './containers.ts'
import { checkLabels } from './metadata.ts'
import { checkScheduling } from './scheduling.ts'
import { checkPodSecurity } from './security.ts'
import { checkSecretNames, checkVolumes } from './volumes.ts'

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const PREEMPTION_POLICIES = ['Never', 'PreemptLowerPriority']
const MAX_DEADLINE = 2 ** 31 - 1
const MAX_NAMESERVERS = 3
const MAX_SEARCHES = 32

export function checkPodTemplate(errors: Errors, template: PodTemplateSpec | null | undefined, path: Path): void {
  checkLabels(errors, template?.metadata?.labels, path.child('labels'))
  checkPodSpec(errors, template?.spec, path.child('spec'))
}

export function checkPodSpec(errors: Errors, given: PodSpec | null | undefined, path: Path): void {
  const spec: PodSpec = given ?? { containers: [] }
  const volumes = checkVolumes(errors, listed(spec.volumes), path.child('volumes'))
  checkContainers(errors, spec, volumes, path)
  checkPolicies(errors, spec, path)
  checkNames(errors, spec, path)
  checkScheduling(errors, spec, path)
  checkPodSecurity(errors, spec, path)
  if (spec.imagePullSecrets) checkSecretNames(errors, spec.imagePullSecrets, path.child('imagePullSecrets'))
  if (spec.dnsConfig) checkDnsConfig(errors, spec.dnsConfig, path.child('dnsConfig'))
  for (const [i, { ip, hostnames }] of listed(spec.hostAliases).entries()) {
    const at = path.child('hostAliases').at(i)
    addWords(errors, isIP(ip ?? ''), at.child('ip'), ip ?? '')
    for (const hostname of listed(hostnames)) addWords(errors, isDns1123Subdomain(hostname), at.child('hostnames'), hostname)
  }
}

function checkPolicies(errors: Errors, spec: PodSpec, path: Path): void {
  const { restartPolicy, dnsPolicy, activeDeadlineSeconds, preemptionPolicy } = spec
  if (!restartPolicy) errors.push(required(path.child('restartPolicy')))
  else if (!RESTART_POLICIES.includes(restartPolicy)) {
    errors.push(notSupported(path.child('restartPolicy'), restartPolicy, RESTART_POLICIES))
  }
  if (!dnsPolicy) errors.push(required(path.child('dnsPolicy')))
  else if (!DNS_POLICIES.includes(dnsPolicy)) errors.push(notSupported(path.child('dnsPolicy'), dnsPolicy, DNS_POLICIES))
  if (dnsPolicy === 'None') checkDnsIsGiven(errors, spec, path)
  if (typeof activeDeadlineSeconds === 'number' && (activeDeadlineSeconds < 1 || activeDeadlineSeconds > MAX_DEADLINE)) {
    const words = `must be between 1 and ${MAX_DEADLINE}, inclusive`
    errors.push(invalidValue(path.child('activeDeadlineSeconds'), activeDeadlineSeconds, words))
  }
  if (preemptionPolicy && !PREEMPTION_POLICIES.includes(preemptionPolicy)) {
    errors.push(notSupported(path.child('preemptionPolicy'), preemptionPolicy, PREEMPTION_POLICIES))
  }
}

function checkNames(errors: Errors, spec: PodSpec, path: Path): void {
  const { hostname, subdomain, serviceAccountName, priorityClassName, runtimeClassName } = spec
  if (hostname) addWords(errors, isLabelWithoutDots(hostname), path.child('hostname'), hostname)
  if (subdomain) addWords(errors, isLabelWithoutDots(subdomain), path.child('subdomain'), subdomain)
  if (serviceAccountName)
    addWords(errors, isDns1123Subdomain(serviceAccountName), path.child('serviceAccountName'), serviceAccountName)
  if (priorityClassName)
    addWords(errors, isDns1123Subdomain(priorityClassName), path.child('priorityClassName'), priorityClassName)
  if (runtimeClassName) addWords(errors, isDns1123Subdomain(runtimeClassName), path.child('runtimeClassName'), runtimeClassName)
}

function checkDnsIsGiven(errors: Errors, { dnsConfig }: PodSpec, path: Path): void {
  if (!dnsConfig) {
    errors.push(required(path.child('dnsConfig'), 'must provide `dnsConfig` when `dnsPolicy` is None'))
  } else if (listed(dnsConfig.nameservers).length === 0) {
    const at = path.child('dnsConfig').child('nameservers')
    errors.push(required(at, 'must provide at least one DNS nameserver when `dnsPolicy` is None'))
  }
}

function checkDnsConfig(errors: Errors, config: PodDNSConfig, path: Path): void {
  const [nameservers, searches] = [listed(config.nameservers), listed(config.searches)]
  if (nameservers.length > MAX_NAMESERVERS) {
    errors.push(invalidValue(path.child('nameservers'), nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`))
  }
  for (const [i, address] of nameservers.entries()) addWords(errors, isIP(address), path.child('nameservers').at(i), address)
  if (searches.length > MAX_SEARCHES) {
    errors.push(invalidValue(path.child('searches'), searches, `must not have more than ${MAX_SEARCHES} search paths`))
  }
  for (const [i, search] of searches.entries()) {
    if (search !== '.') addWords(errors, isDns1123Subdomain(search.replace(/\.$/, '')), path.child('searches').at(i), search)
  }
  for (const [i, { name }] of listed(config.options).entries()) {
    if (!name) errors.push(required(path.child('options').at(i), 'must not be empty'))
  }
}
