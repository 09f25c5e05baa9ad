// The few forms of ASN.1's distinguished encoding that a certificate is made of (ITU-T X.690). Writing only: Node reads.

const encode = (tag: number, ...contents: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])
}

/** 5 → 05 · 200 → 81 c8 · 500 → 82 01 f4 */
function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([0x80 | bytes.length, ...bytes])
}

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => encode(0x30, ...items)
export const set = (...items: readonly Uint8Array[]): Uint8Array => encode(0x31, ...items)
export const boolean = (value: boolean): Uint8Array => encode(0x01, Buffer.from([value ? 0xff : 0]))
export const octets = (bytes: Uint8Array): Uint8Array => encode(0x04, bytes)
export const utf8 = (text: string): Uint8Array => encode(0x0c, Buffer.from(text))

/** A positive number, big end first. */
export const integer = (bytes: Uint8Array): Uint8Array =>
  encode(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)

/** `unused` bits at the end do not count. */
export const bits = (bytes: Uint8Array, unused = 0): Uint8Array => encode(0x03, Buffer.from([unused]), bytes)

/** Context-specific, constructed: `[n] EXPLICIT`. */
export const explicit = (tag: number, content: Uint8Array): Uint8Array => encode(0xa0 | tag, content)
/** Context-specific, primitive: `[n] IMPLICIT`. */
export const implicit = (tag: number, content: Uint8Array): Uint8Array => encode(0x80 | tag, content)

/** 1.2.840.10045.4.3.2 → 06 08 2a 86 48 ce 3d 04 03 02 */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return encode(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (rest & 0x7f))
  return bytes
}

/** RFC 5280 wants two-digit years until 2049, and four digits from then on. */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  return digits < '2050' ? encode(0x17, Buffer.from(digits.slice(2))) : encode(0x18, Buffer.from(digits))
}
