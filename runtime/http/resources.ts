// Requests for resources: from method and path to the engine's verb, and from its answer to the form the client wants.
import type { Engine, EngineAnswer, User } from '../../actors/master/api/api.protocol.ts'
import type { ApiRequest, RequestBody, ResourcePath, Verb } from '../../actors/ports/api.ts'
import type { View } from '../../actors/ports/view.ts'
import { negotiate } from '../../model/negotiation.ts'
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import { findResource, type ResourceInfo, type SubresourceInfo } from '../../model/schema/resources.ts'
import { badRequest, methodNotAllowed, noSuchPath, notFound, type Status, tooLarge } from '../../model/status.ts'
import { internalErrorOf, PLAIN, pageNotFound, statusAnswer } from './answers.ts'
import { readBody } from './body.ts'
import type { HttpRequest, HttpResponse, Respond } from './exchange.ts'
import { objectAnswer, objectsAnswer, type Wanted, wantedForm } from './forms.ts'
import { MAX_BODY_BYTES, MAX_YAML_BYTES } from './limits.ts'
import type { NodeStreams } from './node-streams.ts'
import type { Target } from './path.ts'
import { isGroup } from './paths.ts'
import { servePodLog } from './pod-log.ts'
import { type Proxied, serveProxy } from './proxy.ts'
import { resolveProxyTarget } from './proxy-target.ts'
import { parseQuery } from './query.ts'
import { serveWatch } from './watch.ts'

export interface Backend {
  readonly engine: Engine
  readonly view: View
  readonly nodes: NodeStreams
}

type ResourceTarget = Extract<Target, { type: 'resource' }>

export interface Asked {
  readonly request: HttpRequest
  readonly user: User
  readonly target: ResourceTarget
  /** For logs and streams that outlive the request, and for what a node records about it. */
  readonly cause: string
}

export function serveResource(backend: Backend, asked: Asked, respond: Respond): void {
  const { request, user, target, cause } = asked
  const { path } = target
  const resource = findResource(path.group, path.version, path.resource)
  if (resource === undefined) {
    respond(path.group === '' || isGroup(path.group) ? statusAnswer(noSuchPath()) : pageNotFound())
    return
  }
  if (path.subresource === 'proxy' && subresourceOf(resource, 'proxy') !== undefined) {
    serveProxied(backend, asked, respond)
    return
  }
  const verb = verbOf(request.method, resource, path)
  if (typeof verb !== 'string') {
    respond(statusAnswer(verb))
    return
  }
  if (resource.plural === 'pods' && path.subresource === 'log') {
    serveLog(backend, asked, cause, respond)
    return
  }
  const parsed = parseQuery(request.query, verb, isApply(request))
  if (!parsed.ok) {
    respond(statusAnswer(parsed.status))
    return
  }
  const { query } = parsed
  const form = negotiate(request.headers.accept)
  const pretty = query.pretty ?? /^(curl|Wget|Mozilla\/5\.0)/.test(String(request.headers['user-agent'] ?? ''))
  const wanted = 'refused' in form ? form : wantedForm(form, pretty, query.includeObject)
  if ('refused' in wanted) {
    respond(statusAnswer(wanted.refused, { ...PLAIN, pretty }))
    return
  }
  if ((verb === 'list' || verb === 'get') && path.subresource === undefined && (query.watch || target.watch)) {
    serveWatch(backend.engine, { user, path, resource, query, wanted }, respond)
    return
  }
  // A Scale has columns of its own.
  const printed = path.subresource === undefined ? resource : { ...resource, subresource: path.subresource }
  const ask = (body?: RequestBody) => {
    const apiRequest: ApiRequest = { ...path, verb, options: query.options, ...(body ? { body } : {}) }
    backend.engine.request(user, apiRequest, (answer) => respond(render(answer, printed, wanted)))
  }
  if (verb === 'get' || verb === 'list') ask()
  else withBody(request, ask, (status) => respond(statusAnswer(status, wanted.encoding)))
}

const isApply = ({ headers }: HttpRequest): boolean => (headers['content-type'] ?? '').startsWith('application/apply-patch+')

function withBody(request: HttpRequest, ask: (body?: RequestBody) => void, refuse: (status: Status) => void): void {
  const contentType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const limit = contentType.endsWith('yaml') ? MAX_YAML_BYTES : MAX_BODY_BYTES
  readBody(request, limit, (outcome) => {
    switch (outcome.result) {
      case 'read':
        ask(outcome.bytes.length === 0 ? undefined : { contentType, bytes: outcome.bytes })
        break
      case 'too-large':
        refuse(tooLarge(`limit is ${outcome.limit}`))
        break
      case 'aborted':
        refuse(badRequest('the request ended before its body'))
    }
  })
}

