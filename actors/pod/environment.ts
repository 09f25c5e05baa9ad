// The environment of a container: values, references to ConfigMaps, Secrets and fields, and the variables of Services.
// What is missing is told in the words of CreateContainerConfigError.

import { decodeBase64 } from '../../model/codec/base64.ts'
import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '../../model/schema/kinds/core-v1.ts'
import { fieldOf, type HostFacts, resourceOf } from './downward.ts'

/** Undefined: does not exist. */
export interface ConfigSources {
  configMap(name: string): ConfigMap | undefined
  secret(name: string): Secret | undefined
}

export class ConfigError extends Error {}

export interface EnvironmentFacts extends ConfigSources {
  readonly pod: Pod
  readonly host: HostFacts
  /** Services whose variables the pod gets. */
  readonly services: readonly Service[]
}

/**
 * In the order of Kubernetes: Services first, then envFrom, then env, where later ones win. `$(NAME)` in a value stands
 * for a variable that was set before it.
 */
export function environmentOf(container: Container, facts: EnvironmentFacts): Record<string, string> {
  const ofServices = serviceVariables(facts.services, facts.pod)
  const environment: Record<string, string> = {}
  for (const source of container.envFrom ?? []) {
    const data = source.configMapRef ? configMapData(source.configMapRef, facts) : secretData(source.secretRef ?? {}, facts)
    for (const [key, value] of Object.entries(data)) environment[`${source.prefix ?? ''}${key}`] = value
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(variable, container, facts, (name) => environment[name] ?? ofServices[name])
    if (value !== undefined) environment[variable.name] = value
  }
  return { ...ofServices, ...environment }
}

function variableValue(variable: EnvVar, container: Container, facts: EnvironmentFacts, known: Lookup): string | undefined {
  const from = variable.valueFrom
  if (!from) return expand(variable.value ?? '', known)
  if (from.fieldRef) return fieldOf(from.fieldRef.fieldPath, facts.pod, facts.host)
  if (from.resourceFieldRef) {
    const { containerName } = from.resourceFieldRef
    const other = containerName ? facts.pod.spec?.containers.find(({ name }) => name === containerName) : container
    return resourceOf(from.resourceFieldRef, other ?? container, facts.host)
  }
  const map = from.configMapKeyRef
  const secret = from.secretKeyRef
  const ref = map ?? secret
  if (!ref) throw new ConfigError(`environment variable ${variable.name} has a source that this node does not know`)
  const data = map ? configMapData(map, facts) : secretData(secret ?? {}, facts)
  const value = data[ref.key]
  if (value !== undefined || ref.optional) return value
  const namespace = facts.pod.metadata.namespace
  throw new ConfigError(`couldn't find key ${ref.key} in ${map ? 'ConfigMap' : 'Secret'} ${namespace}/${ref.name}`)
}

interface Ref {
  readonly name?: string
  readonly optional?: boolean
}

function configMapData({ name = '', optional }: Ref, sources: ConfigSources): Readonly<Record<string, string>> {
  const found = sources.configMap(name)
  if (!found && !optional) throw new ConfigError(`configmap "${name}" not found`)
  return found?.data ?? {}
}

function secretData({ name = '', optional }: Ref, sources: ConfigSources): Readonly<Record<string, string>> {
  const found = sources.secret(name)
  if (!found && !optional) throw new ConfigError(`secret "${name}" not found`)
  return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, text(value)]))
}

const decoder = new TextDecoder()
const text = (base64: string): string => decoder.decode(decodeBase64(base64) ?? new Uint8Array())

type Lookup = (name: string) => string | undefined

/** `$(NAME)` → its value, or left as it is when there is none; `$$` → `$`. */
export function expand(value: string, known: Lookup): string {
  return value.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (known(name) ?? whole),
  )
}

/**
 * As Docker's links made them: for the Service `redis-master` port 6379 `REDIS_MASTER_SERVICE_HOST`,
 * `REDIS_MASTER_SERVICE_PORT`, `REDIS_MASTER_PORT=tcp://10.0.0.11:6379`, `REDIS_MASTER_PORT_6379_TCP_ADDR`, …
 */
export function serviceVariables(services: readonly Service[], pod: Pod): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const service of services) {
    const { name = '', namespace } = service.metadata
    const isMaster = namespace === 'default' && name === 'kubernetes'
    const isLinked = pod.spec?.enableServiceLinks !== false && namespace === pod.metadata.namespace
    const host = service.spec?.clusterIP
    const ports = service.spec?.ports ?? []
    const [first] = ports
    if (!(isMaster || isLinked) || !host || host === 'None' || !first) continue
    const prefix = variableName(name)
    variables[`${prefix}_SERVICE_HOST`] = host
    variables[`${prefix}_SERVICE_PORT`] = String(first.port)
    for (const port of ports) {
      if (port.name) variables[`${prefix}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port)
    }
    const url = (port: typeof first): string => `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`
    variables[`${prefix}_PORT`] = url(first)
    for (const port of ports) {
      const each = `${prefix}_PORT_${port.port}_${port.protocol ?? 'TCP'}`
      variables[each] = url(port)
      variables[`${each}_PROTO`] = (port.protocol ?? 'TCP').toLowerCase()
      variables[`${each}_PORT`] = String(port.port)
      variables[`${each}_ADDR`] = host
    }
  }
  return variables
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_')
