// The environment of a container: variables, and where their values come from.
import { type Errors, invalidValue, notSupported, type Path, required } from '../field.ts'
import { isConfigMapKey, isDns1123Subdomain, isEnvVarName, isQualifiedName } from '../names.ts'
import { compareQuantities } from '../quantity.ts'
import type { EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector } from '../schema/kinds/core-v1.ts'
import { addWords, checkRequired } from './checks.ts'
import { amountOf } from './quantities.ts'

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const

/** What a variable can be told of its pod. */
const POD_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
/** What a file can be told of it. */
export const FILE_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

/** Fields of a pod that have a name at all, whether or not they can be told. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...POD_FIELDS,
  ...FILE_FIELDS,
  'spec.hostNetwork',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.nominatedNodeName',
  'status.phase',
])

const CONTAINER_RESOURCES = ['cpu', 'ephemeral-storage', 'memory']
  .flatMap((name) => [`limits.${name}`, `requests.${name}`])
  .sort()
const CPU_DIVISORS = ['1m', '1']
const SIZE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']

export function checkEnvironment(errors: Errors, variables: readonly EnvVar[], path: Path): void {
  for (const [i, { name, value, valueFrom }] of variables.entries()) {
    if (!name) errors.push(required(path.at(i).child('name')))
    else addWords(errors, isEnvVarName(name), path.at(i).child('name'), name)
    if (valueFrom) checkSource(errors, valueFrom, value ?? '', path.at(i).child('valueFrom'))
  }
}

function checkSource(errors: Errors, source: EnvVarSource, value: string, path: Path): void {
  const given = SOURCES.filter((kind) => source[kind])
  if (source.fieldRef) checkFieldRef(errors, source.fieldRef, POD_FIELDS, path.child('fieldRef'))
  if (source.resourceFieldRef) checkResourceFieldRef(errors, source.resourceFieldRef, path.child('resourceFieldRef'))
  if (source.configMapKeyRef) checkKeyRef(errors, source.configMapKeyRef, path.child('configMapKeyRef'))
  if (source.secretKeyRef) checkKeyRef(errors, source.secretKeyRef, path.child('secretKeyRef'))
  if (given.length === 0) {
    errors.push(
      invalidValue(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    )
  } else if (value !== '') {
    errors.push(invalidValue(path, '', 'may not be specified when `value` is not empty'))
  } else if (given.length > 1) {
    errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'))
  }
}

export function checkFieldRef(errors: Errors, fieldRef: ObjectFieldSelector, supported: readonly string[], path: Path): void {
  const { apiVersion, fieldPath } = fieldRef
  if (!checkRequired(errors, apiVersion, path, 'apiVersion') || !checkRequired(errors, fieldPath, path, 'fieldPath')) return
  const at = path.child('fieldPath')
  const subscript = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/.exec(fieldPath)
  if (subscript) {
    const key = subscript[2] ?? ''
    addWords(errors, isQualifiedName(subscript[1] === 'metadata.annotations' ? key.toLowerCase() : key), at, key)
  } else if (!KNOWN_FIELDS.has(fieldPath)) {
    errors.push(invalidValue(at, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`))
  } else if (!supported.includes(fieldPath)) {
    errors.push(notSupported(at, fieldPath, supported))
  }
}

export function checkResourceFieldRef(errors: Errors, { resource, divisor }: ResourceFieldSelector, path: Path): void {
  if (!checkRequired(errors, resource, path, 'resource')) return
  if (!CONTAINER_RESOURCES.includes(resource)) {
    if (!/^(?:requests|limits)\.hugepages-/.test(resource)) {
      errors.push(notSupported(path.child('resource'), resource, CONTAINER_RESOURCES))
      return
    }
  }
  const wanted = amountOf(divisor)
  if (wanted.nanos === 0n) return
  const kind = resource.slice(resource.indexOf('.') + 1)
  const divisors = kind === 'cpu' ? CPU_DIVISORS : SIZE_DIVISORS
  if (divisors.some((each) => compareQuantities(amountOf(each), wanted) === 0)) return
  const named = kind === 'cpu' ? '1m and 1' : divisors.join(', ')
  errors.push(
    invalidValue(path.child('divisor'), resource, `only divisor's values ${named} are supported with the ${kind} resource`),
  )
}

function checkKeyRef(errors: Errors, { name, key }: { readonly name?: string; readonly key: string }, path: Path): void {
  addWords(errors, isDns1123Subdomain(name ?? ''), path.child('name'), name ?? '')
  if (checkRequired(errors, key, path, 'key')) addWords(errors, isConfigMapKey(key), path.child('key'), key)
}

/** What is wrong with a source as such Kubernetes reports for the list. */
export function checkEnvFrom(errors: Errors, sources: readonly EnvFromSource[], path: Path): void {
  for (const [i, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const at = path.at(i)
    if (prefix) addWords(errors, isEnvVarName(prefix), at.child('prefix'), prefix)
    if (configMapRef) {
      addWords(
        errors,
        isDns1123Subdomain(configMapRef.name ?? ''),
        at.child('configMapRef').child('name'),
        configMapRef.name ?? '',
      )
    }
    if (secretRef) {
      addWords(errors, isDns1123Subdomain(secretRef.name ?? ''), at.child('secretRef').child('name'), secretRef.name ?? '')
    }
    if (configMapRef && secretRef) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'))
    else if (!configMapRef && !secretRef) {
      errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    }
  }
}
