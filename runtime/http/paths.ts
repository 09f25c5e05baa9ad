// Paths that are no resources: discovery, OpenAPI, version, health, metrics. What never changes while the process lives is
// encoded once, when somebody first asks.
import { apiGroupDiscoveryList } from '../../model/discovery/aggregated.ts'
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from '../../model/discovery/legacy.ts'
import { versionInfo } from '../../model/discovery/version.ts'
import { contentTypeOf, negotiate } from '../../model/negotiation.ts'
import { allResources } from '../../model/schema/resources.ts'
import { methodNotAllowed, noSuchPath } from '../../model/status.ts'
import { answer, pageNotFound, statusAnswer, textAnswer } from './answers.ts'
import { documentFor, sendDocument } from './documents.ts'
import type { HttpRequest, HttpResponse, Respond } from './exchange.ts'
import { type HealthCheck, health } from './health.ts'
import type { Metrics } from './metrics.ts'
import { serveOpenApi } from './openapi.ts'

export interface Documents {
  readonly build: string
  /** `127.0.0.1:6443` */
  readonly serverAddress: () => string
  readonly checks: readonly HealthCheck[]
  readonly metrics: Metrics
}

/** Paths that need no credentials. */
const OPEN = new Set(['version', 'livez', 'readyz', 'healthz'])
export const isOpen = (segments: readonly string[]): boolean => OPEN.has(segments[0] ?? '')

export function serveDocument(documents: Documents, request: HttpRequest, segments: readonly string[], respond: Respond): void {
  const [root = ''] = segments
  if (!ROOTS.has(root)) respond(pageNotFound())
  else if (request.method !== 'GET') respond(statusAnswer(methodNotAllowed()))
  else if (root === 'openapi') void serveOpenApi(documents.build, request, segments, respond)
  else respond(documentAt(documents, request, segments))
}

const ROOTS = new Set(['', 'api', 'apis', 'version', 'livez', 'readyz', 'healthz', 'metrics', 'openapi'])

function documentAt(documents: Documents, request: HttpRequest, segments: readonly string[]): HttpResponse {
  const [root = '', group = '', version = ''] = segments.at(-1) === '' ? segments.slice(0, -1) : segments
  switch (root) {
    case '':
      return answer(200, { paths: rootPaths() })
    case 'version':
      return cached('version', request, 'application/json', () =>
        versionInfo(documents.build, `${process.platform}/${process.arch}`),
      )
    case 'livez':
    case 'readyz':
    case 'healthz':
      return health(documents.checks, segments, request.query) ?? pageNotFound()
    case 'metrics':
      return textAnswer(200, documents.metrics.text())
    case 'api':
      if (group === '') return groups('core', request, () => apiVersions(documents.serverAddress()))
      return resources(request, '', group)
    default:
      if (group === '') return groups('named', request, apiGroupList)
      return version === '' ? oneGroup(request, group) : resources(request, group, version)
  }
}

function groups(which: 'core' | 'named', request: HttpRequest, legacy: () => unknown): HttpResponse {
  const form = negotiate(request.headers.accept, 'discovery')
  if ('refused' in form) return statusAnswer(form.refused)
  const { transform } = form
  if (transform?.as !== 'APIGroupDiscoveryList') return cached(`legacy ${which}`, request, 'application/json', legacy)
  return cached(`${which} ${transform.version}`, request, contentTypeOf({ ...form, mediaType: 'application/json' }), () =>
    apiGroupDiscoveryList(which, transform.version),
  )
}

function oneGroup(request: HttpRequest, group: string): HttpResponse {
  if (!isGroup(group)) return pageNotFound()
  return cached(`group ${group}`, request, 'application/json', () => apiGroup(group))
}

function resources(request: HttpRequest, group: string, version: string): HttpResponse {
  if (!isGroup(group)) return pageNotFound()
  const list = apiResourceList(group, version)
  if (list === undefined) return statusAnswer(noSuchPath())
  return cached(`resources ${group}/${version}`, request, 'application/json', () => list)
}

const served = new Set(allResources().map(({ group }) => group))
/** An unknown group has no handler at all, an unknown version of a known group is a Status. */
export const isGroup = (group: string): boolean => served.has(group)

function rootPaths(): string[] {
  const paths = new Set([
    '/api',
    '/api/v1',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ])
  for (const { group, version } of allResources()) {
    if (group !== '') paths.add(`/apis/${group}`).add(`/apis/${group}/${version}`)
  }
  return [...paths].sort()
}

function cached(key: string, request: HttpRequest, contentType: string, make: () => unknown): HttpResponse {
  const document = documentFor(key, () => `${JSON.stringify(make())}\n`)
  return document === undefined ? pageNotFound() : sendDocument(document, request, contentType)
}
