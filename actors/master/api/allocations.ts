// Addresses and ports that belong to one object at a time. Each is a key of the store, written in the commit of its owner,
// so that no crash can leak or double one [I32]; what a proposal has taken and is not yet durable counts as taken.
import type { Random } from '../../ports/host.ts'
import type { Condition } from '../../ports/store.ts'

export type AllocationKind = 'clusterips' | 'nodeports' | 'podcidrs'

const PREFIX = '/allocations/'

export interface Ranges {
  /** `127.1.128.0/17`; the first address belongs to the Service `kubernetes`. */
  readonly serviceCidr: string
  /** Which a user may ask for by number. */
  readonly nodePorts: { readonly first: number; readonly last: number }
  /** From which one is chosen. */
  readonly autoNodePorts: { readonly first: number; readonly last: number }
  /** The n-th node's pods; undefined when there are no more. */
  readonly podCidr: (index: number) => string | undefined
}

/** What a proposal takes and gives back. */
export interface AllocationChanges {
  readonly take: readonly { readonly kind: AllocationKind; readonly value: string; readonly owner: string }[]
  readonly release: readonly { readonly kind: AllocationKind; readonly value: string }[]
}

const keyOf = (kind: AllocationKind, value: string): string => `${PREFIX}${kind}/${value.replace('/', '_')}`

export class Allocations {
  readonly #taken: Readonly<Record<AllocationKind, Map<string, string>>> = {
    clusterips: new Map(),
    nodeports: new Map(),
    podcidrs: new Map(),
  }
  readonly #ranges: Ranges
  readonly #random: Random

  constructor(ranges: Ranges, random: Random) {
    this.#ranges = ranges
    this.#random = random
  }

  /** A row of the store at the start. False: it is none of ours. */
  load(key: string, owner: string): boolean {
    if (!key.startsWith(PREFIX)) return false
    const [kind = '', value = ''] = key.slice(PREFIX.length).split('/')
    this.#taken[kind as AllocationKind]?.set(value.replace('_', '/'), owner)
    return true
  }

  ownerOf(kind: AllocationKind, value: string): string | undefined {
    return this.#taken[kind].get(value)
  }

  /** Taken from the proposal on, durable or not. */
  take({ take }: AllocationChanges): void {
    for (const { kind, value, owner } of take) this.#taken[kind].set(value, owner)
  }

  /** The commit has failed: what the proposal took is free, what it was to release was never given up. */
  giveBack({ take }: AllocationChanges): void {
    for (const { kind, value } of take) this.#taken[kind].delete(value)
  }

  /** Free once the commit is durable, and not before. */
  release({ release }: AllocationChanges): void {
    for (const { kind, value } of release) this.#taken[kind].delete(value)
  }

  /** The keys that the commit writes beside the object. */
  writes({ take, release }: AllocationChanges): { when: Condition[]; puts: { key: string; value: string }[]; deletes: string[] } {
    return {
      when: take.map(({ kind, value }) => ({ key: keyOf(kind, value), absent: true as const })),
      puts: take.map(({ kind, value, owner }) => ({ key: keyOf(kind, value), value: owner })),
      deletes: release.map(({ kind, value }) => keyOf(kind, value)),
    }
  }

  inServiceRange(address: string): boolean {
    const number = parseIp(address)
    const { base, size } = parseCidr(this.#ranges.serviceCidr)
    return number !== undefined && number > base && number < base + size - 1
  }

  inNodePortRange(port: number): boolean {
    return port >= this.#ranges.nodePorts.first && port <= this.#ranges.nodePorts.last
  }

  /** A free one; undefined when the range is full. `also` is what the same proposal has taken already. */
  freeClusterIp(also: ReadonlySet<string>): string | undefined {
    const { base, size } = parseCidr(this.#ranges.serviceCidr)
    // The first is kept for the API's own Service, the last is the broadcast address.
    return this.#free('clusterips', 2, size - 3, (offset) => formatIp(base + offset), also)
  }

  freeNodePort(also: ReadonlySet<string>): number | undefined {
    const { autoNodePorts, nodePorts } = this.#ranges
    const inBand = this.#free('nodeports', autoNodePorts.first, autoNodePorts.last - autoNodePorts.first + 1, String, also)
    const port = inBand ?? this.#free('nodeports', nodePorts.first, nodePorts.last - nodePorts.first + 1, String, also)
    return port === undefined ? undefined : Number(port)
  }

  freePodCidr(): string | undefined {
    for (let index = 1; ; index++) {
      const cidr = this.#ranges.podCidr(index)
      if (cidr === undefined || !this.#taken.podcidrs.has(cidr)) return cidr
    }
  }

  // From a random place onwards, so that an address just given back is not used again at once.
  #free(
    kind: AllocationKind,
    first: number,
    count: number,
    format: (n: number) => string,
    also: ReadonlySet<string>,
  ): string | undefined {
    const start = Math.floor(this.#random.next() * count)
    for (let i = 0; i < count; i++) {
      const value = format(first + ((start + i) % count))
      if (!this.#taken[kind].has(value) && !also.has(value)) return value
    }
    return undefined
  }
}

function parseIp(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (!parts || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

const formatIp = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.')

function parseCidr(cidr: string): { base: number; size: number } {
  const [address = '', bits = '32'] = cidr.split('/')
  return { base: parseIp(address) ?? 0, size: 2 ** (32 - Number(bits)) }
}
