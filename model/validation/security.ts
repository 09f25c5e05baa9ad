// Under which identity the processes of a pod run, and what depends on the operating system that they run on.
import { type Errors, forbiddenField, invalidValue, notSupported, type Path, required } from '../field.ts'
import type { PodSecurityContext, PodSpec, SeccompProfile } from '../schema/kinds/core-v1.ts'
import { listed } from './checks.ts'

const MAX_ID = 2 ** 31 - 1
const ID_WRONG = `must be between 0 and ${MAX_ID}, inclusive`
const SECCOMP_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined']
const SYSTEMS = ['linux', 'windows']

interface Ids {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly fsGroup?: number
  readonly seccompProfile?: SeccompProfile
}

export function checkSecurityIds(errors: Errors, ids: Ids, path: Path): void {
  for (const field of ['runAsUser', 'runAsGroup', 'fsGroup'] as const) checkId(errors, ids[field], () => path.child(field))
  const profile = ids.seccompProfile
  if (!profile) return
  const at = path.child('seccompProfile')
  if (!profile.type) errors.push(required(at.child('type'), 'type is required when seccompProfile is set'))
  else if (!SECCOMP_TYPES.includes(profile.type)) errors.push(notSupported(at.child('type'), profile.type, SECCOMP_TYPES))
  else if (profile.type === 'Localhost' && !profile.localhostProfile) {
    errors.push(required(at.child('localhostProfile'), 'must be set when seccomp type is Localhost'))
  }
}

function checkId(errors: Errors, id: number | undefined, path: () => Path): void {
  if (typeof id === 'number' && (id < 0 || id > MAX_ID)) errors.push(invalidValue(path(), id, ID_WRONG))
}

export function checkPodSecurity(errors: Errors, spec: PodSpec, path: Path): void {
  const context = spec.securityContext
  if (context) checkContext(errors, context, spec, path.child('securityContext'))
  const system = spec.os?.name
  if (!spec.os) return
  if (!system) errors.push(required(path.child('os').child('name'), 'cannot be empty'))
  else if (!SYSTEMS.includes(system)) errors.push(notSupported(path.child('os'), system, SYSTEMS))
  else if (system === 'windows') checkWindows(errors, spec, path)
  else checkLinux(errors, spec, path)
}

function checkContext(errors: Errors, context: PodSecurityContext, spec: PodSpec, path: Path): void {
  checkSecurityIds(errors, context, path)
  for (const [i, group] of listed(context.supplementalGroups).entries()) {
    checkId(errors, group, () => path.child('supplementalGroups').at(i))
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    errors.push(
      invalidValue(path.child('shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'),
    )
  }
}

const NOT_FOR_WINDOWS = 'cannot be set for a windows pod'
const CONTEXT_NOT_FOR_WINDOWS = [
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
] as const

function checkWindows(errors: Errors, spec: PodSpec, path: Path): void {
  for (const field of ['hostPID', 'hostIPC', 'shareProcessNamespace'] as const) {
    if (spec[field] === true) errors.push(forbiddenField(path.child(field), NOT_FOR_WINDOWS))
  }
  for (const field of CONTEXT_NOT_FOR_WINDOWS) {
    const value = spec.securityContext?.[field]
    if (value !== undefined && value !== null) {
      errors.push(forbiddenField(path.child('securityContext').child(field), NOT_FOR_WINDOWS))
    }
  }
}

function checkLinux(errors: Errors, spec: PodSpec, path: Path): void {
  if (spec.securityContext?.windowsOptions) {
    errors.push(
      forbiddenField(path.child('securityContext').child('windowsOptions'), 'windows options cannot be set for a linux pod'),
    )
  }
}
