// Defaults, against the answers of a real API server to creates (recorded in ../shared/differential), as a table of what those
// do not show, and as properties.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeValue } from '../../model/codec/request-body.ts'
import { applyDefaults } from '../../model/defaults/defaults.ts'
import type { Draft } from '../../model/defaults/draft.ts'
import { prepareForCreate, qosClass } from '../../model/defaults/preparation.ts'
import { equalJson } from '../../model/equality.ts'
import type { Json, KubeObject } from '../../model/object.ts'
import { allResources, type ResourceInfo, resourceForKind } from '../../model/schema/resources.ts'

const SHARED = join(import.meta.dirname, '../../../shared')
const CASES = join(SHARED, 'differential/cases')
const GOLDEN = join(SHARED, 'kubernetes-api/golden')
const UID = '11111111-1111-1111-1111-111111111111'

/** What others than defaulting put there: admission, allocation, the engine; and what is newer than the recordings. */
const ELSEWHERE = [
  /^\/metadata\/(uid|resourceVersion|generation|managedFields|creationTimestamp|namespace|annotations\/kubernetes\.io\/limit-ranger)/,
  /^\/spec\/(priority|preemptionPolicy|tolerations|volumes|overhead|nodeSelector|serviceAccount(Name)?)(\/|$)/,
  /^\/spec\/(c|initC)ontainers\/\d+\/(volumeMounts|resizePolicy)(\/|$)/,
  /^\/spec\/(clusterIPs?|healthCheckNodePort|ports\/\d+\/nodePort)(\/|$)/,
  /^\/spec\/(username|groups)(\/|$)/,
  /creationTimestamp$/,
  /podReplacementPolicy$/,
]
const AREAS_ELSEWHERE = new Set(['admission', 'custom', 'custom-definition', 'rbac'])
const CASES_ELSEWHERE = new Set(['create/server-fields-ignored'])

interface Step {
  readonly request: { method: string; body?: Json }
  readonly expect?: { status: number; body?: unknown }
}

