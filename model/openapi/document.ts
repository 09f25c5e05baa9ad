// OpenAPI 3 documents, one for each group version: what kubectl reads before it creates, applies or explains anything.
// Built when asked for, as text; who wants to keep one keeps the text.
import { KUBERNETES } from '../discovery/version.ts'
import { allResources, type GroupVersion, type ResourceInfo } from '../schema/resources.ts'
import { typeForKind } from '../schema/types.ts'
import { type Operation, operationsOf, type PathOperations, type QueryParameter, rootOf, SHARED_KINDS } from './operations.ts'
import { type GroupVersionKind, PATCH_TYPE, reachableSchemas, type Schema, V3 } from './schemas.ts'

export interface OpenAPIIndex {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>
}

/**
 * `/openapi/v3`. Clients keep a document for as long as its URL stays the same, so the hash must change with its text;
 * `hashOf` says the hash of a group version's document.
 */
export function openapiIndex(
  groupVersions: Iterable<GroupVersion>,
  hashOf: (groupVersion: GroupVersion) => string,
): OpenAPIIndex {
  const paths: Record<string, { serverRelativeURL: string }> = {}
  for (const groupVersion of groupVersions) {
    const root = rootOf(groupVersion).slice(1)
    paths[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${encodeURIComponent(hashOf(groupVersion))}` }
  }
  return { paths }
}

/** The JSON text of `/openapi/v3/apis/apps/v1`; undefined where nothing of that group version is served. */
export function openapiDocument(
  { group, version }: GroupVersion,
  all: readonly ResourceInfo[] = allResources(),
): string | undefined {
  const resources = all.filter((resource) => resource.group === group && resource.version === version)
  if (resources.length === 0) return undefined
  const kinds = kindsByType(resources, { group, version })
  return JSON.stringify({
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: `v${KUBERNETES.major}.${KUBERNETES.minor}.0` },
    paths: Object.fromEntries(resources.flatMap(operationsOf).map((at) => [at.path, pathItem(at)])),
    components: {
      schemas: reachableSchemas([...kinds.keys(), PATCH_TYPE], V3, (name) => kinds.get(name)),
      securitySchemes: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    },
  })
}

/** The types that bodies and answers have, and the kinds that they are. */
export function kindsByType(
  resources: readonly ResourceInfo[],
  shared?: GroupVersion,
): ReadonlyMap<string, readonly GroupVersionKind[]> {
  const kinds = new Map<string, GroupVersionKind[]>()
  const add = (gvk: GroupVersionKind): void => {
    const type = typeForKind(gvk.group, gvk.version, gvk.kind)
    if (!type) return
    const known = kinds.get(type.name) ?? []
    if (!known.some((k) => k.group === gvk.group && k.version === gvk.version && k.kind === gvk.kind)) known.push(gvk)
    kinds.set(type.name, known)
  }
  for (const { group, version, kind, listKind, verbs, subresources } of resources) {
    add({ group, version, kind })
    if (verbs.has('list')) add({ group, version, kind: listKind })
    for (const subresource of Object.values(subresources)) {
      add({ group: subresource.group, version: subresource.version, kind: subresource.kind })
    }
  }
  for (const gvk of SHARED_KINDS) {
    add(gvk)
    if (shared && shared.group !== '') add({ ...shared, kind: gvk.kind })
  }
  return kinds
}

const pathVariables: Readonly<Record<string, string>> = {
  namespace: 'The namespace of the objects.',
  name: 'The name of the object.',
}

function pathItem({ variables, operations }: PathOperations): Schema {
  const parameters = variables.map((name) => ({
    name,
    in: 'path',
    description: pathVariables[name],
    required: true,
    schema: { type: 'string', uniqueItems: true },
  }))
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, describe(operation)])),
    ...(parameters.length > 0 ? { parameters } : {}),
  }
}

function describe(operation: Operation): Schema {
  const { action, id, tag, kind, query, body, bodyTypes = ['*/*'] } = operation
  return {
    tags: [tag],
    operationId: id,
    parameters: query.map(queryParameter),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: Object.fromEntries(bodyTypes.map((type) => [type, { schema: refTo(body) }])),
            ...(action === 'delete' || action === 'deletecollection' ? {} : { required: true }),
          },
        }),
    responses: {
      200: answer('OK', operation),
      ...(operation.created ? { 201: answer('Created', operation) } : {}),
      ...(action === 'delete' || action === 'post' ? { 202: answer('Accepted', operation) } : {}),
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}

const refTo = (type: string): Schema => ({ $ref: `${V3.refPrefix}${type}` })

function answer(description: string, { action, answer: type }: Operation): Schema {
  if (type === undefined) return { description, content: { '*/*': { schema: { type: 'string' } } } }
  const schema = refTo(type)
  const streamed = action === 'list' ? { 'application/json;stream=watch': { schema } } : {}
  return { description, content: { 'application/json': { schema }, ...streamed } }
}

/** The same parameters stand at hundreds of operations: each is made once. */
const parameterSchemas = new WeakMap<QueryParameter, Schema>()

function queryParameter(parameter: QueryParameter): Schema {
  const known = parameterSchemas.get(parameter)
  if (known) return known
  const { name, type, description } = parameter
  const schema = {
    name,
    in: 'query',
    ...(description === '' ? {} : { description }),
    schema: { type, uniqueItems: true },
  }
  parameterSchemas.set(parameter, schema)
  return schema
}
