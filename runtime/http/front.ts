// The HTTP front of the API, apart from listening: `handle` takes any request and answers it once. Who asks has been found
// out before (server.ts, by certificate); whether the user may is asked of the engine.
import { randomUUID } from 'node:crypto'
import type { User } from '../../actors/master/api/api.protocol.ts'
import { failure } from '../../model/status.ts'
import { isAdministrator } from '../identity/client-certificate.ts'
import { admit } from './admit.ts'
import { answer, internalErrorOf, statusAnswer } from './answers.ts'
import { compressed } from './compression.ts'
import { type Handle, type HttpRequest, isStreamed, type Respond, type StreamedBody } from './exchange.ts'
import type { HealthCheck } from './health.ts'
import { type Gauge, Metrics } from './metrics.ts'
import type { Target } from './path.ts'
import { serveDocument } from './paths.ts'
import { type Backend, serveResource } from './resources.ts'

export interface FrontOptions extends Backend {
  /** Of the program; part of gitVersion, and of what makes clients fetch OpenAPI anew. */
  readonly build: string
  /** `127.0.0.1:6443` */
  readonly serverAddress: () => string
  readonly checks: readonly HealthCheck[]
  readonly gauges: readonly Gauge[]
  /** What `/kinora/v1/status` says. */
  readonly status: () => unknown
}

export function createFront(options: FrontOptions): Handle {
  const metrics = new Metrics(options.gauges)
  const documents = { ...options, metrics }

  const route = (request: HttpRequest, user: User, target: Target, cause: string, respond: Respond): void => {
    if (target.type === 'resource') serveResource(options, { request, user, target, cause }, respond)
    else if (target.segments[0] === 'kinora') serveOwn(options, request, user, target.segments, respond)
    else serveDocument(documents, request, target.segments, respond)
  }

  return (request, respond) => {
    const auditId = String(request.headers['audit-id'] ?? randomUUID())
    const admitted = admit(request)
    const send = finishing(metrics, request, 'code' in admitted ? undefined : admitted.target, auditId, respond)
    if ('code' in admitted) {
      send(statusAnswer(admitted))
      return
    }
    try {
      route(request, admitted.user, admitted.target, auditId, compressed(request.headers['accept-encoding'], send))
    } catch (error) {
      send(statusAnswer(internalErrorOf(error)))
    }
  }
}

/** `/kinora/v1/…`: what Kubernetes has no path for. Administrators only. */
function serveOwn(
  { engine, status }: FrontOptions,
  request: HttpRequest,
  user: User,
  segments: readonly string[],
  respond: Respond,
): void {
  const [, version, page, resource = '', namespace = '', name = ''] = segments
  if (!isAdministrator(user)) {
    respond(statusAnswer(failure(403, 'Forbidden', `forbidden: User "${user.name}" cannot get path "${request.path}"`, {})))
  } else if (version === 'v1' && page === 'status' && segments.length === 3) {
    respond(answer(200, status()))
  } else if (version === 'v1' && page === 'why' && segments.length === 6 && name !== '') {
    const reasons = engine.reasons(resource, namespace === '-' ? '' : decodeURIComponent(namespace), decodeURIComponent(name))
    respond(answer(200, { object: { resource, ...(namespace === '-' ? {} : { namespace }), name }, reasons }))
  } else respond(statusAnswer(failure(404, 'NotFound', 'the server could not find the requested resource', {})))
}

// Every answer gets the headers that all have, and is counted: once it is known whole, or when its stream ends.
function finishing(
  metrics: Metrics,
  { method }: HttpRequest,
  target: Target | undefined,
  auditId: string,
  respond: Respond,
): Respond {
  const startedMs = performance.now()
  const resource = target?.type === 'resource' ? target.path.resource : ''
  let answered = false
  return (response) => {
    if (answered) return
    answered = true
    const headers = { 'Audit-Id': auditId, 'Cache-Control': 'no-cache, private', ...response.headers }
    const count = () => metrics.requestEnded(method, resource, response.status, (performance.now() - startedMs) / 1000)
    if (!isStreamed(response.body)) {
      count()
      respond({ ...response, headers })
      return
    }
    const isBounded = response.headers['Content-Length'] !== undefined
    const ended = isBounded ? count : whenBothEnded(metrics.longRunning(method, resource), count)
    respond({ ...response, headers, body: notingTheEnd(response.body, ended) })
  }
}

const whenBothEnded =
  (...ends: readonly (() => void)[]) =>
  (): void => {
    for (const end of ends) end()
  }

const notingTheEnd = (body: StreamedBody, ended: () => void): StreamedBody => ({
  start: (sink) => body.start(sink),
  resume: () => body.resume(),
  stop: () => {
    ended()
    body.stop()
  },
})
