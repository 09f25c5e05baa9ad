// The front without sockets: what it makes of requests, and in which forms it answers. The engine behind it is a stand-in
// that remembers what it was asked.
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Engine, EngineAnswer, EngineObserver, Entry, User } from '../../actors/master/api/api.protocol.ts'
import type { ApiRequest } from '../../actors/ports/api.ts'
import type { KubeObject } from '../../model/object.ts'
import { conflict, expired } from '../../model/status.ts'
import { type Handle, type HttpRequest, type HttpResponse, isStreamed } from '../../runtime/http/exchange.ts'
import { createFront } from '../../runtime/http/front.ts'
import { ANONYMOUS } from '../../runtime/identity/client-certificate.ts'

const ADMIN: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }

const entryOf = (object: KubeObject): Entry => ({ object, bytes: Buffer.from(JSON.stringify(object)) })
const configMap = (name: string, data = 'x', resourceVersion = '7'): KubeObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name, namespace: 'default', resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
  data: { a: data },
})

let asked: (ApiRequest & { user: string })[]
let next: EngineAnswer
let watcher: { observer: EngineObserver; stopped: boolean } | undefined
let handle: Handle
let ready: boolean

beforeEach(() => {
  asked = []
  next = { kind: 'object', code: 200, entry: entryOf(configMap('a')) }
  watcher = undefined
  ready = true
  const engine: Engine = {
    request: (user, request, answered) => {
      asked.push({ ...request, user: user.name })
      setImmediate(() => answered(next))
    },
    watch: (_user, _request, observer) => {
      const started = { observer, stopped: false }
      watcher = started
      return {
        revision: 42,
        stop: () => {
          started.stopped = true
        },
      }
    },
    authorize: () => undefined,
    watchSelections: () => ({ revision: 0, stop: () => {} }),
    reasons: (resource, namespace, name) => [
      {
        decision: 'Scheduled',
        message: `${resource}/${namespace}/${name}`,
        cause: 'a test',
        time: '2026-01-01T00:00:00.000Z',
        revision: 7,
        actor: 'scheduler',
      },
    ],
  }
  handle = createFront({
    engine,
    view: {} as never,
    nodes: { openStream: () => undefined },
    build: 'test',
    serverAddress: () => '127.0.0.1:6443',
    checks: [
      { name: 'ping', failure: () => undefined },
      { name: 'store', failure: () => (ready ? undefined : 'the disk is full'), only: 'readyz' },
    ],
    gauges: [{ name: 'kinora_store_writable', help: 'Whether writes are taken.', read: () => Number(ready) }],
    status: () => ({ ok: true }),
  })
})

type Options = Partial<Pick<HttpRequest, 'method' | 'headers' | 'user'>> & { readonly body?: string | Buffer }

const ask = (url: string, { method = 'GET', headers = {}, user = ADMIN, body = '' }: Options = {}): Promise<HttpResponse> =>
  new Promise((resolve) => {
    const [path = '', query = ''] = url.split('?')
    handle({ method, path, query, headers, user, body: Readable.from(body.length > 0 ? [Buffer.from(body)] : []) }, resolve)
  })

/** Reads to the end, granting the stream more only after it has been told to stop. */
const read = (response: HttpResponse): Promise<Buffer> => {
  const { body } = response
  if (!isStreamed(body)) return Promise.resolve(Buffer.from(body))
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    body.start({
      write: (chunk) => {
        chunks.push(chunk)
        setImmediate(() => body.resume())
        return false
      },
      end: () => resolve(Buffer.concat(chunks)),
      abort: () => reject(new Error('aborted')),
    })
  })
}
const json = async (response: HttpResponse) => JSON.parse((await read(response)).toString())

