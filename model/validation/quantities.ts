// Lists of resources: whether their names exist where they stand, and their amounts make sense.
import { type Errors, forbiddenField, invalidValue, type Path, required } from '../field.ts'
import { isQualifiedName } from '../names.ts'
import { compareQuantities, type Quantity, tryParseQuantity } from '../quantity.ts'
import type { ResourceRequirements } from '../schema/kinds/core-v1.ts'
import { addWords, keysOf } from './checks.ts'

type ResourceList = Readonly<Record<string, string>>

const STANDARD: ReadonlySet<string> = new Set([
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
  'storage',
  'requests.storage',
  'pods',
  'services',
  'services.nodeports',
  'services.loadbalancers',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
])
const OF_CONTAINERS: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])
/** Counted in whole numbers. */
const COUNTED: ReadonlySet<string> = new Set(
  [...STANDARD].filter((name) => !/(?:^|\.)(?:cpu|memory|ephemeral-storage|storage)$/.test(name)),
)

const isHugePages = (name: string): boolean => name.startsWith('hugepages-')
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')
const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0
/** More may be requested of it than a node has, so that a limit may exceed the request. */
const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name)

export function checkContainerResources(errors: Errors, resources: ResourceRequirements | undefined, path: Path): void {
  if (!resources) return
  const { limits, requests } = resources
  const limitNames = keysOf(limits)
  const requestNames = keysOf(requests)
  if (limitNames.length + requestNames.length === 0) return
  for (const name of limitNames) checkAmount(errors, name, limits, () => path.child('limits'))
  for (const name of requestNames) {
    checkAmount(errors, name, requests, () => path.child('requests'))
    checkAgainstLimit(errors, name, requests?.[name] ?? '', limits, path)
  }
  checkHugePages(errors, new Set([...limitNames, ...requestNames]), path)
}

function checkAmount(errors: Errors, name: string, list: ResourceList | undefined, path: () => Path): void {
  const amount = list?.[name] ?? ''
  if (OF_CONTAINERS.has(name) && !amount.startsWith('-')) return
  const at = path().at(name)
  checkContainerResourceName(errors, name, at)
  checkResourceAmount(errors, name, amount, at)
}

function checkAgainstLimit(errors: Errors, name: string, request: string, limits: ResourceList | undefined, path: Path): void {
  const limit = limits?.[name]
  if (limit === undefined) {
    if (!isOvercommitAllowed(name)) {
      errors.push(required(path.child('limits'), 'Limit must be set for non overcommitable resources'))
    }
    return
  }
  if (limit === request) return
  const order = compareAmounts(request, limit)
  const mayDiffer = isOvercommitAllowed(name)
  if (order > 0 && mayDiffer) {
    errors.push(invalidValue(path.child('requests'), request, `must be less than or equal to ${name} limit of ${limit}`))
  } else if (order !== 0 && !mayDiffer) {
    errors.push(invalidValue(path.child('requests'), request, `must be equal to ${name} limit of ${limit}`))
  }
}

function checkHugePages(errors: Errors, names: ReadonlySet<string>, path: Path): void {
  if (names.has('cpu') || names.has('memory')) return
  for (const name of names) {
    if (!isHugePages(name)) continue
    errors.push(forbiddenField(path, 'HugePages require cpu or memory'))
    return
  }
}

function checkContainerResourceName(errors: Errors, name: string, path: Path): void {
  checkResourceName(errors, name, path)
  if (!name.includes('/')) {
    if (!OF_CONTAINERS.has(name) && !isHugePages(name)) {
      errors.push(invalidValue(path, name, 'must be a standard resource for containers'))
    }
  } else if (!isNative(name) && !isExtended(name)) {
    errors.push(invalidValue(path, name, "doesn't follow extended resource name standard"))
  }
}

export function checkResourceName(errors: Errors, name: string, path: Path): void {
  const words = isQualifiedName(name)
  addWords(errors, words, path, name)
  if (words.length === 0 && !name.includes('/') && !STANDARD.has(name) && !isHugePages(name)) {
    errors.push(invalidValue(path, name, 'must be a standard resource type or fully qualified'))
  }
}

export function checkQuotaResourceName(errors: Errors, name: string, path: Path): void {
  checkResourceName(errors, name, path)
  if (!name.includes('/') && !STANDARD.has(name) && !isHugePages(name)) {
    errors.push(invalidValue(path, name, 'must be a standard resource for quota'))
  }
}

/** Not negative, and whole where it counts things. */
export function checkResourceAmount(errors: Errors, name: string, text: string, path: Path): void {
  checkNotNegativeAmount(errors, text, path)
  const counted = COUNTED.has(name) || name.startsWith('count/') || (isExtended(name) && !name.startsWith('requests.'))
  const amount = counted ? tryParseQuantity(text) : undefined
  if (amount && amount.nanos % 1_000_000_000n !== 0n) errors.push(invalidValue(path, text, 'must be an integer'))
}

export function checkNotNegativeAmount(errors: Errors, text: string, path: Path): void {
  if (text.startsWith('-') && amountOf(text).nanos < 0n) {
    errors.push(invalidValue(path, text, 'must be greater than or equal to 0'))
  }
}

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' }

/** What decoding let through is a quantity. */
export const amountOf = (text: string | undefined): Quantity => (text === undefined ? ZERO : (tryParseQuantity(text) ?? ZERO))

export function compareAmounts(a = '0', b = '0'): number {
  if (a === b) return 0
  // Amounts with the same suffix compare as numbers do: nearly all pairs of request and limit.
  const [left, right] = [Number.parseInt(a, 10), Number.parseInt(b, 10)]
  const sameSuffix = a.slice(String(left).length) === b.slice(String(right).length)
  if (sameSuffix && left !== right && Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left < right ? -1 : 1
  return compareQuantities(amountOf(a), amountOf(b))
}
