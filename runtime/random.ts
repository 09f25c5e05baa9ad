// Chance from a seed: small, fast generators with a stream for each name. Good for decisions and simulation, never for secrets.
import type { Ids, Random } from '../actors/ports/host.ts'

/** The letters and digits of Kubernetes' generated names (k8s.io/apimachinery/pkg/util/rand): no vowels, nothing that looks alike. */
export const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** sfc32, seeded through FNV-1a of the stream's name: equal names and seeds give equal numbers, on every machine. */
export function seededRandom(seed: number, name = ''): Random {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0
  let a = hash
  let b = Math.imul(hash, 0x9e3779b9) >>> 0
  let c = seed >>> 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 0x1_0000_0000
  }
  // The first numbers of near seeds resemble each other until the state is mixed.
  for (let i = 0; i < 12; i++) next()
  return { next, stream: (inner) => seededRandom(seed, name === '' ? inner : `${name}/${inner}`) }
}

/** Ids drawn from chance: for simulation, where a seed must repeat them. */
export function seededIds(random: Random): Ids {
  const uids = random.stream('uids')
  const names = random.stream('names')
  const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(uids.next() * 16).toString(16)).join('')
  return {
    uid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(uids.next() * 4)]}${hex(3)}-${hex(12)}`,
    suffix: (length) => Array.from({ length }, () => NAME_ALPHABET[Math.floor(names.next() * NAME_ALPHABET.length)]).join(''),
  }
}
