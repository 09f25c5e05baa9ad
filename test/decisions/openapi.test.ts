// OpenAPI documents: what kubectl needs in them, that they hold together, and that they are cheap enough to build on demand.
import { createHash } from 'node:crypto'
import protobuf from 'protobufjs/minimal.js'
import { expect, test } from 'vitest'
import { openapiDocument, openapiIndex } from '../../model/openapi/document.ts'
import { openapiV2 } from '../../model/openapi/document-v2.ts'
import { openapiV2Protobuf } from '../../model/openapi/document-v2-protobuf.ts'
import { allResources, groupVersions } from '../../model/schema/resources.ts'

interface Operation {
  readonly operationId: string
  readonly parameters: { name: string; in: string }[]
  readonly requestBody?: { content: Record<string, unknown> }
  readonly 'x-kubernetes-group-version-kind': { group: string; version: string; kind: string }
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { schemas: Record<string, Schema> }
}
interface Schema {
  readonly properties?: Record<string, Record<string, unknown>>
  readonly required?: string[]
  readonly [key: string]: unknown
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch']

function documentOf(group: string, version: string): Document {
  const text = openapiDocument({ group, version })
  if (text === undefined) throw new Error(`no document of ${group}/${version}`)
  return JSON.parse(text)
}

const operationsOf = ({ paths }: Pick<Document, 'paths'>): [method: string, operation: Operation][] =>
  Object.values(paths).flatMap((item) => Object.entries(item).filter(([method]) => METHODS.includes(method)))

/** References to schemas that are not in the document. */
function dangling(text: string, prefix: string, schemas: object): string[] {
  const names = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref ?? '')
  return [...new Set(names)].filter((ref) => !(ref.startsWith(prefix) && ref.slice(prefix.length) in schemas))
}

test.each(groupVersions().map(({ group, version }) => [group, version] as const))('%s/%s holds together', (group, version) => {
  const text = openapiDocument({ group, version }) ?? ''
  const document: Document = JSON.parse(text)
  expect(dangling(text, '#/components/schemas/', document.components.schemas)).toEqual([])
  const ids = operationsOf(document).map(([, { operationId }]) => operationId)
  expect(new Set(ids).size, 'names of operations are unique').toBe(ids.length)
})

test('every PATCH tells its kind and that it knows fieldValidation: kubectl asks the first it finds', () => {
  for (const { group, version, kind, verbs } of allResources()) {
    if (!verbs.has('patch')) continue
    const patches = operationsOf(documentOf(group, version)).filter(
      ([method, operation]) => method === 'patch' && operation['x-kubernetes-group-version-kind'].kind === kind,
    )
    expect(patches.length, `${group}/${version} ${kind}`).toBeGreaterThan(0)
    for (const [, { parameters, operationId }] of patches) {
      expect(
        parameters.some((parameter) => parameter.name === 'fieldValidation' && parameter.in === 'query'),
        operationId,
      ).toBe(true)
    }
  }
})

test('every kind that is served can be found by its group, version and kind [A16]', () => {
  for (const { group, version, kind } of allResources()) {
    const { schemas } = documentOf(group, version).components
    const found = Object.values(schemas).filter((schema) =>
      (schema['x-kubernetes-group-version-kind'] as { group: string; version: string; kind: string }[] | undefined)?.some(
        (k) => k.group === group && k.version === version && k.kind === kind,
      ),
    )
    expect(found, `${group}/${version} ${kind}`).toHaveLength(1)
  }
})

test('lists say how they merge, for apply on the client and on the server', () => {
  const { schemas } = documentOf('', 'v1').components
  const ports = schemas['io.k8s.api.core.v1.ServiceSpec']?.properties?.ports
  expect(ports).toMatchObject({
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['port', 'protocol'],
    'x-kubernetes-patch-merge-key': 'port',
    'x-kubernetes-patch-strategy': 'merge',
    items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.ServicePort' }], default: {} },
  })
  expect(schemas['io.k8s.api.core.v1.PodSpec']?.properties?.volumes).toMatchObject({
    'x-kubernetes-patch-strategy': 'merge,retainKeys',
  })
  expect(schemas['io.k8s.api.core.v1.ServiceSpec']?.properties?.selector).toMatchObject({
    type: 'object',
    'x-kubernetes-map-type': 'atomic',
    additionalProperties: { type: 'string', default: '' },
  })
})

