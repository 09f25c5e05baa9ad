// One object of each kind with every field set, from Kubernetes itself; and what a real API server answered. Both lie beside
// the repository and may be missing.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../model/codec/codec-error.ts'
import { decodeTyped } from '../../model/codec/decode.ts'
import { decodeProtobuf, encodeProtobuf } from '../../model/codec/protobuf.ts'
import { decodeBody, strictDecodingError } from '../../model/codec/request-body.ts'
import { parseApiVersion } from '../../model/object.ts'
import { findResource } from '../../model/schema/resources.ts'
import { typeForKind } from '../../model/schema/types.ts'

const shared = join(import.meta.dirname, '../../../shared')
const golden = join(shared, 'kubernetes-api/golden')
const cases = join(shared, 'differential/cases')

const present = (directory: string): boolean => {
  const there = existsSync(directory)
  if (!there) console.warn(`skipped: ${directory} is missing`)
  return there
}

const names = present(golden) ? readdirSync(golden).flatMap((file) => (file.endsWith('.pb') ? [file.slice(0, -3)] : [])) : []
const jsonOf = (name: string) => JSON.parse(readFileSync(join(golden, `${name}.json`), 'utf8'))
const bytesOf = (name: string): Uint8Array => readFileSync(join(golden, `${name}.pb`))

function typeOfObject({ apiVersion, kind }: { apiVersion: string; kind: string }) {
  const { group, version } = parseApiVersion(apiVersion)
  const type = typeForKind(group, version, kind)
  if (!type) throw new Error(`no type for ${apiVersion} ${kind}`)
  return type
}

describe.runIf(names.length > 0)('golden objects', () => {
  test.each(names)('%s', (name) => {
    const json = jsonOf(name)
    expect(decodeProtobuf(bytesOf(name)).object).toEqual(json)
    expect(Buffer.from(encodeProtobuf(json)).equals(bytesOf(name))).toBe(true)
    expect(decodeTyped(json, typeOfObject(json))).toEqual({ object: json, unknown: [] })
  })

  test('whatever is cut off or overwritten, decoding gives an object or a CodecError', () => {
    const damage = fc.record({
      name: fc.constantFrom(...names),
      cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      edits: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
    })
    fc.assert(
      fc.property(damage, ({ name, cut, edits }) => {
        const whole = bytesOf(name)
        const bytes = Uint8Array.from(whole.subarray(0, cut === null ? whole.length : Math.floor(cut * whole.length)))
        for (const [at, byte] of edits) if (bytes.length > 4) bytes[4 + Math.floor(at * (bytes.length - 5))] = byte
        try {
          const { object } = decodeProtobuf(bytes)
          expect(JSON.stringify(object)).toBeTypeOf('string')
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe.runIf(present(cases))('recorded answers', () => {
  // A placeholder stands for a value of its kind.
  const values: readonly (readonly [RegExp, string])[] = [
    [/"\{\{time[^}]*\}\}"/g, '"2020-01-01T00:00:00Z"'],
    [/"\{\{microtime\}\}"/g, '"2020-01-01T00:00:00.000000Z"'],
    [/"\{\{(?:int|nodePort)[^}]*\}\}"/g, '30000'],
    [/"\{\{number:\d+\}\}"/g, '5'],
  ]

  test('every object in them is already in the form that decoding gives', () => {
    let checked = 0
    for (const file of globSync(join(cases, '*/*.json'))) {
      for (const { expect: answer } of JSON.parse(readFileSync(file, 'utf8')).steps) {
        const body = answer?.body
        if (!body?.apiVersion || !body.metadata || body.kind === 'Status' || body.kind === 'Table' || body.items) continue
        const { group, version } = parseApiVersion(body.apiVersion)
        const type = typeForKind(group, version, body.kind)
        if (!type) continue
        const object = JSON.parse(values.reduce((text, [pattern, value]) => text.replace(pattern, value), JSON.stringify(body)))
        expect(withoutNullTimes(decodeTyped(object, type).object), file).toEqual(withoutNullTimes(object))
        checked += 1
      }
    }
    expect(checked).toBeGreaterThan(900)
  })

  test('every body in them is accepted or refused as it was', () => {
    let checked = 0
    for (const file of globSync(join(cases, '*/*.json'))) {
      for (const { request, expect: answer, looseMessage } of JSON.parse(readFileSync(file, 'utf8')).steps) {
        const expected = expectedKind(request.method, request.path)
        if (!expected || !answer) continue
        const contentType = request.headers?.['Content-Type'] ?? 'application/json'
        const body = decodeBody(contentType, bytesOfRequest(request), expected)
        const strict = request.path.includes('fieldValidation=Strict') && body.ok && body.problems.length > 0
        const refusal = body.ok ? (strict ? strictDecodingError(expected, body.problems) : undefined) : body.status
        const words: string = answer.body?.message ?? ''
        const wasRefused = answer.status === 400 && /cannot be handled|unrecognized|does not match the expected API/.test(words)
        expect(refusal?.code, `${file} ${refusal?.message}`).toBe(wasRefused ? 400 : undefined)
        if (wasRefused && !looseMessage) expect(refusal?.message).toBe(words)
        if (body.ok && !/fieldValidation=(?!Warn)/.test(request.path)) {
          const warnings = (answer.headers?.warning ?? []).filter((text: string) => /(unknown|duplicate) field/.test(text))
          expect(body.problems.map((problem) => `299 - ${JSON.stringify(problem)}`)).toEqual(warnings)
        }
        checked += 1
      }
    }
    expect(checked).toBeGreaterThan(1000)
  })

  function expectedKind(method: string, path: string) {
    const match =
      /^\/(?:api|apis\/([^/]+))\/(v[^/]+)\/(?:namespaces\/[^/]+\/)?([a-z]+)(?:\/[^/?]+)?(?:\/([a-z]+))?(?:\?.*)?$/.exec(path)
    if (!match || !['POST', 'PUT'].includes(method)) return undefined
    const [, group = '', version = '', plural = '', subresource] = match
    const resource = findResource(group, version, plural)
    return subresource === undefined ? resource : resource?.subresources[subresource]
  }

  const bytesOfRequest = ({ base64, text, body }: { base64?: string; text?: string; body?: unknown }): Uint8Array =>
    base64 === undefined ? Buffer.from(text ?? JSON.stringify(body ?? null)) : Buffer.from(base64, 'base64')

  /** Newer releases leave out times that are null, and rules of a job's failure policy. */
  function withoutNullTimes(value: unknown): unknown {
    const leftOut = /[tT]ime|^on(ExitCodes|PodConditions)$/
    return JSON.parse(JSON.stringify(value), (key, member) => (member === null && leftOut.test(key) ? undefined : member))
  }
})
