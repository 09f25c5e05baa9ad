// Whether two JSON values say the same: Kubernetes' semantic equality, where an absent member, null, and an empty list or object
// may stand for each other because Go cannot tell them apart once decoded.

/** Exactly the same JSON, in whatever order the members stand. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && equalLists(a, b, equalJson)
  const [left, right] = [a as Members, b as Members]
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]))
}

/** As `equalJson`, but absent, null and empty are the same. */
export function semanticallyEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isEmpty(a) && isEmpty(b)) return true
  if (typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) && Array.isArray(b)) return equalLists(a, b, semanticallyEqual)
  if (Array.isArray(a) || Array.isArray(b)) return false
  const [left, right] = [(a ?? {}) as Members, (b ?? {}) as Members]
  for (const key of Object.keys(left)) if (!semanticallyEqual(left[key], own(right, key))) return false
  for (const key of Object.keys(right)) if (!Object.hasOwn(left, key) && !isEmpty(right[key])) return false
  return true
}

type Members = Readonly<Record<string, unknown>>

const own = (members: Members, key: string): unknown => (Object.hasOwn(members, key) ? members[key] : undefined)

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}

const equalLists = (a: readonly unknown[], b: readonly unknown[], equal: (x: unknown, y: unknown) => boolean): boolean =>
  a.length === b.length && a.every((element, i) => equal(element, b[i]))
