// Whatever comes in, the front answers once, with a status that fits and headers that may be sent.
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ApiRequest } from '../../actors/ports/api.ts'
import { type HttpResponse, isStreamed } from '../../runtime/http/exchange.ts'
import { createFront } from '../../runtime/http/front.ts'
import { parsePath } from '../../runtime/http/path.ts'
import { ANONYMOUS } from '../../runtime/identity/client-certificate.ts'

const ADMIN = { name: 'kubernetes-admin', groups: ['system:masters'] }
const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', resourceVersion: '7' } }
const entry = { object, bytes: Buffer.from(JSON.stringify(object)) }

const asked: ApiRequest[] = []
const handle = createFront({
  engine: {
    request: (_user, request, answered) => {
      asked.push(request)
      answered(
        request.verb === 'list'
          ? { kind: 'list', entries: [entry], revision: 7, warnings: [request.options?.labelSelector ?? ''] }
          : { kind: 'object', code: 200, entry, warnings: [request.options?.fieldManager ?? ''] },
      )
    },
    watch: (_user, _request, observer) => {
      setImmediate(() => observer.started())
      return { revision: 7, stop: () => {} }
    },
    watchSelections: () => ({ revision: 7, stop: () => {} }),
    authorize: () => undefined,
    reasons: () => [],
  },
  view: { get: () => undefined, list: () => [] } as never,
  nodes: { openStream: () => undefined },
  build: 'fuzz',
  serverAddress: () => '',
  checks: [],
  gauges: [],
  status: () => ({}),
})

const word = fc.oneof(
  fc.constantFrom(
    'api',
    'apis',
    'v1',
    'v2',
    'apps',
    'namespaces',
    'default',
    'pods',
    'services',
    'deployments',
    'nodes',
    'status',
    'scale',
    'log',
  ),
  fc.constantFrom(
    'proxy',
    'watch',
    'finalize',
    '',
    '.',
    '..',
    '%',
    '%2f',
    '%ff',
    '%00',
    'a:b',
    'http:a:1',
    '__proto__',
    'constructor',
    'kinora',
    'why',
  ),
  fc.constantFrom('openapi', 'v3', 'livez', 'readyz', 'metrics', 'version', 'toString', 'hasOwnProperty'),
  fc.string({ maxLength: 8 }).map(encodeURIComponent),
)
const root = fc.constantFrom(
  '',
  '/api/v1',
  '/api/v1/namespaces/default',
  '/api/v1/pods',
  '/api/v1/namespaces/x/pods',
  '/apis/apps/v1',
  '/kinora/v1',
)
const path = fc
  .tuple(root, fc.array(word, { maxLength: 4 }))
  .map(([start, words]) => `${start}${words.map((each) => `/${each}`).join('')}` || '/')
const name = fc.constantFrom(
  'limit',
  'watch',
  'dryRun',
  'fieldValidation',
  'fieldManager',
  'labelSelector',
  'timeoutSeconds',
  'pretty',
  'includeObject',
  'tailLines',
  '__proto__',
  'verbose',
  'hash',
)
const query = fc
  .array(
    fc.tuple(
      name,
      fc.oneof(
        fc.constantFrom('', '0', '1', '-1', 'true', 'x', '1e99', 'All', '%zz', '%0d%0a', '%22'),
        fc.string({ maxLength: 6 }).map(encodeURIComponent),
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join('&'))
const headers = fc.record(
  {
    accept: fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('application/json;as=Table;v=v1;g=meta.k8s.io', '*/*', 'application/yaml', ';;;,,,='),
    ),
    'accept-encoding': fc.constantFrom('gzip', 'br', ''),
    'content-type': fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('application/json', 'application/yaml')),
    'content-length': fc.constantFrom('0', '-1', 'x', '99999999999', '5'),
    'impersonate-user': fc.string({ maxLength: 5 }),
    'impersonate-group': fc.string({ maxLength: 5 }),
    'if-none-match': fc.string({ maxLength: 5 }),
    authorization: fc.string({ maxLength: 5 }),
  },
  { requiredKeys: [] },
)
const mostlyNone = fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, headers)
const mostlyAdmin = fc.constantFrom(true, true, true, false)
const method = fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'FOO')

test('any request gets one answer that can be sent', async () => {
  await fc.assert(
    fc.asyncProperty(method, path, query, mostlyNone, mostlyAdmin, fc.string(), async (verb, at, asks, given, isAdmin, body) => {
      const answers: HttpResponse[] = []
      await new Promise<void>((resolve) =>
        handle(
          {
            method: verb,
            path: at,
            query: asks,
            headers: given,
            user: isAdmin ? ADMIN : ANONYMOUS,
            body: Readable.from([Buffer.from(body)]),
          },
          (answer) => {
            answers.push(answer)
            resolve()
          },
        ),
      )
      const [answer] = answers
      expect(answers).toHaveLength(1)
      expect(answer?.status).toBeGreaterThanOrEqual(200)
      // Never our own fault.
      expect(answer?.status === 500 ? String(answer.body) : '').toBe('')
      for (const [header, value] of Object.entries(answer?.headers ?? {})) {
        validateHeaderName(header)
        for (const each of [value].flat()) validateHeaderValue(header, each)
      }
      if (answer && isStreamed(answer.body)) answer.body.stop()
    }),
    { seed: 20_261, numRuns: 3_000 },
  )
  expect(asked.length).toBeGreaterThan(20)
})

test('a path names what its escapes say, and nothing else', () => {
  // A slash, escaped or not, begins another segment.
  const segment = fc
    .string({ minLength: 1, maxLength: 12 })
    .filter((text) => text !== '.' && text !== '..' && !text.includes('/'))
  fc.assert(
    fc.property(segment, segment, (namespace, pod) => {
      const target = parsePath(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`)
      expect(target).toMatchObject({ type: 'resource', path: { namespace, resource: 'pods', name: pod, subresource: 'log' } })
    }),
    { seed: 20_262 },
  )
})
