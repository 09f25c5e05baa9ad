// When a pod that is going may be told to stop: no slice lists it as ready any more, and every ready node has programmed
// the slice that said so. Until then a node may still send it new connections. Pure but for its own memory, which holds a
// pod only while it is listed or going.
import type { Pod } from '../../../model/schema/kinds/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../../model/schema/kinds/discovery-v1.ts'

export interface Withdrawn {
  readonly uid: string
  readonly nodeName: string
}

interface Listing {
  /** Slices that list the pod as ready. */
  readonly slices: Set<string>
  /** Revision of the newest change that took it from one. */
  removedAt: number
}

export class Withdrawals {
  readonly #listings = new Map<string, Listing>()
  /** Of `#listings` those without a slice: kept until every ready node knows. */
  readonly #unlisted = new Set<string>()
  /** Pods that are going, by uid, and their nodes: not yet told, and told. */
  readonly #waiting = new Map<string, string>()
  readonly #told = new Map<string, string>()

  sliceChanged(before: EndpointSlice | undefined, after: EndpointSlice | undefined, revision: number): void {
    const { namespace, name } = (after ?? before)?.metadata ?? {}
    const slice = `${namespace}/${name}`
    const now = readyPods(after)
    for (const uid of readyPods(before)) if (!now.has(uid)) this.#remove(uid, slice, revision)
    for (const uid of now) this.#add(uid, slice)
  }

  /** Whether the pod has begun to go: all else about pods, which change often, is nothing to us. */
  podChanged(pod: Pod, exists: boolean): boolean {
    const { uid = '', deletionTimestamp } = pod.metadata
    const nodeName = pod.spec?.nodeName
    if (!exists) {
      this.#waiting.delete(uid)
      this.#told.delete(uid)
      return false
    }
    if (deletionTimestamp === undefined || !nodeName || this.#told.has(uid)) return false
    this.#waiting.set(uid, nodeName)
    return true
  }

  /** A node that has connected anew may have missed what it was told. */
  again(nodeName: string): void {
    for (const [uid, node] of this.#told) {
      if (node !== nodeName) continue
      this.#told.delete(uid)
      this.#waiting.set(uid, node)
    }
  }

  /** `floor`: the revision that every ready node has programmed. Each pod is handed out once. */
  take(floor: number): Withdrawn[] {
    for (const uid of this.#unlisted) {
      if ((this.#listings.get(uid)?.removedAt ?? 0) > floor) continue
      this.#unlisted.delete(uid)
      this.#listings.delete(uid)
    }
    const withdrawn: Withdrawn[] = []
    for (const [uid, nodeName] of this.#waiting) {
      if (this.#listings.has(uid)) continue
      this.#waiting.delete(uid)
      this.#told.set(uid, nodeName)
      withdrawn.push({ uid, nodeName })
    }
    return withdrawn
  }

  /** What is remembered, for a test of its bounds. */
  get size(): number {
    return this.#listings.size + this.#waiting.size + this.#told.size
  }

  #add(uid: string, slice: string): void {
    const listing = this.#listings.get(uid)
    if (listing) listing.slices.add(slice)
    else this.#listings.set(uid, { slices: new Set([slice]), removedAt: 0 })
    this.#unlisted.delete(uid)
  }

  #remove(uid: string, slice: string, revision: number): void {
    const listing = this.#listings.get(uid)
    if (!listing?.slices.delete(slice)) return
    listing.removedAt = revision
    if (listing.slices.size === 0) this.#unlisted.add(uid)
  }
}

/** A Service that publishes addresses that are not ready calls a terminating pod ready to its end; we do not wait for that. */
const takesConnections = ({ conditions }: Endpoint): boolean => conditions?.ready !== false && conditions?.terminating !== true

function readyPods(slice: EndpointSlice | undefined): Set<string> {
  const uids = new Set<string>()
  for (const endpoint of slice?.endpoints ?? [])
    if (endpoint.targetRef?.kind === 'Pod' && endpoint.targetRef.uid && takesConnections(endpoint))
      uids.add(endpoint.targetRef.uid)
  return uids
}