describe('what is asked of the engine', () => {
  const base = '/api/v1/namespaces/default/configmaps'
  test.each<[string, string, object]>([
    ['GET', `${base}/a`, { verb: 'get', resource: 'configmaps', namespace: 'default', name: 'a' }],
    [
      'GET',
      `${base}?limit=5&labelSelector=a%20in%20(b%2Cc)`,
      { verb: 'list', options: { limit: 5, labelSelector: 'a in (b,c)' } },
    ],
    ['GET', '/api/v1/configmaps', { verb: 'list', resource: 'configmaps' }],
    ['POST', `${base}?dryRun=All&fieldManager=me`, { verb: 'create', options: { dryRun: true, fieldManager: 'me' } }],
    ['PUT', `${base}/a`, { verb: 'update' }],
    ['PATCH', `${base}/a?fieldValidation=Strict`, { verb: 'patch', options: { fieldValidation: 'Strict' } }],
    ['DELETE', `${base}/a?gracePeriodSeconds=0`, { verb: 'delete', options: { gracePeriodSeconds: 0 } }],
    ['DELETE', base, { verb: 'deletecollection' }],
    ['GET', '/api/v1/namespaces/default', { verb: 'get', resource: 'namespaces', name: 'default' }],
    [
      'PUT',
      '/api/v1/namespaces/default/finalize',
      { verb: 'update', resource: 'namespaces', name: 'default', subresource: 'finalize' },
    ],
    ['GET', '/apis/apps/v1/namespaces/x/deployments/d/scale', { group: 'apps', version: 'v1', name: 'd', subresource: 'scale' }],
    ['POST', '/api/v1/namespaces/x/pods/p/eviction', { verb: 'create', name: 'p', subresource: 'eviction' }],
    ['GET', '/apis/rbac.authorization.k8s.io/v1/namespaces/x/roles/a%20b%3Ac', { name: 'a b:c' }],
    ['GET', '/apis/apps/v1/deployments/', { verb: 'list', resource: 'deployments' }],
  ])('%s %s', async (method, url, expected) => {
    await ask(url, { method, body: method === 'GET' ? '' : '{}', headers: { 'content-type': 'application/json; charset=utf-8' } })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject(expected)
    if (method !== 'GET') expect(asked[0]?.body).toMatchObject({ contentType: 'application/json' })
  })
})

