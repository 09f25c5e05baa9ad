// Service accounts: the names of the secrets that pods of theirs pull images with.
import { type Errors, Path } from '../field.ts'
import { isDns1123Subdomain } from '../names.ts'
import type { KubeObject } from '../object.ts'
import { addWords, listed } from './checks.ts'

export function checkServiceAccount(errors: Errors, account: KubeObject): void {
  const secrets = listed(account.imagePullSecrets as readonly { readonly name?: string }[] | undefined)
  for (const [i, { name }] of secrets.entries()) {
    if (name) addWords(errors, isDns1123Subdomain(name), Path.of('imagePullSecrets').at(i).child('name'), name)
  }
}
