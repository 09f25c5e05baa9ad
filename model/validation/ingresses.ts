// Ingresses and their classes.
import { type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isIP,
  isPortName,
  isPortNumber,
  isWildcardSubdomain,
} from '../names.ts'
import type { ObjectMeta } from '../object.ts'
import { addWords, checkOneOfIfSaid, listed } from './checks.ts'

const SPEC = Path.of('spec')
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']
/** Sequences that would mean something else to the next who reads the path, and endings of that kind. */
const FORBIDDEN_IN_PATHS = ['//', '/./', '/../', '%2f', '%2F']
const FORBIDDEN_AT_END = ['/..', '/.']
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'

interface Backend {
  readonly service?: { readonly name: string; readonly port?: { readonly name?: string; readonly number?: number } }
  readonly resource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string }
}

interface HttpPath {
  readonly path?: string
  readonly pathType?: string | null
  readonly backend: Backend
}

export interface Ingress {
  readonly metadata: ObjectMeta
  readonly spec?: {
    readonly ingressClassName?: string
    readonly defaultBackend?: Backend
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[]
    readonly rules?: readonly { readonly host?: string; readonly http?: { readonly paths: readonly HttpPath[] } }[]
  }
}

export function checkIngress(errors: Errors, ingress: Ingress): void {
  checkIngressUpdate(errors, ingress)
  const annotated = ingress.metadata.annotations?.[CLASS_ANNOTATION]
  const named = ingress.spec?.ingressClassName
  if (annotated !== undefined && named !== undefined && annotated !== named) {
    const words = 'must match `ingressClassName` when both are specified'
    errors.push(invalidValue(Path.of('annotations').child(CLASS_ANNOTATION), annotated, words))
  }
}

export function checkIngressUpdate(errors: Errors, { spec = {} }: Ingress): void {
  const { defaultBackend, ingressClassName } = spec
  const rules = listed(spec.rules)
  if (rules.length === 0 && !defaultBackend) {
    errors.push({
      type: 'FieldValueInvalid',
      field: 'spec',
      detail: 'Invalid value: []networking.IngressRule(nil): either `defaultBackend` or `rules` must be specified',
    })
  }
  if (defaultBackend) checkBackend(errors, defaultBackend, SPEC.child('defaultBackend'))
  for (const [i, { host, http }] of rules.entries()) {
    const at = SPEC.child('rules').at(i)
    if (host) checkHost(errors, host, at.child('host'))
    if (http) checkPaths(errors, listed(http.paths), at.child('http').child('paths'))
  }
  for (const [i, { hosts, secretName }] of listed(spec.tls).entries()) {
    const at = SPEC.child('tls').at(i)
    for (const [j, host] of listed(hosts).entries()) {
      addWords(errors, host.includes('*') ? isWildcardSubdomain(host) : isDns1123Subdomain(host), at.child('hosts').at(j), host)
    }
    if (secretName) addWords(errors, isDns1123Subdomain(secretName), at.child('secretName'), secretName)
  }
  if (typeof ingressClassName === 'string') {
    addWords(errors, isDns1123Subdomain(ingressClassName), SPEC.child('ingressClassName'), ingressClassName)
  }
}

function checkHost(errors: Errors, host: string, path: Path): void {
  if (isIP(host).length === 0) errors.push(invalidValue(path, host, 'must be a DNS name, not an IP address'))
  else addWords(errors, host.includes('*') ? isWildcardSubdomain(host) : isDns1123Subdomain(host), path, host)
}

function checkPaths(errors: Errors, paths: readonly HttpPath[], path: Path): void {
  if (paths.length === 0) errors.push(required(path))
  for (const [i, { path: given = '', pathType, backend }] of paths.entries()) {
    const at = path.at(i)
    if (!pathType) errors.push(required(at.child('pathType'), 'pathType must be specified'))
    else if (!PATH_TYPES.includes(pathType)) errors.push(notSupported(at.child('pathType'), pathType, PATH_TYPES))
    else if (pathType === 'ImplementationSpecific') {
      if (given !== '' && !given.startsWith('/')) errors.push(invalidValue(at.child('path'), given, 'must be an absolute path'))
    } else {
      checkHttpPath(errors, given, at.child('path'))
    }
    checkBackend(errors, backend ?? {}, at.child('backend'))
  }
}

