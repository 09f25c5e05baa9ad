// The order of a merged list: what the patch names stands in the order of the patch, what only the server had keeps its place
// before what followed it.
//   server a b c, patch c a → c a after b: b stands before c on the server, so b c a
import type { Json } from '../object.ts'
import { isObject, memberOf } from './members.ts'

/** `merged` in the order of `patchOrder`, with the elements that it does not name between, as `serverOrder` had them. */
export function mergeInOrder(
  merged: readonly Json[],
  patchOrder: readonly Json[],
  serverOrder: readonly Json[],
  key: string | undefined,
): Json[] {
  const wanted = positions(patchOrder, key)
  const served = positions(serverOrder, key)
  const rank = (ranks: Positions, element: Json): number => ranks.get(identity(element, key)) ?? -1
  const fromPatch = merged.filter((element) => rank(wanted, element) >= 0)
  const serverOnly = merged.filter((element) => rank(wanted, element) < 0)
  fromPatch.sort((a, b) => rank(wanted, a) - rank(wanted, b))
  serverOnly.sort((a, b) => rank(served, a) - rank(served, b))
  const ordered: Json[] = []
  let next = 0
  for (const element of serverOnly) {
    for (; next < fromPatch.length && !precedes(element, fromPatch[next] ?? null); next++) ordered.push(fromPatch[next] ?? null)
    ordered.push(element)
  }
  return [...ordered, ...fromPatch.slice(next)]

  function precedes(serverElement: Json, patchElement: Json): boolean {
    const [left, right] = [rank(served, serverElement), rank(served, patchElement)]
    return left >= 0 && right >= 0 && left < right
  }
}

/** Whether all elements are named by `order`, in the order in which it names them. */
export function inOrderOf(elements: readonly Json[], order: readonly Json[], key: string | undefined): boolean {
  const ranks = positions(order, key)
  let last = -1
  return elements.every((element) => {
    const position = ranks.get(identity(element, key)) ?? -1
    const follows = position > last
    last = position
    return follows
  })
}

type Positions = ReadonlyMap<Json | undefined, number>

/** Of elements that share a key the first counts. */
function positions(list: readonly Json[], key: string | undefined): Positions {
  const ranks = new Map<Json | undefined, number>()
  for (const [i, element] of list.entries()) {
    const name = identity(element, key)
    if (!ranks.has(name)) ranks.set(name, i)
  }
  return ranks
}

const identity = (element: Json, key: string | undefined): Json | undefined =>
  key !== undefined && isObject(element) ? memberOf(element, key) : element
