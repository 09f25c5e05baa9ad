// Defaults of volumes that outlive pods: claims, volumes, classes, drivers.
import { type Draft, ensurePart, fill, isAbsent, partOf } from './draft.ts'
import { roundQuantities } from './pods.ts'
import { defaultVolumeSources } from './volumes.ts'

export function defaultClaim(claim: Draft): void {
  const spec = ensurePart(claim, 'spec')
  fill(spec, { volumeMode: 'Filesystem' })
  roundQuantities(partOf(partOf(spec, 'resources'), 'requests'))
  roundQuantities(partOf(partOf(spec, 'resources'), 'limits'))
  fill(ensurePart(claim, 'status'), { phase: 'Pending' })
}

/** One that stands alone, not as a template. */
export function defaultClaimObject(claim: Draft): void {
  defaultClaim(claim)
  mirrorDataSource(ensurePart(claim, 'spec'))
}

/** `dataSource` and `dataSourceRef` say the same. */
function mirrorDataSource(spec: Draft): void {
  const [source, reference] = [partOf(spec, 'dataSource'), partOf(spec, 'dataSourceRef')]
  if (source && !reference) spec.dataSourceRef = { ...source }
  else if (reference && !source && isAbsent(reference.namespace)) spec.dataSource = { ...reference }
}

export function defaultVolumeObject(volume: Draft): void {
  const spec = ensurePart(volume, 'spec')
  fill(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' })
  defaultVolumeSources(spec)
  roundQuantities(partOf(spec, 'capacity'))
  fill(ensurePart(volume, 'status'), { phase: 'Pending' })
}

export function defaultStorageClass(storageClass: Draft): void {
  fill(storageClass, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
}

export function defaultCsiDriver(driver: Draft): void {
  const spec = ensurePart(driver, 'spec')
  fill(spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    requiresRepublish: false,
    seLinuxMount: false,
  })
  if (isAbsent(spec.volumeLifecycleModes)) spec.volumeLifecycleModes = ['Persistent']
}
