// Config maps and secrets: their keys, their size, and what is sealed.
import { semanticallyEqual } from '../equality.ts'
import { type Errors, forbiddenField, invalidValue, Path, required, tooLong } from '../field.ts'
import { isConfigMapKey } from '../names.ts'
import type { ConfigMap, Secret } from '../schema/kinds/core-v1.ts'
import { addWords, IMMUTABLE, keysOf } from './checks.ts'

/** All values together. */
const MAX_DATA_BYTES = 1024 * 1024

export function checkConfigMap(errors: Errors, { data, binaryData }: ConfigMap): void {
  checkKeys(errors, data, Path.of('data'))
  checkKeys(errors, binaryData, Path.of('binaryData'))
  if (data && binaryData) {
    for (const key of Object.keys(data)) {
      if (Object.hasOwn(binaryData, key)) {
        errors.push(invalidValue(Path.of('data').at(key), key, 'duplicate of key present in binaryData'))
      }
    }
  }
  // So does Kubernetes print a path without a name.
  if (bytesOf(data) + decodedBytesOf(binaryData) > MAX_DATA_BYTES) errors.push(tooLong(Path.of('[]'), MAX_DATA_BYTES))
}

const SEALED = 'field is immutable when `immutable` is set'

export function checkConfigMapUpdate(errors: Errors, configMap: ConfigMap, old: ConfigMap): void {
  if (old.immutable === true) {
    if (configMap.immutable !== true) errors.push(forbiddenField(Path.of('immutable'), SEALED))
    for (const field of ['data', 'binaryData'] as const) {
      if (!semanticallyEqual(configMap[field], old[field])) errors.push(forbiddenField(Path.of(field), SEALED))
    }
  }
  checkConfigMap(errors, configMap)
}

/** What a secret of a known type must hold. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}
const ACCOUNT = 'kubernetes.io/service-account.name'

export function checkSecret(errors: Errors, secret: Secret): void {
  const { data, type } = secret
  checkKeys(errors, data, Path.of('data'))
  if (decodedBytesOf(data) > MAX_DATA_BYTES) errors.push(tooLong(Path.of('data'), MAX_DATA_BYTES))
  for (const key of requiredKeys[type ?? ''] ?? []) {
    if (!data || !Object.hasOwn(data, key)) errors.push(required(Path.of('data').at(key)))
  }
  if (type === 'kubernetes.io/basic-auth' && !data?.username && !data?.password) {
    errors.push(required(Path.of('data').at('username')), required(Path.of('data').at('password')))
  }
  if (type === 'kubernetes.io/service-account-token' && !secret.metadata.annotations?.[ACCOUNT]) {
    errors.push(required(Path.of('metadata').child('annotations').at(ACCOUNT)))
  }
}

export function checkSecretUpdate(errors: Errors, secret: Secret, old: Secret): void {
  if (secret.type !== old.type) errors.push(invalidValue(Path.of('type'), secret.type ?? '', IMMUTABLE))
  if (old.immutable === true) {
    if (secret.immutable !== true) errors.push(forbiddenField(Path.of('immutable'), SEALED))
    if (!semanticallyEqual(secret.data, old.data)) errors.push(forbiddenField(Path.of('data'), SEALED))
  }
  checkSecret(errors, secret)
}

function checkKeys(errors: Errors, data: Readonly<Record<string, unknown>> | null | undefined, path: Path): void {
  for (const key of keysOf(data)) {
    const words = isConfigMapKey(key)
    if (words.length > 0) addWords(errors, words, path.at(key), key)
  }
}

const bytesOf = (data: Readonly<Record<string, string>> | null | undefined): number =>
  Object.values(data ?? {}).reduce((sum, text) => sum + text.length, 0)

/** Four characters of base64 hold three bytes. */
const decodedBytesOf = (data: Readonly<Record<string, string>> | null | undefined): number =>
  Object.values(data ?? {}).reduce((sum, text) => sum + Math.floor((text.replace(/=+$/, '').length * 3) / 4), 0)