function render(answer: EngineAnswer, resource: ResourceInfo, wanted: Wanted): HttpResponse {
  let response: HttpResponse
  try {
    response = renderBody(answer, resource, wanted)
  } catch (error) {
    return statusAnswer(internalErrorOf(error), wanted.encoding)
  }
  if (answer.warnings === undefined || answer.warnings.length === 0) return response
  return { ...response, headers: { ...response.headers, Warning: answer.warnings.map(warningHeader) } }
}

function renderBody(answer: EngineAnswer, resource: ResourceInfo, wanted: Wanted): HttpResponse {
  switch (answer.kind) {
    case 'status':
      return statusAnswer(answer.status, wanted.encoding)
    case 'object':
      return objectAnswer(answer.code, resource, answer.entry, wanted, Date.now())
    case 'list':
      return objectsAnswer(
        resource,
        answer.entries,
        {
          resourceVersion: String(answer.revision),
          ...(answer.continue ? { continue: answer.continue } : {}),
          ...(answer.remainingItemCount === undefined ? {} : { remainingItemCount: answer.remainingItemCount }),
        },
        wanted,
        Date.now(),
      )
  }
}

/** RFC 7234: code, agent, quoted text; UTF-8 as bytes. What would end the header is left out. */
function warningHeader(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that a header must not carry.
  const quoted = text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/["\\]/g, '\\$&')
  return `299 - "${Buffer.from(quoted).toString('latin1')}"`
}

const COLLECTION_VERBS: ReadonlyMap<string, Verb> = new Map([
  ['GET', 'list'],
  ['POST', 'create'],
  ['DELETE', 'deletecollection'],
])
const OBJECT_VERBS: ReadonlyMap<string, Verb> = new Map([
  ['GET', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
  ['POST', 'create'],
])

const subresourceOf = ({ subresources }: ResourceInfo, name: string): SubresourceInfo | undefined =>
  Object.hasOwn(subresources, name) ? subresources[name] : undefined

/** The engine's verb, or why there is none: the path does not exist, or not for this method. */
function verbOf(method: string, resource: ResourceInfo, { namespace, name, subresource }: ResourcePath): Verb | Status {
  if (!resource.namespaced && namespace !== undefined) return noSuchPath()
  if (resource.namespaced && namespace === undefined && name !== undefined) return noSuchPath()
  if (name === undefined) {
    const verb = COLLECTION_VERBS.get(method)
    if (verb === undefined || !resource.verbs.has(verb)) return methodNotAllowed()
    return resource.namespaced && namespace === undefined && verb !== 'list' ? methodNotAllowed() : verb
  }
  const verb = OBJECT_VERBS.get(method)
  if (subresource !== undefined) {
    const info = subresourceOf(resource, subresource)
    if (info === undefined) return noSuchPath()
    return verb === undefined || !info.verbs.includes(verb) ? methodNotAllowed() : verb
  }
  return verb === undefined || verb === 'create' || !resource.verbs.has(verb) ? methodNotAllowed() : verb
}

function serveLog({ engine, view, nodes }: Backend, { request, user, target }: Asked, cause: string, respond: Respond): void {
  const { path } = target
  const { namespace = '', name = '' } = path
  const refused = engine.authorize(user, { ...path, verb: 'get' })
  const pod = view.get<Pod>('pods', namespace, name)
  if (refused !== undefined) respond(statusAnswer(refused))
  else if (pod === undefined) respond(statusAnswer(notFound({ group: '', resource: 'pods', name })))
  else {
    servePodLog(pod, request.query, nodes, cause, (outcome) =>
      respond('response' in outcome ? outcome.response : statusAnswer(outcome.status)),
    )
  }
}

function serveProxied(backend: Backend, asked: Asked, respond: Respond): void {
  const proxied = proxiedRequest(backend, asked)
  if ('status' in proxied) respond(statusAnswer(proxied.status))
  else {
    serveProxy(proxied, backend.nodes, (outcome) =>
      respond('response' in outcome ? outcome.response : statusAnswer(outcome.status)),
    )
  }
}

/** The request to a pod that a request of `…/proxy` means, when the user may make it. */
export function proxiedRequest(
  { engine, view }: Backend,
  { request, user, target }: Asked,
): Proxied | { readonly status: Status } {
  const { path, rest } = target
  const { namespace = '', name = '', resource } = path
  if (resource !== 'pods' && resource !== 'services') return { status: badRequest(`${resource} have no proxy here`) }
  const verb = OBJECT_VERBS.get(request.method) ?? 'get'
  const refused = engine.authorize(user, { ...path, verb })
  if (refused !== undefined) return { status: refused }
  const resolved = resolveProxyTarget(view, resource, namespace, name, Math.random)
  if ('status' in resolved) return resolved
  return { request, prefix: request.path.slice(0, request.path.length - rest.length), rest, target: resolved.target }
}
