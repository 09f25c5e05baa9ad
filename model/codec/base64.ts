// Base64 as Go's standard encoding reads and writes it: padded, line breaks ignored.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const sextetOf = new Int8Array(128).fill(-1)
for (let i = 0; i < alphabet.length; i++) sextetOf[alphabet.charCodeAt(i)] = i

const PADDING = 61

/** The index of the first character that cannot stand where it is, as Go reports it; undefined if all is well. */
export function base64Fault(text: string): number | undefined {
  let at = 0
  const skipLineBreaks = (): void => {
    while (text[at] === '\n' || text[at] === '\r') at += 1
  }
  for (;;) {
    for (let j = 0; j < 4; j++) {
      skipLineBreaks()
      if (at === text.length) return j === 0 ? undefined : at - j
      const code = text.charCodeAt(at)
      at += 1
      if (code < 128 && (sextetOf[code] ?? -1) >= 0) continue
      if (code !== PADDING || j < 2) return at - 1
      skipLineBreaks()
      if (j === 2) {
        if (at === text.length) return at
        if (text.charCodeAt(at) !== PADDING) return at - 1
        at += 1
        skipLineBreaks()
      }
      return at < text.length ? at : undefined
    }
  }
}

/** Of text in which `base64Fault` finds nothing. */
export function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let length = 0
  let bits = 0
  let held = 0
  for (let i = 0; i < text.length; i++) {
    const value = sextetOf[text.charCodeAt(i)] ?? -1
    if (value < 0) continue
    held = (held << 6) | value
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[length++] = (held >> bits) & 255
  }
  return bytes.subarray(0, length)
}

export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]]
    text += alphabet.charAt(a >> 2) + alphabet.charAt(((a & 3) << 4) | ((b ?? 0) >> 4))
    text += b === undefined ? '=' : alphabet.charAt(((b & 15) << 2) | ((c ?? 0) >> 6))
    text += c === undefined ? '=' : alphabet.charAt(c & 63)
  }
  return text
}

const plainlyCanonical = /^(?:[A-Za-z0-9+/]{4})*$/

/** The spelling that Go would write; undefined for what is not base64. */
export function canonicalBase64(text: string): string | undefined {
  if (text.length % 4 === 0 && plainlyCanonical.test(text)) return text
  return base64Fault(text) === undefined ? encodeBase64(decodeBase64(text)) : undefined
}