describe('what is refused before the engine is asked', () => {
  const base = '/api/v1/namespaces/default/configmaps'
  test.each<[string, string, number, string]>([
    ['POST', `${base}/a`, 405, 'the server does not allow this method on the requested resource'],
    ['PUT', base, 405, 'the server does not allow this method'],
    ['PATCH', base, 405, 'the server does not allow this method'],
    ['HEAD', base, 405, 'the server does not allow this method'],
    ['TRACE', base, 405, 'the server does not allow this method'],
    ['POST', '/api/v1/namespaces/default', 405, 'the server does not allow this method'],
    ['POST', '/api/v1/configmaps', 405, 'the server does not allow this method'],
    ['POST', '/apis/apps/v1', 405, 'the server does not allow this method'],
    ['DELETE', '/version', 405, 'the server does not allow this method'],
    ['GET', `${base}/a/nonsense`, 404, 'the server could not find the requested resource'],
    ['PUT', `${base}/a/scale`, 404, 'the server could not find the requested resource'],
    ['GET', '/api/v1/namespaces/x/nonsense', 404, 'the server could not find the requested resource'],
    ['GET', '/api/v1/namespaces/x/nonsense?watch=true', 404, 'the server could not find the requested resource'],
    ['GET', '/apis/apps/v9/deployments', 404, 'the server could not find the requested resource'],
    ['GET', '/api/v2', 404, 'the server could not find the requested resource'],
    ['GET', '/apis/apps/v9', 404, 'the server could not find the requested resource'],
    ['GET', `${base}/a/b/c/d`, 404, 'the server could not find the requested resource'],
    ['GET', `${base}?limit=x`, 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['GET', `${base}/%ff`, 400, 'the path is not valid UTF-8'],
    [
      'POST',
      `${base}?fieldValidation=Nonsense`,
      422,
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Nonsense"',
    ],
    [
      'PATCH',
      `${base}/a?dryRun=Some`,
      422,
      'PatchOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: []string{"Some"}',
    ],
  ])('%s %s', async (method, url, code, message) => {
    const response = await ask(url, { method })
    expect(response.status).toBe(code)
    expect(response.headers['Content-Type']).toBe('application/json')
    expect(await json(response)).toMatchObject({ kind: 'Status', code, message: expect.stringContaining(message) })
    expect(asked).toEqual([])
  })

  test.each(['/apis/nonsense.example/v1/things', '/apis/nonsense.example', '/nonsense', '/readyz/nonsense'])(
    '%s: no page',
    async (url) => {
      const response = await ask(url)
      expect([response.status, response.headers['Content-Type'], String(await read(response))]).toEqual([
        404,
        'text/plain; charset=utf-8',
        '404 page not found\n',
      ])
    },
  )

  test('a body that is too large, announced or not', async () => {
    const large = await ask(base, { method: 'POST', body: Buffer.alloc(3 * 1024 * 1024 + 1, 'x') })
    expect([large.status, (await json(large)).reason]).toEqual([413, 'RequestEntityTooLarge'])
    const announced = await ask(base, { method: 'POST', headers: { 'content-length': '99999999' } })
    expect(announced.status).toBe(413)
    const yaml = await ask(base, {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body: Buffer.alloc(1024 * 1024 + 1, 'x'),
    })
    expect(yaml.status).toBe(413)
    expect(asked).toEqual([])
  })
})

describe('who may', () => {
  test.each(['/version', '/livez', '/readyz', '/healthz', '/livez/ping'])('anybody: %s', async (url) => {
    expect((await ask(url, { user: ANONYMOUS })).status).toBe(200)
  })

  test.each([
    ['/apis', 'forbidden: User "system:anonymous" cannot get path "/apis"'],
    ['/metrics', 'forbidden: User "system:anonymous" cannot get path "/metrics"'],
    [
      '/api/v1/namespaces/x/pods',
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "x"',
    ],
    [
      '/apis/apps/v1/deployments',
      'deployments.apps is forbidden: User "system:anonymous" cannot list resource "deployments" in API group "apps" at the cluster scope',
    ],
    [
      '/api/v1/nodes/n',
      'nodes "n" is forbidden: User "system:anonymous" cannot get resource "nodes" in API group "" at the cluster scope',
    ],
  ])('not without credentials: %s', async (url, message) => {
    const response = await ask(url, { user: ANONYMOUS })
    expect(await json(response)).toMatchObject({ code: 403, reason: 'Forbidden', message })
  })

  test('invalid credentials are 401, a token that nobody gave too', async () => {
    const request = { method: 'GET', path: '/version', query: '', headers: {}, user: undefined, body: Readable.from([]) }
    const handled: HttpResponse = await new Promise((resolve) => handle(request, resolve))
    expect(await json(handled)).toMatchObject({ code: 401, reason: 'Unauthorized' })
    expect((await ask('/apis', { user: ANONYMOUS, headers: { authorization: 'Bearer x' } })).status).toBe(401)
  })

  test('an administrator may be somebody else, others may not', async () => {
    await ask('/api/v1/nodes', { headers: { 'impersonate-user': 'jane', 'impersonate-group': 'a, b' } })
    expect(asked[0]?.user).toBe('jane')
    const node = { name: 'system:node:n', groups: ['system:nodes'] }
    expect((await ask('/api/v1/nodes', { user: node, headers: { 'impersonate-user': 'jane' } })).status).toBe(403)
    expect((await ask('/kinora/v1/status', { user: node })).status).toBe(403)
  })
})

describe('forms', () => {
  const url = '/api/v1/namespaces/default/configmaps'
  const list = (...names: string[]): EngineAnswer => ({
    kind: 'list',
    entries: names.map((name) => entryOf(configMap(name))),
    revision: 9,
  })

  test('an object as it is stored, with what every answer carries', async () => {
    const response = await ask(`${url}/a`, { headers: { 'audit-id': 'id-1' } })
    expect(response.headers).toMatchObject({
      'Content-Type': 'application/json',
      'Audit-Id': 'id-1',
      'Cache-Control': 'no-cache, private',
    })
    expect(String(await read(response))).toBe(`${JSON.stringify(configMap('a'))}\n`)
  })

  test('warnings are headers, and cannot end one', async () => {
    next = { ...next, warnings: ['unknown field "x"', 'two\r\nlines', '€'] }
    expect((await ask(`${url}/a`)).headers.Warning).toEqual([
      '299 - "unknown field \\"x\\""',
      '299 - "two  lines"',
      '299 - "â\u0082¬"',
    ])
  })

  test('a failure says when to come back', async () => {
    next = {
      kind: 'status',
      status: { ...conflict({ group: '', resource: 'configmaps', name: 'a' }, 'x'), details: { retryAfterSeconds: 3 } },
    }
    const response = await ask(`${url}/a`)
    expect([response.status, response.headers['Retry-After']]).toEqual([409, '3'])
  })

  test('indented and YAML [A3]', async () => {
    expect(String(await read(await ask(`${url}/a?pretty=true`)))).toContain('\n  "metadata": {\n')
    expect(String(await read(await ask(`${url}/a`, { headers: { 'user-agent': 'curl/8' } })))).toContain('\n  "metadata"')
    const yaml = await ask(`${url}/a`, { headers: { accept: 'application/yaml' } })
    expect([yaml.headers['Content-Type'], String(await read(yaml))]).toEqual([
      'application/yaml',
      expect.stringContaining('metadata:\n  name: a\n'),
    ])
  })

  test('an empty list, and one whose items do not repeat their kind', async () => {
    next = { ...list(), revision: 3 } as EngineAnswer
    expect(await json(await ask(url))).toEqual({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '3' },
      items: [],
    })
    next = { ...list('a', 'b'), continue: 'token', remainingItemCount: 4 } as EngineAnswer
    const { kind: _, apiVersion: __, ...item } = configMap('b')
    const body = await json(await ask(url))
    expect(body.metadata).toEqual({ resourceVersion: '9', continue: 'token', remainingItemCount: 4 })
    expect(body.items[1]).toEqual(item)
  })

  test('a large list comes in pieces, each when the last was taken, compressed or not', async () => {
    const names = Array.from({ length: 2_000 }, (_, i) => `map-${i}`)
    next = { kind: 'list', entries: names.map((name) => entryOf(configMap(name, 'x'.repeat(500)))), revision: 9 }
    const plain = await ask(url)
    expect(isStreamed(plain.body)).toBe(true)
    const bytes = await read(plain)
    expect(String(bytes.length)).toBe(plain.headers['Content-Length'])
    expect(JSON.parse(String(bytes)).items.map((item: KubeObject) => item.metadata.name)).toEqual(names)
    const packed = await ask(url, { headers: { 'accept-encoding': 'gzip' } })
    expect(packed.headers).toMatchObject({ 'Content-Encoding': 'gzip' })
    expect(packed.headers['Content-Length']).toBeUndefined()
    expect(gunzipSync(await read(packed)).equals(bytes)).toBe(true)
  })

  const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
  test('a table and metadata only', async () => {
    next = list('a')
    const table = await json(await ask(url, { headers: { accept: TABLE } }))
    expect(table).toMatchObject({
      kind: 'Table',
      rows: [{ cells: ['a', 1, expect.any(String)], object: { kind: 'PartialObjectMetadata' } }],
    })
    const partial = await ask(url, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } })
    expect(partial.status).toBe(406)
    const none = await ask(url, { headers: { accept: 'application/json;as=Chair;v=v1;g=meta.k8s.io' } })
    expect(none.status).toBe(406)
  })
})

