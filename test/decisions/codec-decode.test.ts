import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../model/codec/codec-error.ts'
import { decodeTyped } from '../../model/codec/decode.ts'
import { parseJson } from '../../model/codec/json.ts'
import { type MessageType, typeForKind } from '../../model/schema/types.ts'

function kind(group: string, version: string, name: string): MessageType {
  const type = typeForKind(group, version, name)
  if (!type) throw new Error(`no type ${name}`)
  return type
}

const deployment = kind('apps', 'v1', 'Deployment')
const pod = kind('', 'v1', 'Pod')
const service = kind('', 'v1', 'Service')
const configMap = kind('', 'v1', 'ConfigMap')
const secret = kind('', 'v1', 'Secret')
const revision = kind('apps', 'v1', 'ControllerRevision')
const budget = kind('policy', 'v1', 'PodDisruptionBudget')
const lease = kind('coordination.k8s.io', 'v1', 'Lease')
const role = kind('rbac.authorization.k8s.io', 'v1', 'Role')
const crd = kind('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')

const decoded = (text: string, type: MessageType): unknown => decodeTyped(parseJson(text).value, type).object
const refusal = (text: string, type: MessageType): string => {
  try {
    decoded(text, type)
  } catch (error) {
    if (error instanceof CodecError) return error.message
    throw error
  }
  return 'accepted'
}

