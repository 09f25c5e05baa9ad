// Endpoints and endpoint slices. One exception to Kubernetes' rules: loopback addresses are legal, because that is where the
// process runtime gives pods their addresses (design: the first network).
import { type Errors, invalidValue, notSupported, Path, required, tooMany } from '../field.ts'
import { isDns1123Label, isDns1123Subdomain, isIP, isIPv4, isIPv6, isPortNumber, isQualifiedName } from '../names.ts'
import type { EndpointAddress, Endpoints, EndpointPort as OldEndpointPort } from '../schema/kinds/core-v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../schema/kinds/discovery-v1.ts'
import { addWords, checkUnique, IMMUTABLE, listed } from './checks.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const MAX_ENDPOINTS = 1000
const MAX_ADDRESSES = 100
const MAX_PORTS = 20_000
const MAX_HINTS = 8

export function checkEndpointSlice(errors: Errors, slice: EndpointSlice): void {
  const { addressType } = slice
  const at = Path.of('addressType')
  if (!addressType) errors.push(required(at))
  else if (!ADDRESS_TYPES.includes(addressType)) errors.push(notSupported(at, addressType, ADDRESS_TYPES))
  checkEndpoints(errors, listed(slice.endpoints), addressType)
  checkPorts(errors, listed(slice.ports))
}

export function checkEndpointSliceUpdate(errors: Errors, slice: EndpointSlice, old: EndpointSlice): void {
  checkEndpointSlice(errors, slice)
  if (slice.addressType !== old.addressType) {
    errors.push(invalidValue(Path.of('addressType'), slice.addressType ?? '', IMMUTABLE))
  }
}

function checkEndpoints(errors: Errors, endpoints: readonly Endpoint[], addressType: string): void {
  const path = Path.of('endpoints')
  if (endpoints.length > MAX_ENDPOINTS) {
    errors.push(tooMany(path, endpoints.length, MAX_ENDPOINTS))
    return
  }
  for (const [i, endpoint] of endpoints.entries()) {
    const at = path.at(i)
    const addresses = listed(endpoint.addresses)
    if (addresses.length === 0) errors.push(required(at.child('addresses'), 'must contain at least 1 address'))
    else if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(at.child('addresses'), addresses.length, MAX_ADDRESSES))
    for (const [j, address] of addresses.entries()) checkAddress(errors, address, addressType, at.child('addresses').at(j))
    const { hostname, nodeName, hints } = endpoint
    if (hostname) addWords(errors, isDns1123Label(hostname), at.child('hostname'), hostname)
    if (nodeName) addWords(errors, isDns1123Subdomain(nodeName), at.child('nodeName'), nodeName)
    if (hints) checkHints(errors, listed(hints.forZones), at.child('hints').child('forZones'))
  }
}

function checkAddress(errors: Errors, address: string, addressType: string, path: Path): void {
  if (addressType === 'FQDN') {
    addWords(errors, isDns1123Subdomain(address), path, address)
  } else if (addressType === 'IPv4' && !isIPv4(address)) {
    errors.push(invalidValue(path, address, 'must be an IPv4 address'))
  } else if (addressType === 'IPv6' && !isIPv6(address)) {
    errors.push(invalidValue(path, address, 'must be an IPv6 address'))
  } else {
    checkUnicast(errors, address, path)
  }
}

function checkUnicast(errors: Errors, address: string, path: Path): void {
  if (address === '0.0.0.0' || address === '::') errors.push(invalidValue(path, address, `may not be unspecified (${address})`))
  if (address.startsWith('169.254.') || /^fe[89ab]/i.test(address)) {
    errors.push(invalidValue(path, address, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'))
  }
  if (address.startsWith('224.0.0.') || /^ff02:/i.test(address)) {
    errors.push(invalidValue(path, address, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'))
  }
}

function checkHints(errors: Errors, zones: readonly { readonly name: string }[], path: Path): void {
  if (zones.length > MAX_HINTS) {
    errors.push(tooMany(path, zones.length, MAX_HINTS))
    return
  }
  const names = new Set<unknown>()
  for (const [i, { name }] of zones.entries()) {
    checkUnique(errors, names, name, () => path.at(i).child('name'))
    addWords(errors, isQualifiedName(name ?? ''), path.at(i).child('name'), name ?? '')
  }
}

function checkPorts(errors: Errors, ports: readonly EndpointPort[]): void {
  const path = Path.of('ports')
  if (ports.length > MAX_PORTS) {
    errors.push(tooMany(path, ports.length, MAX_PORTS))
    return
  }
  const names = new Set<unknown>()
  for (const [i, { name = '', protocol, appProtocol, port }] of ports.entries()) {
    const at = path.at(i)
    if (name) addWords(errors, isDns1123Label(name), at.child('name'), name)
    checkUnique(errors, names, name, () => at.child('name'))
    if (typeof port === 'number') addWords(errors, isPortNumber(port), at.child('port'), port)
    if (!protocol) errors.push(required(at.child('protocol')))
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(at.child('protocol'), protocol, PROTOCOLS))
    if (appProtocol) addWords(errors, isQualifiedName(appProtocol), at.child('appProtocol'), appProtocol)
  }
}

export function checkOldEndpoints(errors: Errors, { subsets }: Endpoints): void {
  for (const [i, subset] of listed(subsets).entries()) {
    const at = Path.of('subsets').at(i)
    const [ready, waiting] = [listed(subset.addresses), listed(subset.notReadyAddresses)]
    if (ready.length + waiting.length === 0) {
      errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'))
    }
    checkOldAddresses(errors, ready, at.child('addresses'))
    checkOldAddresses(errors, waiting, at.child('notReadyAddresses'))
    checkOldPorts(errors, listed(subset.ports), at.child('ports'))
  }
}

function checkOldAddresses(errors: Errors, addresses: readonly EndpointAddress[], path: Path): void {
  for (const [i, { ip, hostname, nodeName }] of addresses.entries()) {
    const at = path.at(i)
    const words = isIP(ip ?? '')
    addWords(errors, words, at.child('ip'), ip ?? '')
    if (words.length === 0) checkUnicast(errors, ip, at.child('ip'))
    if (hostname) addWords(errors, isDns1123Label(hostname), at.child('hostname'), hostname)
    if (nodeName) addWords(errors, isDns1123Subdomain(nodeName), at.child('nodeName'), nodeName)
  }
}

function checkOldPorts(errors: Errors, ports: readonly OldEndpointPort[], path: Path): void {
  for (const [i, { name, port, protocol, appProtocol }] of ports.entries()) {
    const at = path.at(i)
    if (!name && ports.length > 1) errors.push(required(at.child('name')))
    else if (name) addWords(errors, isDns1123Label(name), at.child('name'), name)
    addWords(errors, isPortNumber(port ?? 0), at.child('port'), port ?? 0)
    if (!protocol) errors.push(required(at.child('protocol')))
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(at.child('protocol'), protocol, PROTOCOLS))
    if (appProtocol) addWords(errors, isQualifiedName(appProtocol), at.child('appProtocol'), appProtocol)
  }
}
