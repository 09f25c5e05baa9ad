// What an Accept header asks for. The rows are headers that clients send, and those that real servers refuse.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentTypeOf, type Endpoint, negotiate, parseIncludeObject, refuseShape } from '../../model/negotiation.ts'

const KUBECTL_GET =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json'
const KUBECTL_DISCOVERY =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

/** Media type without its family, then what the object becomes. */
const rows: [accept: string | undefined, endpoint: Endpoint, form: string][] = [
  [undefined, 'resource', 'json'],
  ['', 'resource', 'json'],
  ['*/*', 'resource', 'json'],
  ['application/*', 'resource', 'json'],
  ['application/json', 'resource', 'json'],
  ['Application/JSON; charset=utf-8', 'resource', 'json'],
  ['application/yaml', 'resource', 'yaml'],
  ['application/json;q=0.1, application/yaml', 'resource', 'yaml'],
  ['application/json;q=0, application/yaml;q=0.1', 'resource', 'yaml'],
  ['*/*, application/yaml', 'resource', 'yaml'],
  ['application/json, application/vnd.kubernetes.protobuf;q=0.1', 'resource', 'json'],
  ['application/vnd.kubernetes.protobuf,application/json', 'resource', 'vnd.kubernetes.protobuf'],
  ['application/vnd.kubernetes.protobuf, */*', 'resource', 'vnd.kubernetes.protobuf'],
  [KUBECTL_GET, 'resource', 'json Table v1'],
  [KUBECTL_GET, 'discovery', 'json'],
  ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'resource', 'json Table v1beta1'],
  ['application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'resource', 'json PartialObjectMetadata v1'],
  ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'resource', 'json PartialObjectMetadataList v1'],
  ['application/json;as=Table;v=v9;g=meta.k8s.io', 'resource', '406'],
  ['application/json;as=Chair;v=v1;g=meta.k8s.io', 'resource', '406'],
  ['application/json;as=Table;v=v1;g=apps', 'resource', '406'],
  ['text/html', 'resource', '406'],
  ['text/html, */*;q=0.8', 'resource', 'json'],
  ['application/cbor, application/json;q=0.9', 'resource', 'json'],
  [KUBECTL_DISCOVERY, 'discovery', 'json APIGroupDiscoveryList v2'],
  [KUBECTL_DISCOVERY, 'resource', 'json'],
  [
    'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
    'discovery',
    'json APIGroupDiscoveryList v2beta1',
  ],
  [
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;profile=nopeer',
    'discovery',
    'json APIGroupDiscoveryList v2',
  ],
]

test.each(rows)('Accept: %s at a %s endpoint is %s', (accept, endpoint, form) => {
  expect(formText(accept, endpoint)).toBe(form)
})

function formText(accept: string | undefined, endpoint: Endpoint): string {
  const got = negotiate(accept, endpoint)
  if ('refused' in got) return `${got.refused.code}`
  const transform = got.transform ? ` ${got.transform.as} ${got.transform.version}` : ''
  return got.mediaType.replace('application/', '') + transform
}

test('the refusal names what would be accepted', () => {
  const got = negotiate('application/json;as=Chair;v=v1;g=meta.k8s.io')
  expect('refused' in got && got.refused).toMatchObject({
    code: 406,
    reason: 'NotAcceptable',
    message:
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  })
})

test('who cannot write protobuf answers JSON where that is accepted too', () => {
  const form = negotiate('application/vnd.kubernetes.protobuf,application/json', 'resource', [
    'application/json',
    'application/yaml',
  ])
  expect(form).toEqual({ mediaType: 'application/json', pretty: false })
})

test('aggregated discovery says so in its content type', () => {
  const form = negotiate(KUBECTL_DISCOVERY, 'discovery')
  expect('mediaType' in form && contentTypeOf(form)).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
})

test('metadata of one object is not metadata of a list', () => {
  expect(refuseShape({ as: 'PartialObjectMetadata', version: 'v1' }, 'ConfigMapList', true)?.code).toBe(406)
  expect(refuseShape({ as: 'PartialObjectMetadataList', version: 'v1' }, 'ConfigMap', false)?.code).toBe(406)
  expect(refuseShape({ as: 'Table', version: 'v1' }, 'ConfigMapList', true)).toBeUndefined()
})

test('includeObject', () => {
  expect(parseIncludeObject(undefined)).toBe('Metadata')
  expect(parseIncludeObject('Object')).toBe('Object')
  expect(parseIncludeObject('all')).toMatchObject({ refused: { code: 400 } })
})

test('no header makes it throw', () => {
  const piece = fc.constantFrom('application/json', ';', ',', '=', 'as=Table', 'q=', '*/*', 'g=meta.k8s.io', 'v=v1', ' ', 'é')
  fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => void negotiate(pieces.join(''))))
})