describe('watching', () => {
  const url = '/api/v1/configmaps?watch=true'
  const lines = (bytes: Buffer) =>
    String(bytes)
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))

  test('events as lines, bookmarks, and the end after timeoutSeconds [W5]', async () => {
    const answered = ask(`${url}&timeoutSeconds=1&sendInitialEvents=true`)
    watcher?.observer.started()
    const response = await answered
    watcher?.observer.event('ADDED', entryOf(configMap('a')), 7)
    watcher?.observer.initialEventsEnd(7)
    watcher?.observer.event('MODIFIED', entryOf(configMap('a', 'y', '8')), 8)
    const events = lines(await read(response))
    expect(events).toMatchObject([
      { type: 'ADDED', object: configMap('a') },
      {
        type: 'BOOKMARK',
        object: { kind: 'ConfigMap', metadata: { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } } },
      },
      { type: 'MODIFIED', object: { data: { a: 'y' } } },
    ])
  })

  test('only the first table has columns', async () => {
    const answered = ask(url, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
    const observer = watcher?.observer
    observer?.started()
    for (const version of ['1', '2']) observer?.event('MODIFIED', entryOf(configMap('a', 'x', version)), Number(version))
    observer?.ended(expired('too old'))
    const [first, second, error] = lines(await read(await answered))
    expect(first.object.columnDefinitions).toHaveLength(3)
    expect(second.object).toMatchObject({ columnDefinitions: null, metadata: { resourceVersion: '2' } })
    expect(error).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410 } })
  })

  test('a version that is too old is told within the watch, other failures instead of it', async () => {
    const old = ask(url)
    watcher?.observer.ended(expired('too old'))
    const response = await old
    expect([response.status, lines(await read(response))]).toMatchObject([200, [{ type: 'ERROR', object: { code: 410 } }]])
    const failed = ask(url)
    watcher?.observer.ended(conflict({ group: '', resource: 'x' }, 'no'))
    expect((await failed).status).toBe(409)
  })

  test('a reader that is behind by too much is cut off; one that is gone is forgotten [W6]', async () => {
    const answered = ask(url)
    const { observer } = watcher ?? {}
    observer?.started()
    const { body } = await answered
    if (!isStreamed(body)) throw new Error('not a stream')
    observer?.initialEventsEnd(1)
    const outcome = new Promise((resolve) =>
      body.start({ write: () => false, end: () => resolve('ended'), abort: () => resolve('aborted') }),
    )
    const large = entryOf(configMap('a', 'x'.repeat(500_000)))
    for (let i = 0; i < 20; i++) {
      observer?.event('MODIFIED', large, i)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await outcome).toBe('aborted')
    expect(watcher?.stopped).toBe(true)
  })

  test('what existed at the start may be more than a reader takes at once', async () => {
    const answered = ask(`${url}&timeoutSeconds=1`)
    const { observer } = watcher ?? {}
    observer?.started()
    const large = entryOf(configMap('a', 'x'.repeat(500_000)))
    for (let i = 0; i < 30; i++) observer?.event('ADDED', large, i)
    observer?.initialEventsEnd(1)
    expect(lines(await read(await answered))).toHaveLength(30)
  })
})

