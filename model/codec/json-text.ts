// Reads JSON text as Go's scanner does, slowly and only when something is wrong with it: to say what, in Go's words.

/** Why a text is not JSON. To be asked only of text that JSON.parse refused. */
export function syntaxError(text: string): string {
  try {
    readText(text, () => {})
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
  return 'unexpected end of JSON input'
}

/** `duplicate field "spec.replicas"`, once for each path, in the order of the text, which must be JSON. */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>()
  readText(text, (path) => found.add(`duplicate field "${path}"`))
  return [...found]
}

class Refused extends Error {}

interface Cursor {
  readonly text: string
  at: number
}

function readText(text: string, duplicate: (path: string) => void): void {
  const cursor = { text, at: 0 }
  readValue(cursor, '', duplicate)
  skipSpace(cursor)
  if (cursor.at < text.length) refuse(cursor, 'after top-level value')
}

function skipSpace(cursor: Cursor): void {
  while (' \t\r\n'.includes(cursor.text[cursor.at] ?? 'x')) cursor.at += 1
}

const quoted = (char: string): string => {
  if (char === "'") return "'\\''"
  return char === '"' ? "'\"'" : `'${JSON.stringify(char).slice(1, -1)}'`
}

function refuse(cursor: Cursor, context: string): never {
  const code = cursor.text.codePointAt(cursor.at)
  if (code === undefined) throw new Refused('unexpected end of JSON input')
  throw new Refused(`invalid character ${quoted(String.fromCodePoint(code))} ${context}`)
}

function readValue(cursor: Cursor, path: string, duplicate: (path: string) => void): void {
  skipSpace(cursor)
  const char = cursor.text[cursor.at]
  if (char === '{') readObject(cursor, path, duplicate)
  else if (char === '[') readList(cursor, path, duplicate)
  else if (char === '"') readString(cursor)
  else if (char === 't') readLiteral(cursor, 'true')
  else if (char === 'f') readLiteral(cursor, 'false')
  else if (char === 'n') readLiteral(cursor, 'null')
  else if (char === '-' || isDigit(char)) readNumber(cursor)
  else refuse(cursor, 'looking for beginning of value')
}

function readObject(cursor: Cursor, path: string, duplicate: (path: string) => void): void {
  const seen = new Set<string>()
  cursor.at += 1
  skipSpace(cursor)
  if (cursor.text[cursor.at] === '}') {
    cursor.at += 1
    return
  }
  for (;;) {
    skipSpace(cursor)
    if (cursor.text[cursor.at] !== '"') refuse(cursor, `looking for beginning of object key string`)
    const key = readString(cursor)
    const inner = path === '' ? key : `${path}.${key}`
    if (seen.has(key)) duplicate(inner)
    seen.add(key)
    skipSpace(cursor)
    if (cursor.text[cursor.at] !== ':') refuse(cursor, 'after object key')
    cursor.at += 1
    readValue(cursor, inner, duplicate)
    if (ended(cursor, '}', 'after object key:value pair')) return
  }
}

function readList(cursor: Cursor, path: string, duplicate: (path: string) => void): void {
  cursor.at += 1
  skipSpace(cursor)
  if (cursor.text[cursor.at] === ']') {
    cursor.at += 1
    return
  }
  for (let i = 0; ; i++) {
    readValue(cursor, `${path}[${i}]`, duplicate)
    if (ended(cursor, ']', 'after array element')) return
  }
}

function ended(cursor: Cursor, close: string, context: string): boolean {
  skipSpace(cursor)
  const char = cursor.text[cursor.at]
  if (char !== close && char !== ',') refuse(cursor, context)
  cursor.at += 1
  return char === close
}

function readString(cursor: Cursor): string {
  const start = cursor.at
  cursor.at += 1
  for (;;) {
    const char = cursor.text[cursor.at]
    if (char === undefined || char < ' ') refuse(cursor, 'in string literal')
    cursor.at += 1
    if (char === '"') return JSON.parse(cursor.text.slice(start, cursor.at))
    if (char === '\\') readEscape(cursor)
  }
}

function readEscape(cursor: Cursor): void {
  const char = cursor.text[cursor.at]
  if (char === undefined || !'"\\/bfnrtu'.includes(char)) refuse(cursor, 'in string escape code')
  cursor.at += 1
  if (char !== 'u') return
  for (let i = 0; i < 4; i++) {
    if (!/^[0-9a-fA-F]$/.test(cursor.text[cursor.at] ?? '')) refuse(cursor, 'in \\u hexadecimal character escape')
    cursor.at += 1
  }
}

function readLiteral(cursor: Cursor, literal: string): void {
  for (const [i, expected] of [...literal].entries()) {
    if (cursor.text[cursor.at] !== expected && i > 0) refuse(cursor, `in literal ${literal} (expecting '${expected}')`)
    cursor.at += 1
  }
}

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9'

function readDigits(cursor: Cursor, context: string): void {
  if (!isDigit(cursor.text[cursor.at])) refuse(cursor, context)
  while (isDigit(cursor.text[cursor.at])) cursor.at += 1
}

function readNumber(cursor: Cursor): void {
  if (cursor.text[cursor.at] === '-') cursor.at += 1
  if (cursor.text[cursor.at] === '0') cursor.at += 1
  else readDigits(cursor, 'in numeric literal')
  if (cursor.text[cursor.at] === '.') {
    cursor.at += 1
    readDigits(cursor, 'after decimal point in numeric literal')
  }
  if (cursor.text[cursor.at] === 'e' || cursor.text[cursor.at] === 'E') {
    cursor.at += 1
    if (cursor.text[cursor.at] === '-' || cursor.text[cursor.at] === '+') cursor.at += 1
    readDigits(cursor, 'in exponent of numeric literal')
  }
}
