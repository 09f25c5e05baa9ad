// Where volumes come from: storage classes, drivers, and what is attached to nodes.
import { semanticallyEqual } from '../equality.ts'
import { duplicate, type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import { isDns1123Subdomain, isQualifiedName } from '../names.ts'
import { addWords, checkNotNegative, checkOneOfIfSaid, checkRequired, IMMUTABLE, listed } from './checks.ts'

const SPEC = Path.of('spec')

export interface StorageClass {
  readonly provisioner: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly reclaimPolicy?: string
  readonly volumeBindingMode?: string
  readonly allowedTopologies?: readonly {
    readonly matchLabelExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[]
  }[]
}

export function checkStorageClass(errors: Errors, storageClass: StorageClass): void {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode } = storageClass
  if (!provisioner) errors.push(required(Path.of('provisioner')))
  else addWords(errors, isQualifiedName(provisioner.toLowerCase()), Path.of('provisioner'), provisioner)
  if (parameters && Object.hasOwn(parameters, '')) errors.push(invalidValue(Path.of('parameters'), '', 'field can not be empty.'))
  const policies = ['Delete', 'Retain']
  if (reclaimPolicy && !policies.includes(reclaimPolicy))
    errors.push(notSupported(Path.of('reclaimPolicy'), reclaimPolicy, policies))
  const bindings = ['Immediate', 'WaitForFirstConsumer']
  if (!volumeBindingMode) errors.push(required(Path.of('volumeBindingMode')))
  else if (!bindings.includes(volumeBindingMode)) {
    errors.push(notSupported(Path.of('volumeBindingMode'), volumeBindingMode, bindings))
  }
  for (const [i, topology] of listed(storageClass.allowedTopologies).entries()) {
    for (const [j, { key = '', values }] of listed(topology.matchLabelExpressions).entries()) {
      const at = Path.of('allowedTopologies').at(i).child('matchLabelExpressions').at(j)
      if (listed(values).length === 0) errors.push(required(at.child('values')))
      const seen = new Set<string>()
      for (const [k, value] of listed(values).entries()) {
        if (seen.has(value)) errors.push(duplicate(at.child('values').at(k), value))
        seen.add(value)
      }
      addWords(errors, isQualifiedName(key), at.child('key'), key)
    }
  }
}

export function checkStorageClassUpdate(errors: Errors, storageClass: StorageClass, old: StorageClass): void {
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
    if (!semanticallyEqual(storageClass[field], old[field])) {
      errors.push(forbiddenField(Path.of(field), `updates to ${field} are forbidden.`))
    }
  }
  if (storageClass.volumeBindingMode !== old.volumeBindingMode) {
    errors.push(invalidValue(Path.of('volumeBindingMode'), storageClass.volumeBindingMode ?? '', IMMUTABLE))
  }
}

const MIN_TOKEN_SECONDS = 600

export interface CsiDriver {
  readonly spec?: {
    readonly attachRequired?: boolean
    readonly fsGroupPolicy?: string
    readonly podInfoOnMount?: boolean
    readonly volumeLifecycleModes?: readonly string[]
    readonly tokenRequests?: readonly { readonly audience: string; readonly expirationSeconds?: number }[]
  }
}

export function checkCsiDriver(errors: Errors, { spec }: CsiDriver): void {
  checkOneOfIfSaid(errors, spec?.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], SPEC, 'fsGroupPolicy')
  const modes = ['Persistent', 'Ephemeral']
  for (const mode of listed(spec?.volumeLifecycleModes)) {
    if (!modes.includes(mode)) errors.push(notSupported(SPEC.child('volumeLifecycleModes'), mode, modes))
  }
  const audiences = new Set<string>()
  for (const [i, { audience = '', expirationSeconds }] of listed(spec?.tokenRequests).entries()) {
    const at = SPEC.child('tokenRequests').at(i)
    if (audiences.has(audience)) errors.push(duplicate(at.child('audience'), audience))
    audiences.add(audience)
    if (typeof expirationSeconds === 'number' && expirationSeconds < MIN_TOKEN_SECONDS) {
      errors.push(
        invalidValue(at.child('expirationSeconds'), expirationSeconds, 'may not specify a duration less than 10 minutes'),
      )
    }
  }
}

export function checkCsiDriverUpdate(errors: Errors, driver: CsiDriver, old: CsiDriver): void {
  checkCsiDriver(errors, driver)
  // That Kubernetes calls the first field `attachedRequired` here is its own slip.
  const names = {
    attachRequired: 'attachedRequired',
    fsGroupPolicy: 'fsGroupPolicy',
    podInfoOnMount: 'podInfoOnMount',
    volumeLifecycleModes: 'volumeLifecycleModes',
  }
  for (const field of Object.keys(names) as (keyof typeof names)[]) {
    if (!semanticallyEqual(driver.spec?.[field], old.spec?.[field])) {
      errors.push(invalidValue(SPEC.child(names[field]), driver.spec?.[field] ?? null, IMMUTABLE))
    }
  }
}

export interface CsiNode {
  readonly spec?: {
    readonly drivers?: readonly {
      readonly name: string
      readonly nodeID: string
      readonly topologyKeys?: readonly string[]
      readonly allocatable?: { readonly count?: number }
    }[]
  }
}

export function checkCsiNode(errors: Errors, { spec }: CsiNode): void {
  const names = new Set<string>()
  for (const [i, { name, nodeID, topologyKeys, allocatable }] of listed(spec?.drivers).entries()) {
    const at = SPEC.child('drivers').at(i)
    if (checkRequired(errors, name, at, 'name')) addWords(errors, isDns1123Subdomain(name.toLowerCase()), at.child('name'), name)
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
    checkRequired(errors, nodeID, at, 'nodeID')
    if (allocatable) checkNotNegative(errors, allocatable.count, at.child('allocatable'), 'count')
    const keys = new Set<string>()
    for (const key of listed(topologyKeys)) {
      if (keys.has(key)) errors.push(duplicate(at, key))
      keys.add(key)
    }
  }
}

/** What is attached where does not change; only whether it is. */
export function checkAttachmentUpdate(errors: Errors, attachment: { spec?: unknown }, old: { spec?: unknown }): void {
  if (!semanticallyEqual(attachment.spec, old.spec)) errors.push(invalidValue(SPEC, attachment.spec ?? null, IMMUTABLE))
}
