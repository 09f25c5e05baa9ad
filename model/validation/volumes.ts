// Volumes of a pod: their names, their sources, and the paths within them.
import { duplicate, type Errors, forbiddenField, invalidValue, notSupported, type Path, required } from '../field.ts'
import { isConfigMapKey, isDns1123Label, isDns1123Subdomain } from '../names.ts'
import type {
  DownwardAPIVolumeFile,
  HostPathVolumeSource,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
  VolumeProjection,
} from '../schema/kinds/core-v1.ts'
import { addWords, checkRequired, listed } from './checks.ts'
import { checkFieldRef, checkResourceFieldRef, FILE_FIELDS } from './environment.ts'
import { checkNotNegativeAmount } from './quantities.ts'

const MAX_MODE = 0o777
const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']
/** A token that lives shorter would have to be renewed all the time. */
const MIN_TOKEN_SECONDS = 600
const MAX_TOKEN_SECONDS = 2 ** 32

/** Answers the names of the volumes that can be mounted. */
export function checkVolumes(errors: Errors, volumes: readonly Volume[], path: Path): ReadonlySet<string> {
  const mountable = new Set<string>()
  const names = new Set<string>()
  for (const [i, volume] of volumes.entries()) {
    const at = path.at(i)
    const before = errors.length
    checkSource(errors, volume, at)
    const { name } = volume
    if (!name) errors.push(required(at.child('name')))
    else {
      addWords(errors, isDns1123Label(name), at.child('name'), name)
      if (names.has(name)) errors.push(duplicate(at.child('name'), name))
      names.add(name)
    }
    if (errors.length === before) mountable.add(name)
  }
  return mountable
}

type SourceCheck = (errors: Errors, volume: Volume, path: Path) => void

/** In the order in which Kubernetes looks: a second source is reported, not checked. */
const sources: Readonly<Partial<Record<keyof Volume, SourceCheck>>> = {
  emptyDir: (errors, { emptyDir }, path) => {
    if (emptyDir?.sizeLimit) checkNotNegativeAmount(errors, emptyDir.sizeLimit, path.child('sizeLimit'))
  },
  hostPath: (errors, { hostPath }, path) => {
    if (hostPath) checkHostPath(errors, hostPath, path)
  },
  secret: (errors, { secret }, path) => {
    checkRequired(errors, secret?.secretName, path, 'secretName')
    checkMode(errors, secret?.defaultMode, path.child('defaultMode'))
    checkItems(errors, listed(secret?.items), path.child('items'))
  },
  nfs: (errors, { nfs }, path) => {
    checkRequired(errors, nfs?.server, path, 'server')
    if (checkRequired(errors, nfs?.path, path, 'path') && !nfs?.path.startsWith('/')) {
      errors.push(invalidValue(path.child('path'), nfs?.path, 'must be an absolute path'))
    }
  },
  configMap: (errors, { configMap }, path) => {
    checkRequired(errors, configMap?.name, path, 'name')
    checkMode(errors, configMap?.defaultMode, path.child('defaultMode'))
    checkItems(errors, listed(configMap?.items), path.child('items'))
  },
  downwardAPI: (errors, { downwardAPI }, path) => {
    checkMode(errors, downwardAPI?.defaultMode, path.child('defaultMode'))
    checkDownwardFiles(errors, listed(downwardAPI?.items), path)
  },
  persistentVolumeClaim: (errors, { persistentVolumeClaim }, path) => {
    checkRequired(errors, persistentVolumeClaim?.claimName, path, 'claimName')
  },
  projected: (errors, { projected }, path) => {
    if (projected) checkProjected(errors, projected, path)
  },
  csi: (errors, { csi }, path) => {
    checkRequired(errors, csi?.driver, path, 'driver')
  },
  ephemeral: (errors, { ephemeral }, path) => {
    if (!ephemeral?.volumeClaimTemplate) errors.push(required(path.child('volumeClaimTemplate')))
  },
}
const SOURCES = Object.keys(sources) as (keyof typeof sources)[]

function checkSource(errors: Errors, volume: Volume, path: Path): void {
  let found = false
  for (const kind of SOURCES) {
    if (!volume[kind]) continue
    if (found) errors.push(forbiddenField(path.child(kind), 'may not specify more than 1 volume type'))
    else sources[kind]?.(errors, volume, path.child(kind))
    found = true
  }
}

export function checkHostPath(errors: Errors, { path: given, type }: HostPathVolumeSource, path: Path): void {
  if (checkRequired(errors, given, path, 'path')) checkNoBacksteps(errors, given, path.child('path'))
  if (type && !HOST_PATH_TYPES.includes(type)) errors.push(notSupported(path.child('type'), type, HOST_PATH_TYPES))
}

function checkNoBacksteps(errors: Errors, given: string, path: Path): void {
  if (given.includes('..') && given.split('/').includes('..')) errors.push(invalidValue(path, given, "must not contain '..'"))
}

