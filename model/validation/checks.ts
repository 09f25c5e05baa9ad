// The small questions that validations of all kinds ask, each adding what is wrong to a list.
import { duplicate, type Errors, invalidValue, notSupported, type Path, required } from '../field.ts'
import type { Words } from '../names.ts'

const NOT_NEGATIVE = 'must be greater than or equal to 0'
export const IMMUTABLE = 'field is immutable'

/** Each word is an error of its own, as in Kubernetes. */
export function addWords(errors: Errors, words: Words, path: Path, value: unknown): void {
  for (const word of words) errors.push(invalidValue(path, value, word))
}

/** Absent is not negative. */
export function checkNotNegative(errors: Errors, value: number | null | undefined, path: Path, name: string): void {
  if (typeof value === 'number' && value < 0) errors.push(invalidValue(path.child(name), value, NOT_NEGATIVE))
}

export function checkPositive(errors: Errors, value: number | null | undefined, path: Path, name: string): void {
  if (typeof value === 'number' && value <= 0) errors.push(invalidValue(path.child(name), value, 'must be greater than zero'))
}

/** For what has to be said; an empty text is `Required value`. */
export function checkOneOf(
  errors: Errors,
  value: string | null | undefined,
  supported: readonly string[],
  path: Path,
  name: string,
): void {
  if (!value) errors.push(required(path.child(name)))
  else if (!supported.includes(value)) errors.push(notSupported(path.child(name), value, supported))
}

/** As `checkOneOf`; what was not said is right. */
export function checkOneOfIfSaid(
  errors: Errors,
  value: string | null | undefined,
  supported: readonly string[],
  path: Path,
  name: string,
): void {
  if (value && !supported.includes(value)) errors.push(notSupported(path.child(name), value, supported))
}

export function checkRequired(errors: Errors, value: string | null | undefined, path: Path, name: string): boolean {
  if (value) return true
  errors.push(required(path.child(name)))
  return false
}

/** The names of a list differ from each other; `at` says where a second one is reported. */
export function checkUnique(errors: Errors, seen: Set<unknown>, value: unknown, at: () => Path): void {
  if (seen.has(value)) errors.push(duplicate(at(), value))
  else seen.add(value)
}

/** Lists and maps that decoding left null are empty. */
export const listed = <T>(list: readonly T[] | null | undefined): readonly T[] => list ?? []

const NO_NAMES: readonly string[] = []
export const keysOf = (map: object | null | undefined): readonly string[] => (map ? Object.keys(map) : NO_NAMES)
