// Containers of a pod, of all three kinds, and what must differ between them.
import {
  duplicate,
  type Errors,
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  type Path,
  required,
} from '../field.ts'
import { isIP, isLabelWithoutDots, isPortName, isPortNumber } from '../names.ts'
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  PodSpec,
  SecurityContext,
  VolumeMount,
} from '../schema/kinds/core-v1.ts'
import { addWords, checkOneOfIfSaid, checkUnique, listed } from './checks.ts'
import { checkEnvFrom, checkEnvironment } from './environment.ts'
import { checkLifecycle, checkProbe } from './handlers.ts'
import { checkContainerResources } from './quantities.ts'
import { checkSecurityIds } from './security.ts'
import { checkDescendingPath } from './volumes.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const MESSAGE_POLICIES = ['FallbackToLogsOnError', 'File']
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']

export function checkContainers(errors: Errors, spec: PodSpec, volumes: ReadonlySet<string>, path: Path): void {
  const containers = listed(spec.containers)
  const containersPath = path.child('containers')
  if (containers.length === 0) errors.push(required(containersPath))
  const names = new Set<unknown>()
  const hostPorts = new Set<unknown>()
  for (const [i, container] of containers.entries()) {
    const at = containersPath.at(i)
    checkName(errors, container.name, names, at)
    checkContainer(errors, container, volumes, at)
    checkLifecycle(errors, container.lifecycle, at.child('lifecycle'))
    checkProbes(errors, container, at)
    checkHostPorts(errors, listed(container.ports), hostPorts, spec.hostNetwork === true, at)
  }
  checkInitContainers(errors, listed(spec.initContainers), names, volumes, path.child('initContainers'))
  checkEphemeralContainers(errors, listed(spec.ephemeralContainers), names, volumes, path.child('ephemeralContainers'))
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const
const PURPOSES = { livenessProbe: 'liveness', readinessProbe: 'readiness', startupProbe: 'startup' } as const

function checkProbes(errors: Errors, container: Container, path: Path): void {
  for (const field of PROBES) if (container[field]) checkProbe(errors, container[field], path.child(field), PURPOSES[field])
}

function checkInitContainers(
  errors: Errors,
  containers: readonly Container[],
  names: Set<unknown>,
  volumes: ReadonlySet<string>,
  path: Path,
): void {
  for (const [i, container] of containers.entries()) {
    const at = path.at(i)
    checkName(errors, container.name, names, at)
    checkContainer(errors, container, volumes, at)
    if (container.restartPolicy && container.restartPolicy !== 'Always') {
      errors.push(notSupported(at.child('restartPolicy'), container.restartPolicy, ['Always']))
    }
    if (container.restartPolicy === 'Always') {
      checkLifecycle(errors, container.lifecycle, at.child('lifecycle'))
      checkProbes(errors, container, at)
      continue
    }
    for (const field of ['lifecycle', ...PROBES] as const) {
      if (container[field]) {
        errors.push(forbiddenField(at.child(field), 'may not be set for init containers without restartPolicy=Always'))
      }
    }
  }
}

function checkEphemeralContainers(
  errors: Errors,
  containers: readonly EphemeralContainer[],
  names: Set<unknown>,
  volumes: ReadonlySet<string>,
  path: Path,
): void {
  for (const [i, container] of containers.entries()) {
    const at = path.at(i)
    checkName(errors, container.name ?? '', names, at)
    checkContainer(errors, container, volumes, at)
    for (const field of ['lifecycle', ...PROBES, 'ports'] as const) {
      if (container[field]) errors.push(forbiddenField(at.child(field), 'cannot be set for an Ephemeral Container'))
    }
    if (Object.keys(container.resources ?? {}).length > 0) {
      errors.push(forbiddenField(at.child('resources'), 'cannot be set for an Ephemeral Container'))
    }
  }
}

function checkName(errors: Errors, name: string, names: Set<unknown>, path: Path): void {
  if (!name) {
    errors.push(required(path.child('name')))
    return
  }
  addWords(errors, isLabelWithoutDots(name), path.child('name'), name)
  checkUnique(errors, names, name, () => path.child('name'))
}

function checkContainer(
  errors: Errors,
  container: Container | EphemeralContainer,
  volumes: ReadonlySet<string>,
  path: Path,
): void {
  const { image } = container
  if (!image) errors.push(required(path.child('image')))
  else if (image !== image.trim()) {
    errors.push(invalidValue(path.child('image'), image, 'must not have leading or trailing whitespace'))
  }
  checkOneOfIfSaid(errors, container.terminationMessagePolicy, MESSAGE_POLICIES, path, 'terminationMessagePolicy')
  checkOneOfIfSaid(errors, container.imagePullPolicy, PULL_POLICIES, path, 'imagePullPolicy')
  if (container.ports) checkPorts(errors, container.ports, path.child('ports'))
  if (container.env) checkEnvironment(errors, container.env, path.child('env'))
  if (container.envFrom) checkEnvFrom(errors, container.envFrom, path.child('envFrom'))
  if (container.volumeMounts) checkMounts(errors, container.volumeMounts, volumes, path.child('volumeMounts'))
  checkContainerResources(errors, container.resources, path.child('resources'))
  if (container.securityContext) checkSecurityContext(errors, container.securityContext, path.child('securityContext'))
}

function checkPorts(errors: Errors, ports: readonly ContainerPort[], path: Path): void {
  const names = new Set<unknown>()
  for (const [i, { name, containerPort, hostPort, hostIP, protocol }] of ports.entries()) {
    const at = path.at(i)
    if (name) {
      const words = isPortName(name)
      addWords(errors, words, at.child('name'), name)
      if (words.length === 0) checkUnique(errors, names, name, () => at.child('name'))
    }
    if (!containerPort) errors.push(required(at.child('containerPort')))
    else addWords(errors, isPortNumber(containerPort), at.child('containerPort'), containerPort)
    if (hostPort) addWords(errors, isPortNumber(hostPort), at.child('hostPort'), hostPort)
    if (hostIP) addWords(errors, isIP(hostIP), at.child('hostIP'), hostIP)
    if (!protocol) errors.push(required(at.child('protocol')))
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(at.child('protocol'), protocol, PROTOCOLS))
  }
}