describe('wrong types, in the words of Go', () => {
  test.each([
    [configMap, '{"data":{"n":5}}', 'number into Go struct field ConfigMap.data of type string'],
    [configMap, '{"data":{"t":true}}', 'bool into Go struct field ConfigMap.data of type string'],
    [configMap, '{"data":["x"]}', 'array into Go struct field ConfigMap.data of type map[string]string'],
    [deployment, '{"spec":{"replicas":"3"}}', 'string into Go struct field DeploymentSpec.spec.replicas of type int32'],
    [
      deployment,
      '{"spec":{"replicas":2147483648}}',
      'number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [deployment, '{"spec":[]}', 'array into Go struct field Deployment.spec of type v1.DeploymentSpec'],
    [deployment, '[]', 'array into Go value of type v1.Deployment'],
    [revision, '{"revision":1.0}', 'number 1.0 into Go struct field ControllerRevision.revision of type int64'],
    [revision, '{"revision":1e1}', 'number 1e1 into Go struct field ControllerRevision.revision of type int64'],
    [
      revision,
      '{"revision":9223372036854775808}',
      'number 9223372036854775808 into Go struct field ControllerRevision.revision of type int64',
    ],
    [revision, '{"revision":true}', 'bool into Go struct field ControllerRevision.revision of type int64'],
    [
      budget,
      '{"spec":{"minAvailable":1.5}}',
      'number 1.5 into Go struct field PodDisruptionBudgetSpec.spec.minAvailable of type int32',
    ],
    [
      budget,
      '{"spec":{"minAvailable":true}}',
      'bool into Go struct field PodDisruptionBudgetSpec.spec.minAvailable of type int32',
    ],
    [secret, '{"data":{"a":5}}', 'number into Go struct field Secret.data of type []uint8'],
    [pod, '{"spec":{"containers":{}}}', 'object into Go struct field PodSpec.spec.containers of type []v1.Container'],
    [
      pod,
      '{"spec":{"containers":[{"name":"a"},{"imagePullPolicy":5}]}}',
      'number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy',
    ],
    [
      pod,
      '{"metadata":{"creationTimestamp":5}}',
      'number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    ],
  ])('%# %s', (type, text, message) => {
    expect(refusal(text, type)).toBe(`json: cannot unmarshal ${message}`)
  })

  test.each([
    [secret, '{"data":{"a":"%%%"}}', 'illegal base64 data at input byte 0'],
    [secret, '{"data":{"a":"eA"}}', 'illegal base64 data at input byte 0'],
    [secret, '{"data":{"a":"eA=x"}}', 'illegal base64 data at input byte 2'],
    [configMap, '{"binaryData":{"a":"not base64!"}}', 'illegal base64 data at input byte 3'],
    [pod, '{"spec":{"containers":[{"resources":{"requests":{"cpu":"1kk"}}}]}}', "unable to parse quantity's suffix"],
    [
      pod,
      '{"metadata":{"creationTimestamp":"now"}}',
      'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
    ],
    [
      lease,
      '{"spec":{"renewTime":"2020-01-01T00:00:00Z"}}',
      'parsing time "2020-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    ],
    [crd, '{"spec":{"versions":[{"schema":{"openAPIV3Schema":{"additionalProperties":5}}}]}}', 'boolean or JSON schema expected'],
  ])('%# %s', (type, text, message) => {
    expect(refusal(text, type)).toBe(message)
  })
})

test('unknown fields fall out and are named as Kubernetes names them', () => {
  const manifest = {
    metadata: { name: 's', colour: 'red', labels: { any: 'thing' } },
    spec: { ports: [{ port: 80, nodeport: 5 }], foo: { bar: [1] }, __proto: 1 },
    nonsense: 1,
  }
  const { object, unknown } = decodeTyped(manifest, service)
  expect(unknown).toEqual(['metadata.colour', 'spec.ports[0].nodeport', 'spec.foo', 'spec.__proto', 'nonsense'])
  expect(object).toMatchObject({ metadata: { name: 's', labels: { any: 'thing' } }, spec: { ports: [{ port: 80 }] } })
  expect(object).not.toHaveProperty('nonsense')
})

test('zeros stay where Go has a pointer or no omitempty, and fall out elsewhere', () => {
  expect(decodeTyped({ spec: { replicas: 0, minReadySeconds: 0, paused: false } }, deployment).object).toEqual({
    metadata: {},
    spec: { replicas: 0, selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
    status: {},
  })
  expect(decodeTyped({ rules: [] }, role).object).toEqual({ metadata: {}, rules: null })
  expect(decodeTyped({ metadata: { labels: {} }, immutable: false, data: {} }, configMap).object).toEqual({
    metadata: {},
    immutable: false,
  })
})

test('nulls are absent, and within a list or map they are zero', () => {
  expect(decodeTyped({ metadata: null, data: { t: null } }, configMap).object).toEqual({ metadata: {}, data: { t: '' } })
  expect(decodeTyped({ spec: { containers: [null] } }, pod).object).toEqual({
    metadata: {},
    spec: { containers: [{ name: '', resources: {} }] },
    status: {},
  })
})

test('values take their canonical spelling', () => {
  const resources = { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: 0.5 } }
  const manifest = {
    metadata: { creationTimestamp: '2026-11-25T12:00:00+02:00' },
    spec: { containers: [{ name: 'a', resources }] },
  }
  expect(decodeTyped(manifest, pod).object).toMatchObject({
    metadata: { creationTimestamp: '2026-11-25T10:00:00Z' },
    spec: { containers: [{ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } }] },
  })
  expect(decodeTyped({ data: { a: 'ab\ncd' } }, secret).object).toMatchObject({ data: { a: 'abcd' } })
})

test('integers that a number does not hold keep every digit', () => {
  const text = '{"metadata":{"name":"a"},"revision":9223372036854775807,"data":{"n":12345678901234567890,"x":1.50,"y":-0}}'
  expect(JSON.stringify(decoded(text, revision))).toBe(
    '{"metadata":{"name":"a"},"revision":9223372036854775807,"data":{"n":12345678901234567890,"x":1.5,"y":0}}',
  )
})

test('any value is taken or refused with a CodecError', () => {
  const keys = fc.constantFrom(
    'metadata',
    'spec',
    'containers',
    'labels',
    'name',
    'resources',
    'limits',
    'ports',
    'data',
    '__proto__',
    'x',
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 0 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
    ),
  }))
  fc.assert(
    fc.property(value, fc.constantFrom(pod, deployment, service, secret, crd), (made, type) => {
      try {
        const { object } = decodeTyped(made, type)
        expect(decodeTyped(object, type).object).toEqual(object)
      } catch (error) {
        if (!(error instanceof CodecError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})

test('nesting without end is refused', () => {
  let deep: unknown = 'x'
  for (let i = 0; i < 100_000; i++) deep = [deep]
  expect(() => decodeTyped({ data: deep }, revision)).toThrow('nesting is limited to 100 levels')
  let schema: unknown = {}
  for (let i = 0; i < 200; i++) schema = { items: schema }
  const definition = { spec: { versions: [{ schema: { openAPIV3Schema: schema } }] } }
  expect(() => decodeTyped(definition, crd)).toThrow('nesting is limited to 100 levels')
})

test('a key named __proto__ is a key like any other', () => {
  const object = decoded(
    '{"metadata":{"labels":{"__proto__":"x"}},"data":{"__proto__":"y"},"__proto__":{"polluted":1}}',
    configMap,
  )
  expect(JSON.stringify(object)).toBe('{"metadata":{"labels":{"__proto__":"x"}},"data":{"__proto__":"y"}}')
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
})
