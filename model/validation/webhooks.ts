// Webhooks that the API server asks about requests.
import { duplicate, type Errors, invalidValue, notSupported, Path, required } from '../field.ts'
import { isDns1123Subdomain } from '../names.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { addWords, checkOneOfIfSaid, listed } from './checks.ts'
import { checkLabelSelector } from './selectors.ts'

const REVIEW_VERSIONS = ['v1', 'v1beta1']
const SIDE_EFFECTS = ['None', 'NoneOnDryRun']

interface Webhook {
  readonly name: string
  readonly admissionReviewVersions?: readonly string[]
  readonly sideEffects?: string
  readonly timeoutSeconds?: number
  readonly failurePolicy?: string
  readonly matchPolicy?: string
  readonly reinvocationPolicy?: string
  readonly namespaceSelector?: LabelSelector
  readonly objectSelector?: LabelSelector
}

export interface WebhookConfiguration {
  readonly webhooks?: readonly Webhook[]
}

export function checkWebhooks(errors: Errors, { webhooks }: WebhookConfiguration): void {
  const names = new Set<string>()
  for (const [i, webhook] of listed(webhooks).entries()) {
    const at = Path.of('webhooks').at(i)
    if (names.has(webhook.name)) errors.push(duplicate(at.child('name'), webhook.name))
    names.add(webhook.name)
    checkWebhook(errors, webhook, at)
  }
}

function checkWebhook(errors: Errors, webhook: Webhook, path: Path): void {
  const { name, sideEffects, timeoutSeconds } = webhook
  if (!name) errors.push(required(path.child('name')))
  else {
    addWords(errors, isDns1123Subdomain(name), path.child('name'), name)
    if (name.split('.').length < 3) {
      errors.push(invalidValue(path.child('name'), name, 'should be a domain with at least three segments separated by dots'))
    }
  }
  const versions = listed(webhook.admissionReviewVersions)
  const at = path.child('admissionReviewVersions')
  if (versions.length === 0) errors.push(required(at, `must specify one of ${REVIEW_VERSIONS.join(', ')}`))
  else if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(invalidValue(at, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  }
  if (!sideEffects) errors.push(required(path.child('sideEffects'), `must specify one of ${SIDE_EFFECTS.join(', ')}`))
  else if (!SIDE_EFFECTS.includes(sideEffects)) errors.push(notSupported(path.child('sideEffects'), sideEffects, SIDE_EFFECTS))
  if (typeof timeoutSeconds === 'number' && (timeoutSeconds < 1 || timeoutSeconds > 30)) {
    errors.push(invalidValue(path.child('timeoutSeconds'), timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'))
  }
  checkOneOfIfSaid(errors, webhook.failurePolicy, ['Fail', 'Ignore'], path, 'failurePolicy')
  checkOneOfIfSaid(errors, webhook.matchPolicy, ['Equivalent', 'Exact'], path, 'matchPolicy')
  checkOneOfIfSaid(errors, webhook.reinvocationPolicy, ['IfNeeded', 'Never'], path, 'reinvocationPolicy')
  checkLabelSelector(errors, webhook.namespaceSelector, path.child('namespaceSelector'))
  checkLabelSelector(errors, webhook.objectSelector, path.child('objectSelector'))
}