/** A path within a volume stays within it. */
export function checkDescendingPath(errors: Errors, given: string, path: Path): void {
  if (given.startsWith('/')) errors.push(invalidValue(path, given, 'must be a relative path'))
  checkNoBacksteps(errors, given, path)
}

function checkMode(errors: Errors, mode: number | undefined, path: Path): void {
  if (typeof mode === 'number' && (mode < 0 || mode > MAX_MODE)) {
    errors.push(invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'))
  }
}

function checkItems(errors: Errors, items: readonly KeyToPath[], path: Path): void {
  for (const [i, item] of items.entries()) {
    const at = path.at(i)
    if (checkRequired(errors, item.key, at, 'key')) addWords(errors, isConfigMapKey(item.key), at.child('key'), item.key)
    if (checkRequired(errors, item.path, at, 'path')) checkFilePath(errors, item.path, at.child('path'))
    checkMode(errors, item.mode, at.child('mode'))
  }
}

/** As a descending path; names that begin with two dots are kept for those who write the files. */
function checkFilePath(errors: Errors, given: string, path: Path): void {
  checkDescendingPath(errors, given, path)
  if (given.startsWith('..') && !given.split('/').includes('..'))
    errors.push(invalidValue(path, given, "must not start with '..'"))
}

function checkDownwardFiles(errors: Errors, files: readonly DownwardAPIVolumeFile[], path: Path): void {
  for (const file of files) {
    if (checkRequired(errors, file.path, path, 'path')) checkFilePath(errors, file.path, path.child('path'))
    if (file.fieldRef) {
      checkFieldRef(errors, file.fieldRef, FILE_FIELDS, path.child('fieldRef'))
      if (file.resourceFieldRef)
        errors.push(invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    } else if (file.resourceFieldRef) {
      if (!file.resourceFieldRef.containerName) errors.push(required(path.child('resourceFieldRef').child('containerName')))
      else checkResourceFieldRef(errors, file.resourceFieldRef, path.child('resourceFieldRef'))
    } else {
      errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
    }
    checkMode(errors, file.mode, path.child('mode'))
  }
}

const PROJECTIONS = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle', 'podCertificate'] as const

function checkProjected(errors: Errors, projected: ProjectedVolumeSource, path: Path): void {
  checkMode(errors, projected.defaultMode, path.child('defaultMode'))
  const paths = new Set<string>()
  for (const [i, source] of listed(projected.sources).entries()) {
    const at = path.child('sources').at(i)
    const given = PROJECTIONS.filter((kind) => source[kind])
    for (const second of given.slice(1)) errors.push(forbiddenField(at.child(second), 'may not specify more than 1 volume type'))
    checkProjection(errors, source, paths, path, at)
  }
}

function checkProjection(errors: Errors, source: VolumeProjection, paths: Set<string>, path: Path, at: Path): void {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source
  for (const [kind, keyed] of [
    ['secret', secret],
    ['configMap', configMap],
  ] as const) {
    if (!keyed) continue
    checkRequired(errors, keyed.name, at.child(kind), 'name')
    checkItems(errors, listed(keyed.items), at.child(kind).child('items'))
    for (const item of listed(keyed.items)) claimPath(errors, item.path, paths, path, keyed.name ?? '')
  }
  if (downwardAPI) {
    checkDownwardFiles(errors, listed(downwardAPI.items), at.child('downwardAPI'))
    for (const item of listed(downwardAPI.items)) claimPath(errors, item.path, paths, path, item.path)
  }
  if (!serviceAccountToken) return
  const seconds = serviceAccountToken.expirationSeconds ?? MIN_TOKEN_SECONDS
  const expiration = at.child('serviceAccountToken').child('expirationSeconds')
  if (seconds < MIN_TOKEN_SECONDS) {
    errors.push(invalidValue(expiration, seconds, 'may not specify a duration less than 10 minutes'))
  } else if (seconds > MAX_TOKEN_SECONDS) {
    errors.push(invalidValue(expiration, seconds, 'may not specify a duration larger than 2^32 seconds'))
  }
  if (!serviceAccountToken.path) errors.push(required(path.child('path')))
  else {
    checkFilePath(errors, serviceAccountToken.path, path.child('path'))
    claimPath(errors, serviceAccountToken.path, paths, path, serviceAccountToken.path)
  }
}

/** Two sources must not write one file. */
function claimPath(errors: Errors, wanted: string, paths: Set<string>, path: Path, owner: string): void {
  if (!wanted) return
  if (paths.has(wanted)) errors.push(invalidValue(path, owner, 'conflicting duplicate paths'))
  paths.add(wanted)
}

/** References to secrets with credentials for registries. */
export function checkSecretNames(errors: Errors, references: readonly { readonly name?: string }[], path: Path): void {
  for (const [i, { name }] of references.entries()) {
    if (!name) errors.push(required(path.at(i).child('name')))
    else addWords(errors, isDns1123Subdomain(name), path.at(i).child('name'), name)
  }
}
