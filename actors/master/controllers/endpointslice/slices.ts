// Spreads endpoints over slices of at most a hundred, changing as few slices as possible: an endpoint stays where it is,
// new ones fill the fullest slice that has room.

import { semanticallyEqual } from '../../../../model/equality.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../../model/schema/kinds/discovery-v1.ts'
import type { EndpointGroup } from './endpoints.ts'

export const MAX_ENDPOINTS = 100

export interface SlicePlan {
  readonly create: readonly SliceContent[]
  readonly update: readonly { readonly slice: EndpointSlice; readonly content: SliceContent }[]
  readonly remove: readonly EndpointSlice[]
}

export interface SliceContent {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

const identity = (endpoint: Endpoint): string => `${endpoint.targetRef?.uid ?? ''} ${endpoint.addresses[0] ?? ''}`

/** A Service with a selector always has one slice, be it empty. */
export function planSlices(groups: readonly EndpointGroup[], existing: readonly EndpointSlice[]): SlicePlan {
  const create: SliceContent[] = []
  const update: { slice: EndpointSlice; content: SliceContent }[] = []
  const unused = new Set(existing)
  for (const group of groups) {
    const ours = existing.filter((slice) => unused.has(slice) && semanticallyEqual(slice.ports ?? [], group.ports))
    const wanted = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]))
    const kept = ours.map((slice) => {
      const endpoints: Endpoint[] = []
      for (const endpoint of slice.endpoints ?? []) {
        const now = wanted.get(identity(endpoint))
        if (now !== undefined && wanted.delete(identity(endpoint))) endpoints.push(now)
      }
      return { slice, endpoints }
    })
    const fresh = [...wanted.values()]
    for (const place of kept.toSorted((a, b) => b.endpoints.length - a.endpoints.length))
      place.endpoints.push(...fresh.splice(0, Math.max(0, MAX_ENDPOINTS - place.endpoints.length)))
    for (const { slice, endpoints } of kept) {
      if (endpoints.length === 0) continue
      unused.delete(slice)
      if (!semanticallyEqual(endpoints, slice.endpoints ?? [])) update.push({ slice, content: { ports: group.ports, endpoints } })
    }
    while (fresh.length > 0) {
      const content = { ports: group.ports, endpoints: fresh.splice(0, MAX_ENDPOINTS) }
      const spare = unused.values().next().value
      if (spare === undefined) create.push(content)
      else {
        // A slice that would be deleted is written over instead: one write, and its name stays.
        unused.delete(spare)
        update.push({ slice: spare, content })
      }
    }
  }
  if (unused.size === existing.length && create.length === 0) {
    const [first] = existing
    if (first === undefined) create.push({ ports: [], endpoints: [] })
    else {
      unused.delete(first)
      if ((first.endpoints ?? []).length > 0 || (first.ports ?? []).length > 0)
        update.push({ slice: first, content: { ports: [], endpoints: [] } })
    }
  }
  return { create, update, remove: [...unused] }
}