function checkHttpPath(errors: Errors, given: string, path: Path): void {
  if (!given.startsWith('/')) errors.push(invalidValue(path, given, 'must be an absolute path'))
  for (const sequence of FORBIDDEN_IN_PATHS) {
    if (given.includes(sequence)) errors.push(invalidValue(path, given, `must not contain '${sequence}'`))
  }
  for (const ending of FORBIDDEN_AT_END) {
    if (given.endsWith(ending)) errors.push(invalidValue(path, given, `cannot end with '${ending}'`))
  }
}

function checkBackend(errors: Errors, { service, resource }: Backend, path: Path): void {
  if (resource && service) {
    errors.push(invalidValue(path, '', 'cannot set both resource and service backends'))
    return
  }
  if (resource) {
    for (const field of ['kind', 'name'] as const) {
      if (!resource[field]) errors.push(required(path.child('resource').child(field)))
    }
    return
  }
  if (!service) {
    errors.push(required(path, 'resource or service backend is required'))
    return
  }
  const at = path.child('service')
  if (!service.name) errors.push(required(at.child('name')))
  else addWords(errors, isDns1035Label(service.name), at.child('name'), service.name)
  const { name, number } = service.port ?? {}
  if (name && number) errors.push(invalidValue(path, '', 'cannot set both port name & port number'))
  else if (name) addWords(errors, isPortName(name), at.child('port').child('name'), name)
  else if (number) addWords(errors, isPortNumber(number), at.child('port').child('number'), number)
  else errors.push(required(path, 'port name or number is required'))
}

export interface IngressClass {
  readonly spec?: {
    readonly controller?: string
    readonly parameters?: {
      readonly apiGroup?: string
      readonly kind?: string
      readonly name?: string
      readonly scope?: string
      readonly namespace?: string
    }
  }
}

export function checkIngressClass(errors: Errors, { spec }: IngressClass): void {
  const controller = spec?.controller ?? ''
  if (controller === '') errors.push(required(SPEC.child('controller')))
  else if (!isDomainPrefixed(controller)) {
    errors.push(invalidValue(SPEC.child('controller'), controller, 'must be a domain-prefixed path (such as "acme.io/foo")'))
  }
  if (!spec?.parameters) return
  const { kind, name, scope, namespace } = spec.parameters
  const at = SPEC.child('parameters')
  if (!kind) errors.push(required(at.child('kind'), 'kind is required'))
  if (!name) errors.push(required(at.child('name'), 'name is required'))
  checkOneOfIfSaid(errors, scope, ['Cluster', 'Namespace'], at, 'scope')
  if (scope === 'Namespace') {
    if (!namespace) errors.push(required(at.child('namespace'), "`parameters.scope` is set to 'Namespace'"))
    else addWords(errors, isDns1123Label(namespace), at.child('namespace'), namespace)
  }
  if (scope === 'Cluster' && namespace) {
    errors.push(forbiddenField(at.child('namespace'), "`parameters.scope` is set to 'Cluster'"))
  }
}

export function checkIngressClassUpdate(errors: Errors, ingressClass: IngressClass, old: IngressClass): void {
  checkIngressClass(errors, ingressClass)
  const controller = ingressClass.spec?.controller
  if (controller !== old.spec?.controller) {
    errors.push(invalidValue(SPEC.child('controller'), controller ?? '', 'field is immutable'))
  }
}

const isDomainPrefixed = (text: string): boolean => {
  const slash = text.indexOf('/')
  return (
    slash > 0 &&
    isDns1123Subdomain(text.slice(0, slash)).length === 0 &&
    /^\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(text.slice(slash))
  )
}
