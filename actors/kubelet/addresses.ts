// The addresses that a node gives to its pods, from its podCIDR. Pods on the host's network share the host's.

/** `127.64.1.0/24` → its first address as a number, and how many there are. */
function parseCidr(cidr: string): { first: number; size: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr)
  if (!match) return undefined
  const [a = 0, b = 0, c = 0, d = 0, bits = 32] = match.slice(1).map(Number)
  if ([a, b, c, d].some((part) => part > 255) || bits > 32) return undefined
  const size = 2 ** (32 - bits)
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  return { first: address - (address % size), size }
}

const text = (address: number): string =>
  [address / 2 ** 24, address / 2 ** 16, address / 2 ** 8, address].map((part) => Math.floor(part) % 256).join('.')

export class AddressPool {
  readonly #byPod = new Map<string, string>()
  readonly #taken = new Set<string>()
  #range: { first: number; size: number } | undefined
  #next = 1

  setRange(cidr: string): void {
    this.#range = parseCidr(cidr)
  }

  /** What a pod already has, by its status or its running containers, it keeps. */
  claim(podUid: string, wanted: string | undefined): string | undefined {
    const has = this.#byPod.get(podUid)
    if (has) return has
    const address = wanted && !this.#taken.has(wanted) ? wanted : this.#free()
    if (address) {
      this.#byPod.set(podUid, address)
      this.#taken.add(address)
    }
    return address
  }

  /** Whether the address is that of this very pod. */
  holds(podUid: string, address: string): boolean {
    return this.#byPod.get(podUid) === address
  }

  release(podUid: string): void {
    const address = this.#byPod.get(podUid)
    if (address === undefined) return
    this.#byPod.delete(podUid)
    this.#taken.delete(address)
  }

  /** In turn, so that an address that was just released is not soon another pod's. The first and the last are left out. */
  #free(): string | undefined {
    if (!this.#range) return undefined
    const { first, size } = this.#range
    const usable = size - 2
    for (let tried = 0; tried < usable; tried++) {
      const offset = 1 + ((this.#next - 1 + tried) % usable)
      const address = text(first + offset)
      if (this.#taken.has(address)) continue
      this.#next = offset + 1
      return address
    }
    return undefined
  }
}
