// The whole API as one OpenAPI 2 document, for tools that know no version 3.
import { KUBERNETES } from '../discovery/version.ts'
import { allResources, type ResourceInfo } from '../schema/resources.ts'
import { kindsByType } from './document.ts'
import { type Operation, operationsOf, type PathOperations } from './operations.ts'
import { PATCH_TYPE, reachableSchemas, type Schema, V2 } from './schemas.ts'

/** The JSON text of `/openapi/v2`. Large: a few megabytes; not to be kept without need. */
export const openapiV2 = (resources?: readonly ResourceInfo[]): string => JSON.stringify(openapiV2Document(resources))

export function openapiV2Document(resources: readonly ResourceInfo[] = allResources()): Schema {
  const kinds = kindsByType(resources)
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: `v${KUBERNETES.major}.${KUBERNETES.minor}.0` },
    paths: Object.fromEntries(resources.flatMap(operationsOf).map((at) => [at.path, pathItem(at)])),
    definitions: reachableSchemas([...kinds.keys(), PATCH_TYPE], V2, (name) => kinds.get(name)),
    securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    security: [{ BearerToken: [] }],
  }
}

const pathItem = ({ variables, operations }: PathOperations): Schema => ({
  ...Object.fromEntries(operations.map((operation) => [operation.method, describe(operation)])),
  ...(variables.length > 0
    ? { parameters: variables.map((name) => ({ name, in: 'path', required: true, type: 'string', uniqueItems: true })) }
    : {}),
})

function describe({ action, id, tag, kind, query, body, bodyTypes = ['*/*'], answer, created }: Operation): Schema {
  const schema = answer === undefined ? { type: 'string' } : { $ref: `${V2.refPrefix}${answer}` }
  const inBody = { name: 'body', in: 'body', required: true, schema: { $ref: `${V2.refPrefix}${body}` } }
  return {
    tags: [tag],
    operationId: id,
    consumes: bodyTypes,
    produces: ['application/json', 'application/yaml'],
    schemes: ['https'],
    parameters: [
      ...(body === undefined ? [] : [inBody]),
      ...query.map(({ name, type, description }) => ({
        name,
        in: 'query',
        ...(description === '' ? {} : { description }),
        type,
        uniqueItems: true,
      })),
    ],
    responses: { 200: { description: 'OK', schema }, ...(created ? { 201: { description: 'Created', schema } } : {}) },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  }
}