test.skipIf(missing(CASES))('created objects have the defaults that a real API server gave them', () => {
  let compared = 0
  for (const area of readdirSync(CASES)) {
    if (AREAS_ELSEWHERE.has(area)) continue
    for (const file of readdirSync(join(CASES, area))) {
      const text = readFileSync(join(CASES, area, file), 'utf8')
        .replaceAll('{{time}}', '2020-01-01T00:00:00Z')
        .replace(/\{\{uid#\d\}\}/g, UID)
      const { id, steps } = JSON.parse(text) as { id: string; steps: Step[] }
      if (CASES_ELSEWHERE.has(id)) continue
      for (const { request, expect: answer } of steps) {
        const given = request.body as unknown as KubeObject | undefined
        const told = answer?.body as KubeObject | undefined
        if (request.method !== 'POST' || answer?.status !== 201 || given?.kind !== told?.kind || !given?.apiVersion) continue
        if (given.metadata?.name !== told?.metadata?.name) continue
        const resource = resourceForKind(given.apiVersion, given.kind)
        const made = resource && created(given, resource)
        if (!made) continue
        compared += 1
        expect(differences(told, made), `${id} ${given.kind}`).toEqual([])
      }
    }
  }
  console.log(`defaults of recorded creates: ${compared} compared`)
  expect(compared).toBeGreaterThan(450)
})

function created(given: KubeObject, resource: ResourceInfo): Draft | undefined {
  const decoded = decodeValue(given as unknown as Json, resource)
  if (!decoded.ok) return undefined
  const draft = decoded.object as unknown as Draft
  draft.metadata = { ...(draft.metadata as object), uid: UID }
  applyDefaults(draft, resource)
  prepareForCreate(draft, resource)
  return draft
}

/** Places that differ and are ours to fill; a null may be absent. */
function differences(told: unknown, made: unknown, path = ''): string[] {
  if (equalJson(told ?? null, made ?? null) || ELSEWHERE.some((place) => place.test(path))) return []
  const isBoth = (test: (value: unknown) => boolean): boolean => test(told) && test(made)
  if (isBoth((value) => typeof value === 'object' && value !== null) && Array.isArray(told) === Array.isArray(made)) {
    const [left, right] = [told as Record<string, unknown>, made as Record<string, unknown>]
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((key) =>
      differences(left[key], right[key], `${path}/${key}`),
    )
  }
  return [`${path}: told ${JSON.stringify(told)}, made ${JSON.stringify(made)}`]
}

describe('pods', () => {
  const spec = (fields: object): Draft => {
    const pod: Draft = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {},
      spec: { containers: [{ name: 'a', image: 'a:1' }], ...fields },
    }
    applyDefaults(pod, { group: '', version: 'v1', kind: 'Pod' })
    return pod.spec as Draft
  }
  const pullPolicy = (image: string): unknown =>
    (spec({ containers: [{ name: 'a', image }] }).containers as Draft[])[0]?.imagePullPolicy

  test.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.25', 'IfNotPresent'],
    ['registry:5000/nginx', 'Always'],
    ['registry:5000/nginx:1', 'IfNotPresent'],
    [`nginx@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
    [`nginx:latest@sha256:${'0'.repeat(64)}`, 'Always'],
    ['Not an image', 'IfNotPresent'],
    ['', 'IfNotPresent'],
  ])('image %s is pulled %s', (image, policy) => {
    expect(pullPolicy(image)).toBe(policy)
  })

  test('a long image name costs no time', () => {
    expect(pullPolicy(`${'a-'.repeat(5000)}!`)).toBe('IfNotPresent')
  })

  test('limits stand in for requests, in pods and not in templates', () => {
    const containers = [{ name: 'a', image: 'a:1', resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '1' } } }]
    expect((spec({ containers: structuredClone(containers) }).containers as Draft[])[0]?.resources).toEqual({
      limits: { cpu: '2', memory: '1Gi' },
      requests: { cpu: '1', memory: '1Gi' },
    })
    const deployment: Draft = { metadata: {}, spec: { template: { spec: { containers } } } }
    applyDefaults(deployment, { group: 'apps', version: 'v1', kind: 'Deployment' })
    expect(containers[0]?.resources).toEqual({ limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '1' } })
  })

  test('on the network of the node, ports are those of the node', () => {
    const containers = [{ name: 'a', image: 'a:1', ports: [{ containerPort: 80 }] }]
    expect((spec({ hostNetwork: true, containers }).containers as Draft[])[0]?.ports).toEqual([
      { containerPort: 80, hostPort: 80, protocol: 'TCP' },
    ])
  })

  test.each([
    [[{}], 'BestEffort'],
    [[{ requests: { cpu: '1' } }], 'Burstable'],
    [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
    [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }], 'Guaranteed'],
    [[{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
    [[{ limits: { cpu: '0' } }], 'BestEffort'],
    [[{ requests: { 'example.com/gpu': '1' } }], 'BestEffort'],
  ])('%j is %s', (resources, expected) => {
    expect(qosClass({ containers: resources.map((each) => ({ resources: each })) })).toBe(expected)
  })
})

test('what is written as text in a secret is kept as data, whatever its key', () => {
  const secret = JSON.parse('{"metadata":{},"data":{"a":"eA=="},"stringData":{"a":"new","__proto__":"ä"}}') as Draft
  applyDefaults(secret, { group: '', version: 'v1', kind: 'Secret' })
  expect(JSON.stringify(secret)).toBe('{"metadata":{},"data":{"a":"bmV3","__proto__":"w6Q="},"type":"Opaque"}')
})

test('defaults are given once: a second time changes nothing', () => {
  for (const resource of allResources()) {
    const path = join(GOLDEN, `${resource.group || 'core'}.${resource.version}.${resource.kind}.json`)
    const bare = { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { name: 'a' } }
    for (const object of existsSync(path) ? [bare, JSON.parse(readFileSync(path, 'utf8'))] : [bare]) {
      const decoded = decodeValue(object, resource)
      if (!decoded.ok) continue
      const draft = decoded.object as unknown as Draft
      applyDefaults(draft, resource)
      const once = JSON.stringify(draft)
      applyDefaults(draft, resource)
      expect(JSON.stringify(draft), resource.kind).toBe(once)
    }
  }
})

function missing(path: string): boolean {
  if (existsSync(path)) return false
  console.log(`skipped: ${path} is not there`)
  return true
}
