// Rows of volumes, claims, and the classes and drivers that provide them.
import type { PersistentVolume, PersistentVolumeClaim } from '../schema/kinds/core-v1.ts'
import { AGE, age, column, count, isBeingDeleted, NAME, type Named, NONE, nameOf, printer, UNSET, wide } from './columns.ts'

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class'
const DEFAULT_ANNOTATIONS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

/** In the order in which they are shown. */
const accessModes: readonly (readonly [mode: string, short: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
]

const modesText = (modes: readonly string[] | undefined): string =>
  accessModes.flatMap(([mode, short]) => (modes?.includes(mode) ? [short] : [])).join(',')

const phaseOf = (object: Named & { readonly status?: { readonly phase?: string } }): string =>
  isBeingDeleted(object) ? 'Terminating' : (object.status?.phase ?? '')

const classOf = ({ metadata, spec }: Named & { readonly spec?: { readonly storageClassName?: string } }): string =>
  metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? ''

const CAPACITY = column('Capacity', 'The size of the volume.')
const ACCESS_MODES = column('Access Modes', 'By how many nodes, and how, it can be used.')
const STORAGE_CLASS = column('StorageClass', 'The class that provides it.')
const ATTRIBUTES_CLASS = column('VolumeAttributesClass', 'The class of its changeable attributes.')
const VOLUME_MODE = wide('VolumeMode', 'Whether it is a file system or a raw device.')

export const persistentVolumes = printer<PersistentVolume>(
  [
    NAME,
    CAPACITY,
    ACCESS_MODES,
    column('Reclaim Policy', 'What becomes of it when its claim is gone.'),
    column('Status', 'Whether it is free, bound, released or failed.'),
    column('Claim', 'The claim that it is bound to.'),
    STORAGE_CLASS,
    ATTRIBUTES_CLASS,
    column('Reason', 'Why it failed, in one word.'),
    AGE,
    VOLUME_MODE,
  ],
  (volume, nowMs) => {
    const claim = volume.spec?.claimRef
    return [
      nameOf(volume),
      volume.spec?.capacity?.storage ?? '0',
      modesText(volume.spec?.accessModes),
      volume.spec?.persistentVolumeReclaimPolicy ?? '',
      phaseOf(volume),
      claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '',
      classOf(volume),
      volume.spec?.volumeAttributesClassName ?? UNSET,
      volume.status?.reason ?? '',
      age(volume, nowMs),
      volume.spec?.volumeMode ?? UNSET,
    ]
  },
)

export const persistentVolumeClaims = printer<PersistentVolumeClaim>(
  [
    NAME,
    column('Status', 'Whether it has its volume.'),
    column('Volume', 'The volume that it is bound to.'),
    CAPACITY,
    ACCESS_MODES,
    STORAGE_CLASS,
    ATTRIBUTES_CLASS,
    AGE,
    VOLUME_MODE,
  ],
  (claim, nowMs) => {
    const volume = claim.spec?.volumeName ?? ''
    return [
      nameOf(claim),
      phaseOf(claim),
      volume,
      volume === '' ? '' : (claim.status?.capacity?.storage ?? '0'),
      volume === '' ? '' : modesText(claim.status?.accessModes),
      classOf(claim),
      claim.spec?.volumeAttributesClassName ?? UNSET,
      age(claim, nowMs),
      claim.spec?.volumeMode ?? UNSET,
    ]
  },
)

interface StorageClass extends Named {
  readonly provisioner?: string
  readonly reclaimPolicy?: string
  readonly volumeBindingMode?: string
  readonly allowVolumeExpansion?: boolean
}

export const storageClasses = printer<StorageClass>(
  [
    NAME,
    column('Provisioner', 'Who makes the volumes.'),
    column('ReclaimPolicy', 'What becomes of a volume when its claim is gone.'),
    column('VolumeBindingMode', 'Whether a volume is made at once or with the first pod.'),
    column('AllowVolumeExpansion', 'Whether claims may grow.'),
    AGE,
  ],
  (storageClass, nowMs) => [
    isDefault(storageClass) ? `${nameOf(storageClass)} (default)` : nameOf(storageClass),
    storageClass.provisioner ?? '',
    storageClass.reclaimPolicy ?? 'Delete',
    storageClass.volumeBindingMode ?? 'Immediate',
    storageClass.allowVolumeExpansion ?? false,
    age(storageClass, nowMs),
  ],
)

const isDefault = ({ metadata }: Named): boolean => DEFAULT_ANNOTATIONS.some((name) => metadata.annotations?.[name] === 'true')

interface VolumeAttributesClass extends Named {
  readonly driverName?: string
}

export const volumeAttributesClasses = printer<VolumeAttributesClass>(
  [NAME, column('DriverName', 'The driver that knows the attributes.'), AGE],
  (attributesClass, nowMs) => [nameOf(attributesClass), attributesClass.driverName ?? '', age(attributesClass, nowMs)],
)

interface VolumeAttachment extends Named {
  readonly spec?: {
    readonly attacher?: string
    readonly nodeName?: string
    readonly source?: { readonly persistentVolumeName?: string }
  }
  readonly status?: { readonly attached?: boolean }
}

export const volumeAttachments = printer<VolumeAttachment>(
  [
    NAME,
    { ...column('Attacher', 'The driver that attaches.'), format: 'name' },
    column('PV', 'The volume.'),
    column('Node', 'The node.'),
    column('Attached', 'Whether it is done.', 'boolean'),
    AGE,
  ],
  (attachment, nowMs) => [
    nameOf(attachment),
    attachment.spec?.attacher ?? '',
    attachment.spec?.source?.persistentVolumeName ?? '',
    attachment.spec?.nodeName ?? '',
    attachment.status?.attached ?? false,
    age(attachment, nowMs),
  ],
)

interface CSIDriver extends Named {
  readonly spec?: {
    readonly attachRequired?: boolean
    readonly podInfoOnMount?: boolean
    readonly storageCapacity?: boolean
    readonly tokenRequests?: readonly { readonly audience: string }[]
    readonly requiresRepublish?: boolean
    readonly volumeLifecycleModes?: readonly string[]
  }
}

export const csiDrivers = printer<CSIDriver>(
  [
    NAME,
    column('AttachRequired', 'Whether volumes are attached before they are mounted.', 'boolean'),
    column('PodInfoOnMount', 'Whether the driver is told of the pod.', 'boolean'),
    column('StorageCapacity', 'Whether its capacity counts in scheduling.', 'boolean'),
    column('TokenRequests', 'Audiences of the tokens that it is given.'),
    column('RequiresRepublish', 'Whether it is called again from time to time.', 'boolean'),
    column('Modes', 'Kinds of volumes that it has.'),
    AGE,
  ],
  (driver, nowMs) => [
    nameOf(driver),
    driver.spec?.attachRequired ?? true,
    driver.spec?.podInfoOnMount ?? false,
    driver.spec?.storageCapacity ?? false,
    driver.spec?.tokenRequests?.map(({ audience }) => audience).join(',') ?? UNSET,
    driver.spec?.requiresRepublish ?? false,
    driver.spec?.volumeLifecycleModes?.join(',') || NONE,
    age(driver, nowMs),
  ],
)

interface CSINode extends Named {
  readonly spec?: { readonly drivers?: readonly unknown[] }
}

export const csiNodes = printer<CSINode>([NAME, count('Drivers', 'How many drivers run there.'), AGE], (node, nowMs) => [
  nameOf(node),
  node.spec?.drivers?.length ?? 0,
  age(node, nowMs),
])
