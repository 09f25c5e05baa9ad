import { describe, expect, test } from 'vitest'
import { encodeProtobuf } from '../../model/codec/protobuf.ts'
import { decodeBody, decodeValue, strictDecodingError } from '../../model/codec/request-body.ts'

const configMap = { group: '', version: 'v1', kind: 'ConfigMap' }
const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const json = (value: unknown): Uint8Array => bytes(JSON.stringify(value))
const message = (body: ReturnType<typeof decodeBody>): string | undefined => (body.ok ? 'accepted' : body.status.message)

describe('the body of a request', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } }

  test('is the same object in every media type [A3]', () => {
    const expected = { ok: true, object, problems: [] }
    expect(decodeBody('application/json', json(object), configMap)).toEqual(expected)
    expect(decodeBody('application/json; charset=utf-8', json({ metadata: { name: 'a' }, data: { k: 'v' } }), configMap)).toEqual(
      expected,
    )
    expect(decodeBody('', json({ kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } }), configMap)).toEqual(expected)
    expect(decodeBody('application/yaml', bytes('metadata: {name: a}\ndata: {k: v}\n'), configMap)).toEqual(expected)
    expect(decodeBody('application/vnd.kubernetes.protobuf', encodeProtobuf(object), configMap)).toEqual(expected)
    expect(decodeValue(object, configMap)).toEqual(expected)
  })

  test('tells what a strict decoder objects to', () => {
    const text = '{"metadata":{"name":"a","colour":"red"},"data":{"a":"1","a":"2"},"nonsense":1}'
    const body = decodeBody('application/json', bytes(text), configMap)
    const problems = body.ok ? body.problems : []
    expect(problems).toEqual(['unknown field "metadata.colour"', 'unknown field "nonsense"', 'duplicate field "data.a"'])
    expect(strictDecodingError(configMap, problems).message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "metadata.colour", unknown field "nonsense", duplicate field "data.a"',
    )
  })

  test.each([
    [
      deployment,
      '{"spec":{"replicas":"3"}}',
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      '{"apiVersion":"apps/v1beta1","kind":"Deployment"}',
      'the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)',
    ],
    [
      configMap,
      '{"apiVersion":"v1","kind":"Secret"}',
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    [
      configMap,
      '{"apiVersion":"v1","kind":"Nonsense"}',
      'Nonsense in version "v1" cannot be handled as a ConfigMap: no kind "Nonsense" is registered for version "v1"',
    ],
    [
      configMap,
      '{"apiVersion":"v1",',
      'the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"apiVersion":"v1",)',
    ],
    [
      configMap,
      '{"apiVersion":"v1","kind":"ConfigMap"} trailing',
      'the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: invalid character \'t\' after top-level value ({"apiVersion":"v1","kind":"Con ...)',
    ],
  ])('%# is refused as Kubernetes refuses it', (expected, text, words) => {
    expect(message(decodeBody('application/json', bytes(text), expected))).toBe(words)
  })

  test('that is no object at all is refused', () => {
    for (const text of ['[]', 'null', '5', '"x"', '']) {
      expect(message(decodeBody('application/json', bytes(text), configMap))).toMatch(/^the object provided is unrecognized/)
    }
    for (const broken of ['', 'k8s', 'k8s\0\x0a\xff', 'k8s\0\x0a\x05\x0a\x02v1']) {
      const body = decodeBody('application/vnd.kubernetes.protobuf', Buffer.from(broken, 'latin1'), configMap)
      expect(body).toMatchObject({ ok: false, status: { code: 400 } })
    }
  })

  test('beyond a limit names the limit', () => {
    const deep = `{"data":${'['.repeat(200)}${']'.repeat(200)}}`
    expect(decodeBody('application/json', bytes(deep), configMap)).toMatchObject({ ok: false, status: { code: 413 } })
    expect(message(decodeBody('application/json', bytes(deep), configMap))).toContain('100 levels')
    expect(message(decodeBody('application/json', bytes(deep), { group: 'example.com', version: 'v1', kind: 'Thing' }))).toBe(
      'accepted',
    )
  })

  test('of an unknown media type is refused', () => {
    expect(decodeBody('text/plain', json(object), configMap)).toMatchObject({ ok: false, status: { code: 415 } })
  })

  test('options of a deletion belong to every group version', () => {
    const options = { group: '', version: 'v1', kind: 'DeleteOptions' }
    for (const apiVersion of ['v1', 'meta.k8s.io/v1', 'apps/v1', undefined]) {
      const body = decodeBody('application/json', json({ apiVersion, kind: 'DeleteOptions', gracePeriodSeconds: 0 }), options)
      expect(body).toMatchObject({ ok: true, object: { gracePeriodSeconds: 0 } })
    }
  })
})
