// Converts every pair NAME.json and NAME.pb of a folder both ways and says where the result is not the other file:
// `npm run golden -- DIR`. The last line is `N passed, N failed`, a pair counting once for each way.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { decodeProtobuf, encodeProtobuf } from '../model/codec/protobuf.ts'

const directory = process.argv[2]
if (directory === undefined) {
  console.error('usage: npm run golden -- DIR')
  process.exit(2)
}

function differences(expected: unknown, got: unknown, path = ''): string[] {
  if (isDeepStrictEqual(expected, got)) return []
  if (typeof expected !== 'object' || typeof got !== 'object' || expected === null || got === null) {
    return [`${path || 'the whole'}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`]
  }
  const members = new Set([...Object.keys(expected), ...Object.keys(got)])
  const member = (of: object, key: string): unknown => (of as Record<string, unknown>)[key]
  return [...members].flatMap((key) => differences(member(expected, key), member(got, key), path === '' ? key : `${path}.${key}`))
}

function byteDifference(expected: Uint8Array, got: Uint8Array): string[] {
  if (Buffer.compare(expected, got) === 0) return []
  const at = expected.findIndex((byte, i) => byte !== got[i])
  const from = at < 0 ? expected.length : at
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(Math.max(0, from - 8), from + 8)).toString('hex')
  return [`byte ${from} of ${expected.length}: expected …${hex(expected)}…, got …${hex(got)}… (${got.length} bytes)`]
}

function attempt(convert: () => string[]): string[] {
  try {
    return convert()
  } catch (error) {
    return [String(error)]
  }
}

let passed = 0
let failed = 0
function report(name: string, way: string, found: readonly string[]): void {
  if (found.length === 0) {
    passed += 1
    return
  }
  failed += 1
  console.log(`${name} (${way})`)
  for (const line of found) console.log(`  ${line}`)
}

const files = new Set(readdirSync(directory))
for (const file of [...files].sort()) {
  const name = file.replace(/\.json$/, '')
  if (name === file || !files.has(`${name}.pb`)) continue
  const json = JSON.parse(readFileSync(join(directory, file), 'utf8'))
  const bytes = readFileSync(join(directory, `${name}.pb`))
  report(
    name,
    'protobuf to JSON',
    attempt(() => differences(json, JSON.parse(JSON.stringify(decodeProtobuf(bytes).object)))),
  )
  report(
    name,
    'JSON to protobuf',
    attempt(() => byteDifference(bytes, encodeProtobuf(json))),
  )
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
