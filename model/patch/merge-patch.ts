// JSON merge patch (RFC 7386): members replace members, null removes, lists are replaced whole.
import { setOwn } from '../codec/json.ts'
import type { Json } from '../object.ts'
import { copyOf, isObject, memberOf } from './members.ts'

/** Neither argument is changed; what the patch does not touch is shared with the result. */
export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const original = isObject(target) ? target : {}
  const merged = copyOf(original)
  for (const key of Object.keys(patch)) {
    const value = memberOf(patch, key)
    if (value === undefined) continue
    if (value === null) delete merged[key]
    else setOwn(merged, key, applyMergePatch(memberOf(original, key), value))
  }
  return merged
}