describe('other paths', () => {
  test('discovery in both forms, known by its ETag [A16]', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
    const aggregated = await ask('/apis', { headers: { accept } })
    expect(aggregated.headers['Content-Type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
    expect((await json(aggregated)).kind).toBe('APIGroupDiscoveryList')
    const again = await ask('/apis', { headers: { accept, 'if-none-match': String(aggregated.headers.ETag) } })
    expect(again.status).toBe(304)
    expect((await json(await ask('/apis'))).kind).toBe('APIGroupList')
    expect(await json(await ask('/api'))).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
    expect(await json(await ask('/api/v1'))).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' })
    expect(await json(await ask('/apis/apps/v1'))).toMatchObject({ groupVersion: 'apps/v1' })
    expect(await json(await ask('/apis/apps'))).toMatchObject({ kind: 'APIGroup', name: 'apps' })
    expect((await json(await ask('/'))).paths).toContain('/apis/apps/v1')
  })

  test('OpenAPI: the index leads to documents [A16]', async () => {
    const { paths } = await json(await ask('/openapi/v3'))
    const { serverRelativeURL } = paths['apis/apps/v1']
    const document = await ask(serverRelativeURL, { headers: { accept: 'application/json' } })
    expect((await json(document)).openapi).toBe('3.0.0')
    expect((await ask('/openapi/v3/apis/apps/v1?hash=old')).status).toBe(301)
    expect((await ask('/openapi/v3/apis/none/v1')).status).toBe(404)
    const old = await ask('/openapi/v2', { headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' } })
    expect(old.status).toBe(200)
    expect(old.headers['Content-Type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
    expect((await ask('/openapi/v2', { headers: { accept: 'text/html' } })).status).toBe(406)
  })

  test('version and health [A21]', async () => {
    expect(await json(await ask('/version'))).toMatchObject({
      major: '1',
      minor: '36',
      gitVersion: expect.stringMatching(/^v1\.36\.\d+\+kinora/),
    })
    expect(String(await read(await ask('/readyz')))).toBe('ok')
    expect(String(await read(await ask('/readyz?verbose')))).toBe('[+]ping ok\n[+]store ok\nreadyz check passed\n')
    ready = false
    expect([(await ask('/livez')).status, (await ask('/readyz')).status, (await ask('/readyz?exclude=store')).status]).toEqual([
      200, 500, 200,
    ])
    expect((await ask('/readyz/store')).status).toBe(500)
  })

  test('metrics count requests', async () => {
    await ask('/api/v1/namespaces/default/configmaps/a')
    const text = String(await read(await ask('/metrics')))
    expect(text).toContain('apiserver_request_total{verb="GET",resource="configmaps",code="200"} 1\n')
    expect(text).toContain('kinora_store_writable 1\n')
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  })

  test('why [A21]', async () => {
    expect(await json(await ask('/kinora/v1/why/pods/default/web'))).toMatchObject({
      object: { resource: 'pods', namespace: 'default', name: 'web' },
      reasons: [{ decision: 'Scheduled', message: 'pods/default/web' }],
    })
    expect(await json(await ask('/kinora/v1/why/nodes/-/n'))).toMatchObject({
      object: { resource: 'nodes', name: 'n' },
      reasons: [{ message: 'nodes//n' }],
    })
  })
})