test('scalars, times, quantities, numbers or texts', () => {
  const { schemas } = documentOf('', 'v1').components
  const port = schemas['io.k8s.api.core.v1.ContainerPort']
  expect(port?.required).toEqual(['containerPort'])
  expect(port?.properties?.containerPort).toMatchObject({ type: 'integer', format: 'int32', default: 0 })
  expect(port?.properties?.protocol).toMatchObject({ type: 'string', default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] })
  expect(schemas['io.k8s.apimachinery.pkg.api.resource.Quantity']).toMatchObject({
    oneOf: [{ type: 'string' }, { type: 'number' }],
  })
  expect(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ format: 'int-or-string' })
  expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.Time']).toMatchObject({ type: 'string', format: 'date-time' })
  expect(schemas['io.k8s.api.core.v1.Secret']?.properties?.data).toMatchObject({ additionalProperties: { format: 'byte' } })
  expect(schemas['io.k8s.api.core.v1.Pod']?.properties).toHaveProperty('apiVersion')
})

test('paths of core/v1: namespaced, across namespaces, subresources, streams', () => {
  const { paths } = documentOf('', 'v1')
  expect(Object.keys(paths['/api/v1/namespaces/{namespace}/pods'] ?? {})).toEqual(['get', 'post', 'delete', 'parameters'])
  expect(Object.keys(paths['/api/v1/namespaces/{namespace}/pods/{name}'] ?? {})).toEqual([
    'get',
    'put',
    'delete',
    'patch',
    'parameters',
  ])
  expect(paths['/api/v1/pods']?.get?.operationId).toBe('listCoreV1PodForAllNamespaces')
  expect(paths['/api/v1/namespaces/{namespace}/pods/{name}/eviction']?.post).toMatchObject({
    'x-kubernetes-group-version-kind': { group: 'policy', version: 'v1', kind: 'Eviction' },
  })
  const exec = paths['/api/v1/namespaces/{namespace}/pods/{name}/exec']?.get
  expect(exec?.parameters.map(({ name }) => name)).toContain('command')
  expect(Object.keys(paths['/api/v1/nodes/{name}']?.patch?.requestBody?.content ?? {})).toContain('application/apply-patch+yaml')
})

test('the index names each group version, with the hash that it is told', () => {
  const hashOf = (groupVersion: { group: string; version: string }) =>
    createHash('sha256')
      .update(openapiDocument(groupVersion) ?? '')
      .digest('hex')
      .slice(0, 16)
  const { paths } = openapiIndex(groupVersions(), hashOf)
  expect(Object.keys(paths)).toHaveLength(groupVersions().length)
  expect(paths['api/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9a-f]{16}$/)
  expect(paths['apis/apps/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=/)
  const all = Object.values(paths).map(({ serverRelativeURL }) => serverRelativeURL.split('=')[1])
  expect(new Set(all).size).toBe(all.length)
})

test('what is not served has no document', () => {
  expect(openapiDocument({ group: 'apps', version: 'v9' })).toBeUndefined()
})

test('version 2 as protobuf has a place for every key of it', () => {
  const reader = protobuf.Reader.create(openapiV2Protobuf())
  const numbers = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    numbers.push(tag >>> 3)
    reader.skipType(tag & 7)
  }
  expect(numbers).toEqual([1, 2, 8, 9, 13, 12])
})

test('version 2 holds together', () => {
  const text = openapiV2()
  const document = JSON.parse(text)
  expect(dangling(text, '#/definitions/', document.definitions)).toEqual([])
  expect(document.definitions['io.k8s.api.apps.v1.Deployment']['x-kubernetes-group-version-kind']).toEqual([
    { group: 'apps', version: 'v1', kind: 'Deployment' },
  ])
  expect(document.definitions['io.k8s.api.core.v1.Pod'].properties.spec.$ref).toBe('#/definitions/io.k8s.api.core.v1.PodSpec')
})

test('core/v1 is built in a few milliseconds and stays small', () => {
  const start = performance.now()
  const text = openapiDocument({ group: '', version: 'v1' }) ?? ''
  // About 20 ms on two cores; the bound leaves room for a busy machine.
  expect(performance.now() - start).toBeLessThan(250)
  expect(text.length).toBeLessThan(600_000)
})
