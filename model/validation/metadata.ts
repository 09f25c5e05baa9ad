// What every object's metadata has to obey, when it is created and when it changes.
import { type Errors, forbiddenField, invalidValue, Path, required, tooLong } from '../field.ts'
import { isLabelValue, isQualifiedName, type Words } from '../names.ts'
import type { ObjectMeta, OwnerReference } from '../object.ts'
import { addWords, checkNotNegative, IMMUTABLE, listed } from './checks.ts'

/** Of all annotations together, names and values. */
const MAX_ANNOTATION_BYTES = 256 * 1024

const METADATA = Path.of('metadata')
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

export type NameRule = (name: string) => Words

export function checkMetadata(errors: Errors, metadata: ObjectMeta, nameRule: NameRule): void {
  const { name, generateName, generation } = metadata
  if (generateName) addWords(errors, nameRule(asPrefix(generateName)), METADATA.child('generateName'), generateName)
  if (!name) errors.push(required(METADATA.child('name'), 'name or generateName is required'))
  else addWords(errors, nameRule(name), METADATA.child('name'), name)
  checkNotNegative(errors, generation, METADATA, 'generation')
  checkCommon(errors, metadata)
}

/** `old` as it is stored; fields that the API server fills in itself have been filled in. */
export function checkMetadataUpdate(errors: Errors, metadata: ObjectMeta, old: ObjectMeta): void {
  const immutable = (field: 'name' | 'namespace' | 'uid' | 'deletionTimestamp' | 'deletionGracePeriodSeconds'): void => {
    const value = metadata[field]
    if ((value ?? undefined) === (old[field] ?? undefined)) return
    errors.push(invalidValue(METADATA.child(field), value ?? null, IMMUTABLE))
  }
  immutable('name')
  immutable('namespace')
  immutable('uid')
  immutable('deletionTimestamp')
  immutable('deletionGracePeriodSeconds')
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalidValue(METADATA.child('generation'), metadata.generation ?? 0, 'must not be decremented'))
  }
  if (old.deletionTimestamp) {
    const added = listed(metadata.finalizers).filter((finalizer) => !listed(old.finalizers).includes(finalizer))
    if (added.length > 0) {
      errors.push(
        forbiddenField(
          METADATA.child('finalizers'),
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
        ),
      )
    }
  }
  checkCommon(errors, metadata)
}

function checkCommon(errors: Errors, metadata: ObjectMeta): void {
  checkLabels(errors, metadata.labels, METADATA.child('labels'))
  checkAnnotations(errors, metadata.annotations)
  checkOwners(errors, listed(metadata.ownerReferences))
  checkFinalizers(errors, listed(metadata.finalizers))
}

export function checkLabels(errors: Errors, labels: Readonly<Record<string, string>> | null | undefined, path: Path): void {
  if (!labels) return
  for (const key of Object.keys(labels)) {
    addWords(errors, isQualifiedName(key), path, key)
    const value = labels[key] ?? ''
    addWords(errors, isLabelValue(value), path, value)
  }
}

function checkAnnotations(errors: Errors, annotations: ObjectMeta['annotations'] | null): void {
  if (!annotations) return
  const path = METADATA.child('annotations')
  let characters = 0
  for (const key of Object.keys(annotations)) {
    addWords(errors, isQualifiedName(key.toLowerCase()), path, key)
    characters += key.length + (annotations[key]?.length ?? 0)
  }
  // A character is at least one byte and at most three: only then is it worth counting.
  if (characters * 3 > MAX_ANNOTATION_BYTES && bytesOf(annotations) > MAX_ANNOTATION_BYTES) {
    errors.push(tooLong(path, MAX_ANNOTATION_BYTES))
  }
}

const utf8 = new TextEncoder()
const bytesOf = (texts: Readonly<Record<string, string>>): number =>
  Object.entries(texts).reduce((sum, [key, value]) => sum + utf8.encode(key).length + utf8.encode(value).length, 0)

function checkOwners(errors: Errors, owners: readonly OwnerReference[]): void {
  const path = METADATA.child('ownerReferences')
  let controller: string | undefined
  for (const owner of owners) {
    if (!owner.apiVersion) errors.push(invalidValue(path.child('apiVersion'), '', 'version must not be empty'))
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (!owner[field]) errors.push(invalidValue(path.child(field), '', `${field} must not be empty`))
    }
    if (owner.kind === 'Event' && owner.apiVersion === 'v1') {
      errors.push(invalidValue(path, owner, '/v1, Kind=Event is disallowed from being an owner'))
    }
    if (owner.controller !== true) continue
    if (controller !== undefined) {
      errors.push(
        invalidValue(
          path,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.kind}/${owner.name}`,
        ),
      )
    }
    controller = `${owner.kind}/${owner.name}`
  }
}

function checkFinalizers(errors: Errors, finalizers: readonly string[]): void {
  if (finalizers.length === 0) return
  const path = METADATA.child('finalizers')
  for (const [i, finalizer] of finalizers.entries()) {
    addWords(errors, isQualifiedName(finalizer), path, finalizer)
    checkFinalizerName(errors, finalizer, path.at(i))
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalidValue(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  }
}

/** Words of its own for a name without a domain that is none of Kubernetes' own. */
export function checkFinalizerName(errors: Errors, finalizer: string, path: Path): void {
  if (finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) return
  errors.push(invalidValue(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'))
}

/** A generated name goes on after its prefix: `web-` is as good as `wea`. */
const asPrefix = (prefix: string): string => (prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix)
