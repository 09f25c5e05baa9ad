// Probes and lifecycle hooks: what is asked of a container, or run in it, and how often.
import { type Errors, forbiddenField, invalidValue, notSupported, type Path, required } from '../field.ts'
import type { IntOrString } from '../intstr.ts'
import { isHttpHeaderName, isPortName, isPortNumber } from '../names.ts'
import type { Lifecycle, LifecycleHandler, Probe } from '../schema/kinds/core-v1.ts'
import { addWords, checkNotNegative, listed } from './checks.ts'

type Handler = Partial<Probe & LifecycleHandler>

const KINDS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const
const SCHEMES = ['HTTP', 'HTTPS']
const COUNTS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const

export function checkProbe(
  errors: Errors,
  probe: Probe | undefined,
  path: Path,
  purpose: 'liveness' | 'readiness' | 'startup',
): void {
  if (!probe) return
  checkHandler(errors, probe, path)
  for (const field of COUNTS) checkNotNegative(errors, probe[field], path, field)
  const grace = probe.terminationGracePeriodSeconds
  if (purpose === 'readiness') {
    if (typeof grace === 'number') {
      errors.push(invalidValue(path.child('terminationGracePeriodSeconds'), grace, 'must not be set for readinessProbes'))
    }
    return
  }
  if (typeof grace === 'number' && grace <= 0) {
    errors.push(invalidValue(path.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0'))
  }
  if ((probe.successThreshold ?? 1) !== 1) {
    errors.push(invalidValue(path.child('successThreshold'), probe.successThreshold, 'must be 1'))
  }
}

export function checkLifecycle(errors: Errors, lifecycle: Lifecycle | undefined, path: Path): void {
  if (lifecycle?.postStart) checkHandler(errors, lifecycle.postStart, path.child('postStart'))
  if (lifecycle?.preStop) checkHandler(errors, lifecycle.preStop, path.child('preStop'))
}

function checkHandler(errors: Errors, handler: Handler, path: Path): void {
  let found = false
  for (const kind of KINDS) {
    if (!handler[kind]) continue
    if (found) errors.push(forbiddenField(path.child(kind), 'may not specify more than 1 handler type'))
    else checkAction(errors, handler, kind, path.child(kind))
    found = true
  }
  if (!found) errors.push(required(path, 'must specify a handler type'))
}

function checkAction(errors: Errors, handler: Handler, kind: (typeof KINDS)[number], path: Path): void {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  if (kind === 'exec' && listed(exec?.command).length === 0) errors.push(required(path.child('command')))
  if (kind === 'httpGet' && httpGet) {
    if (!httpGet.path) errors.push(required(path.child('path')))
    checkPort(errors, httpGet.port, path.child('port'))
    if (!SCHEMES.includes(httpGet.scheme ?? '')) errors.push(notSupported(path.child('scheme'), httpGet.scheme ?? '', SCHEMES))
    for (const { name } of listed(httpGet.httpHeaders)) {
      addWords(errors, isHttpHeaderName(name ?? ''), path.child('httpHeaders'), name ?? '')
    }
  }
  if (kind === 'tcpSocket') checkPort(errors, tcpSocket?.port, path.child('port'))
  if (kind === 'grpc') addWords(errors, isPortNumber(grpc?.port ?? 0), path.child('port'), grpc?.port ?? 0)
  if (kind === 'sleep' && (sleep?.seconds ?? 0) < 0) {
    errors.push(
      invalidValue(path.child('seconds'), sleep?.seconds, 'must be greater than 0 and less than terminationGracePeriodSeconds'),
    )
  }
}

/** A number, or the name of one. */
export function checkPort(errors: Errors, port: IntOrString | undefined, path: Path): void {
  const value = port ?? 0
  addWords(errors, typeof value === 'number' ? isPortNumber(value) : isPortName(value), path, value)
}