/** Two containers cannot both have a port of the node. */
function checkHostPorts(
  errors: Errors,
  ports: readonly ContainerPort[],
  taken: Set<unknown>,
  hostNetwork: boolean,
  path: Path,
): void {
  for (const [i, { containerPort, hostPort, hostIP, protocol }] of ports.entries()) {
    if (!hostPort) continue
    const at = path.child('ports').at(i)
    if (hostNetwork && hostPort !== containerPort) {
      errors.push(invalidValue(at.child('containerPort'), containerPort, 'must match `hostPort` when `hostNetwork` is true'))
    }
    const port = `${protocol}/${hostIP ?? ''}/${hostPort}`
    if (taken.has(port)) errors.push(duplicate(at.child('hostPort'), port))
    taken.add(port)
  }
}

function checkMounts(errors: Errors, mounts: readonly VolumeMount[], volumes: ReadonlySet<string>, path: Path): void {
  const places = new Set<string>()
  for (const [i, { name, mountPath, subPath, subPathExpr, mountPropagation }] of mounts.entries()) {
    const at = path.at(i)
    if (!name) errors.push(required(at.child('name')))
    if (!volumes.has(name)) errors.push(notFoundField(at.child('name'), name ?? ''))
    if (!mountPath) errors.push(required(at.child('mountPath')))
    else if (places.has(mountPath)) errors.push(invalidValue(at.child('mountPath'), mountPath, 'must be unique'))
    places.add(mountPath)
    if (subPath) checkDescendingPath(errors, subPath, at.child('subPath'))
    if (subPathExpr) {
      if (subPath)
        errors.push(invalidValue(at.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
      checkDescendingPath(errors, subPathExpr, at.child('subPathExpr'))
    }
    checkOneOfIfSaid(errors, mountPropagation, PROPAGATIONS, at, 'mountPropagation')
  }
}

function checkSecurityContext(errors: Errors, context: SecurityContext, path: Path): void {
  checkSecurityIds(errors, context, path)
  if (context.allowPrivilegeEscalation !== false) return
  if (context.privileged === true) {
    errors.push(invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
  }
  if (listed(context.capabilities?.add).includes('CAP_SYS_ADMIN')) {
    errors.push(
      invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'),
    )
  }
}
