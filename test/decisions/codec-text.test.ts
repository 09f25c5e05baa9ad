import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64Fault, canonicalBase64, decodeBase64, encodeBase64 } from '../../model/codec/base64.ts'
import { CodecError } from '../../model/codec/codec-error.ts'
import { parseJson } from '../../model/codec/json.ts'
import { parseYaml } from '../../model/codec/yaml.ts'

const refusal = (parse: () => unknown): string => {
  try {
    parse()
  } catch (error) {
    if (error instanceof CodecError) return error.message
    throw error
  }
  return 'accepted'
}

describe('JSON', () => {
  test('is read as the language reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 2 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(JSON.stringify(parseJson(text).value)).toBe(JSON.stringify(JSON.parse(text)))
        expect(parseJson(text).problems).toEqual([])
      }),
    )
  })

  test.each([
    ['{"apiVersion":"v1",', 'unexpected end of JSON input'],
    ['', 'unexpected end of JSON input'],
    ['{apiVersion: v1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1} trailing', "invalid character 't' after top-level value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['test', "invalid character 'e' in literal true (expecting 'r')"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['[1.]', "invalid character ']' after decimal point in numeric literal"],
    ['-', 'unexpected end of JSON input'],
    ['ä', "invalid character 'ä' looking for beginning of value"],
  ])('%j is refused in the words of Go', (text, message) => {
    expect(refusal(() => parseJson(text))).toBe(message)
  })

  test('any text is read or refused, never more', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => text.slice(0, -1)),
          fc.stringMatching(/^[[{}\]",:\\0-9.eE tfn-]*$/),
        ),
        (text) => {
          let expected: string | undefined
          try {
            expected = JSON.stringify(JSON.parse(text))
          } catch {
            expect(refusal(() => parseJson(text))).not.toBe('accepted')
          }
          if (expected !== undefined) expect(refusal(() => parseJson(text))).toBe('accepted')
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('what is said twice is told', () => {
    const text = '{"metadata":{"name":"dup","name":"dup2"},"data":{"a":"1","a":"2","a":"3"},"l":[{"x":1},{"y:":":","y:":1}]}'
    expect(parseJson(text)).toEqual({
      value: { metadata: { name: 'dup2' }, data: { a: '3' }, l: [{ x: 1 }, { 'y:': 1 }] },
      problems: ['duplicate field "metadata.name"', 'duplicate field "data.a"', 'duplicate field "l[1].y:"'],
    })
  })

  test('limits are named', () => {
    expect(refusal(() => parseJson('['.repeat(101)))).toBe('nesting is limited to 100 levels')
    expect(refusal(() => parseJson(`${'['.repeat(100)}${']'.repeat(100)}`))).toBe('accepted')
    const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 50_001 }, (_, i) => [`k${i}`, 0])))
    expect(refusal(() => parseJson(keys))).toBe('a body is limited to 50000 keys, this one has 50001')
    expect(refusal(() => parseJson('"[[[["'.padEnd(6) + ' '.repeat(10)))).toBe('accepted')
  })
})

describe('YAML', () => {
  test('scalars are those of YAML 1.1, without its surprises', () => {
    const text = `
a: yes
b: "yes"
c: ~
d: !!str 5
e: 0x10
f: 12:30:45
g: 2020-01-01
h: 9223372036854775807
i: 1.5
no: 1
5: x
j: |
  text
`
    expect(JSON.stringify(parseYaml(text).value)).toBe(
      '{"5":"x","a":true,"b":"yes","c":null,"d":"5","e":16,"f":"12:30:45","g":"2020-01-01","h":9223372036854775807,"i":1.5,"false":1,"j":"text\\n"}',
    )
  })

  test('JSON is YAML', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        expect(JSON.stringify(parseYaml(JSON.stringify(object)).value)).toBe(JSON.stringify(JSON.parse(JSON.stringify(object))))
      }),
    )
    expect(parseYaml('{a: 1, b: [x]}').value).toEqual({ a: 1, b: ['x'] })
  })

  test('what is said twice is told with its line', () => {
    expect(parseYaml('kind: ConfigMap\ndata: {x: "1"}\ndata: {z: "2"}\n')).toEqual({
      value: { kind: 'ConfigMap', data: { z: '2' } },
      problems: ['yaml: unmarshal errors:\n  line 3: key "data" already set in map'],
    })
  })

  test.each([
    ['a: &x [1]\nb: *x\n', 'yaml: aliases are not accepted'],
    [`${'['.repeat(101)}${']'.repeat(101)}`, 'nesting is limited to 100 levels'],
    ['['.repeat(100_000), 'nesting is limited to 100 levels'],
    ['? [1]\n: 2', 'yaml: a key of a mapping has to be a text, a number or a boolean'],
    ['a: .inf', 'json: unsupported value: Infinity'],
    ['a'.repeat(1024 * 1024 + 1), 'YAML is limited to 1048576 characters'],
  ])('%# is refused', (text, message) => {
    expect(refusal(() => parseYaml(text))).toBe(message)
  })

  test('a broken document is refused with its line', () => {
    expect(refusal(() => parseYaml('apiVersion: v1\nkind: ['))).toMatch(/^yaml: line 2: /)
    expect(parseYaml('a: 1\n---\nb: 2\n').value).toEqual({ a: 1 })
    expect(parseYaml('').value).toBeNull()
  })

  test('any text is read or refused, never more', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-?:,[\]{}#&*!|>'"%@` \n a0~<=]*$/)), (text) => {
        refusal(() => parseYaml(text))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('base64', () => {
  test('is that of Node', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64')
        expect(encodeBase64(bytes)).toBe(text)
        expect(decodeBase64(text)).toEqual(bytes)
        expect(canonicalBase64(text)).toBe(text)
      }),
    )
  })

  test.each([
    ['', undefined],
    ['eA==', undefined],
    ['eA\r\n==\n', undefined],
    ['eA=', 3],
    ['eA===', 4],
    ['eAx=', undefined],
    ['e', 0],
    ['=', 0],
    ['eA==eA==', 4],
    ['ab-d', 2],
    ['abcdä', 4],
  ])('%j goes wrong at %s', (text, at) => {
    expect(base64Fault(text)).toBe(at)
  })
})
