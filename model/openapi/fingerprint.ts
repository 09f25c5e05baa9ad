// A short text that changes with a document; not for secrets. FNV-1a over UTF-16 units, twice with different beginnings, so
// that two documents of one server do not meet by chance.

const PRIME = 0x01000193
const OFFSETS = [0x811c9dc5, 0x5bd1e995] as const

export function fingerprint(text: string): string {
  let [a, b]: [number, number] = [...OFFSETS]
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, PRIME)
    b = Math.imul(b ^ unit, PRIME) ^ (b >>> 13)
  }
  return hex(a) + hex(b)
}

const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0')
