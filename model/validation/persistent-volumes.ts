// Persistent volumes and the claims to them.
import { semanticallyEqual } from '../equality.ts'
import { type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import { isDns1123Subdomain } from '../names.ts'
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec } from '../schema/kinds/core-v1.ts'
import { addWords, checkOneOfIfSaid, checkRequired, IMMUTABLE, keysOf, listed } from './checks.ts'
import { amountOf, compareAmounts } from './quantities.ts'
import { checkNodeSelector } from './scheduling.ts'
import { checkLabelSelector } from './selectors.ts'
import { checkHostPath } from './volumes.ts'
import { equalExcept } from './workloads.ts'

const SPEC = Path.of('spec')
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const VOLUME_MODES = ['Block', 'Filesystem']
const NOT_SOURCES: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

export function checkClaim(errors: Errors, { spec }: PersistentVolumeClaim): void {
  checkAccessModes(errors, listed(spec?.accessModes))
  checkLabelSelector(errors, spec?.selector, SPEC.child('selector'))
  checkStorage(errors, spec?.resources?.requests, SPEC.child('resources').at('storage'))
  if (spec?.storageClassName) {
    addWords(errors, isDns1123Subdomain(spec.storageClassName), SPEC.child('storageClassName'), spec.storageClassName)
  }
  checkOneOfIfSaid(errors, spec?.volumeMode, VOLUME_MODES, SPEC, 'volumeMode')
  for (const field of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec?.[field]
    if (!source) continue
    checkRequired(errors, source.name, SPEC.child(field), 'name')
    checkRequired(errors, source.kind, SPEC.child(field), 'kind')
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
      errors.push(
        invalidValue(SPEC.child(field), source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
      )
    }
  }
}

function checkStorage(errors: Errors, requests: Readonly<Record<string, string>> | undefined, path: Path): void {
  const amount = requests?.storage
  if (amount === undefined) errors.push(required(path))
  else if (amountOf(amount).nanos <= 0n) errors.push(invalidValue(path, amount, 'must be greater than zero'))
}

const CLAIM_FIXED = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

export function checkClaimUpdate(errors: Errors, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  checkClaim(errors, claim)
  // The volume that a claim is bound to is written once, by whoever binds.
  const mayChange = ['resources', 'volumeAttributesClassName', ...(old.spec?.volumeName ? [] : ['volumeName'])]
  if (!equalExcept(claim.spec, old.spec, mayChange)) errors.push(forbiddenField(SPEC, CLAIM_FIXED))
  const [now, before] = [claim.spec?.resources?.requests?.storage, old.spec?.resources?.requests?.storage]
  if (now !== undefined && before !== undefined && compareAmounts(now, before) < 0) {
    const words = 'field can not be less than status.capacity'
    errors.push(forbiddenField(SPEC.child('resources').child('requests').child('storage'), words))
  }
}

function checkAccessModes(errors: Errors, modes: readonly string[]): void {
  const path = SPEC.child('accessModes')
  if (modes.length === 0) errors.push(required(path, 'at least 1 access mode is required'))
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) errors.push(notSupported(path, mode, ACCESS_MODES))
  if (modes.length > 1 && modes.includes('ReadWriteOncePod')) {
    errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'))
  }
}

export function checkVolumeObject(errors: Errors, { spec }: PersistentVolume): void {
  const modes = listed(spec?.accessModes)
  if (modes.length === 0) errors.push(required(SPEC.child('accessModes')))
  else checkAccessModes(errors, modes)
  checkCapacity(errors, spec?.capacity)
  checkVolumeSource(errors, spec)
  const reclaim = spec?.persistentVolumeReclaimPolicy
  checkOneOfIfSaid(errors, reclaim, ['Delete', 'Recycle', 'Retain'], SPEC, 'persistentVolumeReclaimPolicy')
  if (reclaim === 'Recycle' && spec?.hostPath?.path === '/') {
    errors.push(forbiddenField(SPEC.child('persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'"))
  }
  if (spec?.storageClassName) {
    addWords(errors, isDns1123Subdomain(spec.storageClassName), SPEC.child('storageClassName'), spec.storageClassName)
  }
  checkOneOfIfSaid(errors, spec?.volumeMode, VOLUME_MODES, SPEC, 'volumeMode')
  if (spec?.nodeAffinity) {
    const at = SPEC.child('nodeAffinity').child('required')
    if (!spec.nodeAffinity.required) errors.push(required(at, 'must specify required node constraints'))
    else checkNodeSelector(errors, spec.nodeAffinity.required, at)
  }
}

export function checkVolumeObjectUpdate(errors: Errors, volume: PersistentVolume, old: PersistentVolume): void {
  checkVolumeObject(errors, volume)
  const fixed = sourcesOf(old.spec)
  if (!semanticallyEqual(pick(volume.spec, sourcesOf(volume.spec)), pick(old.spec, fixed))) {
    errors.push(forbiddenField(SPEC.child('persistentvolumesource'), 'spec.persistentvolumesource is immutable after creation'))
  }
  if (volume.spec?.volumeMode !== old.spec?.volumeMode) {
    errors.push(invalidValue(Path.of('volumeMode'), volume.spec?.volumeMode ?? '', IMMUTABLE))
  }
}

const sourcesOf = (spec: PersistentVolumeSpec | undefined): readonly string[] =>
  Object.entries(spec ?? {}).flatMap(([field, value]) => (NOT_SOURCES.has(field) || !value ? [] : [field]))

const pick = (spec: object | undefined, fields: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(spec ?? {}).filter(([field]) => fields.includes(field)))

function checkVolumeSource(errors: Errors, spec: PersistentVolumeSpec | undefined): void {
  const [first, ...others] = sourcesOf(spec)
  if (first === undefined) errors.push(required(SPEC, 'must specify a volume type'))
  for (const other of others) errors.push(forbiddenField(SPEC.child(other), 'may not specify more than 1 volume type'))
  if (spec?.hostPath) checkHostPath(errors, spec.hostPath, SPEC.child('hostPath'))
}

function checkCapacity(errors: Errors, capacity: Readonly<Record<string, string>> | undefined): void {
  const at = SPEC.child('capacity')
  const names = keysOf(capacity)
  if (names.length === 0) errors.push(required(at))
  if (names.length !== 1 || names[0] !== 'storage') errors.push(notSupported(at, capacity ?? null, ['storage']))
  for (const name of names) {
    const amount = capacity?.[name] ?? ''
    if (amountOf(amount).nanos <= 0n) errors.push(invalidValue(at.at(name), amount, 'must be greater than zero'))
  }
}
