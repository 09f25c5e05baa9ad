// Objects that a real API server took or refused, recorded in ../shared/differential: decoded, defaulted and validated here, the
// same must be wrong with them, in the same words. Prints how many it compared.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeValue } from '../../model/codec/request-body.ts'
import { applyDefaults } from '../../model/defaults/defaults.ts'
import type { Draft } from '../../model/defaults/draft.ts'
import { prepareForCreate } from '../../model/defaults/preparation.ts'
import type { Json, KubeObject } from '../../model/object.ts'
import { applyPatch } from '../../model/patch/patch.ts'
import { convert } from '../../model/schema/conversion.ts'
import { findResource, type ResourceInfo, resourceForKind } from '../../model/schema/resources.ts'
import type { FieldError, Status } from '../../model/status.ts'
import { validateCreate, validateUpdate } from '../../model/validation/validate.ts'

const CASES = join(import.meta.dirname, '../../../shared/differential/cases')
const NAMESPACE = 'the-namespace'
const UID = '11111111-1111-1111-1111-111111111111'
const SUFFIX = 'abcde'

/** What is judged elsewhere than here, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'admission/pod-security-label': 'admission',
  'create/field-manager': 'parameters of the request',
  'create/field-validation-nonsense': 'parameters of the request',
  'validation-network/services-cluster-ip-taken': 'allocation',
  'validation-network/services-node-port': 'allocation',
  'update/pods-tolerations': 'tolerations that admission adds',
  'update/events-new-immutable': 'events in their other form',
  'update/services-type-round': 'addresses that go with the type',
}
/** What we know to be otherwise. */
const KNOWN_WRONG: Readonly<Record<string, string>> = {
  'subresource/statefulsets-status': 'collisionCount of a status may go back',
  'validation-other/events.k8s.io-v1-events-fields':
    'which group version an event came by is not known, so eventTime is not asked for',
  'validation-workloads/horizontalpodautoscalers-behavior': 'an empty list of policies is taken for none',
}

interface Step {
  readonly request: { method: string; path: string; headers?: Record<string, string>; body?: Json }
  readonly looseMessage?: boolean
  readonly expect?: { status: number; body?: Json }
}

test.skipIf(missing())('objects that were created, and that were not', () => {
  const counts = { compared: 0, refused: 0 }
  for (const { id, steps } of cases()) {
    for (const step of steps) {
      const { request, expect: answer } = step
      const body = request.body as unknown as KubeObject | undefined
      if (request.method !== 'POST' || !answer || !body?.kind || !body.apiVersion) continue
      if (answer.status !== 201 && answer.status !== 422) continue
      const resource = resourceForKind(body.apiVersion, body.kind)
      if (!resource || !request.path.split('?')[0]?.endsWith(`/${resource.plural}`)) continue
      if (resource.group === 'apiextensions.k8s.io') continue
      const draft = toBeCreated(body, resource)
      if (draft) compare(id, step, validateCreate(draft, resource.storageName), counts)
    }
  }
  console.log(`validation of recorded creates: ${counts.compared} compared, ${counts.refused} of them refused`)
  expect(counts.compared).toBeGreaterThan(800)
})

test.skipIf(missing())('objects that were changed, and that were not', () => {
  const counts = { compared: 0, refused: 0 }
  for (const { id, steps } of cases()) {
    const objects = new Map<string, KubeObject>()
    for (const step of steps) {
      const { request, expect: answer } = step
      const path = request.path.split('?')[0] ?? ''
      const subresource = /\/status$/.test(path) ? 'status' : ''
      const place = path.replace(/\/status$/, '')
      const resource = resourceAt(place)
      const old = objects.get(place)
      const body = answer?.body as unknown as KubeObject | undefined
      if (resource && old && body && (body.kind !== 'Status' || answer?.status === 422) && !concernsThePatch(body)) {
        const draft = toBeChanged(step, old, resource, subresource)
        if (draft) compare(id, step, validateUpdate(draft, defaulted(old, resource), resource.storageName, subresource), counts)
      }
      if (resource && body && body.kind === resource.kind && (answer?.status ?? 500) < 300) {
        objects.set(request.method === 'POST' ? `${path}/${body.metadata.name}` : place, body)
      }
    }
  }
  console.log(`validation of recorded updates: ${counts.compared} compared, ${counts.refused} of them refused`)
  expect(counts.compared).toBeGreaterThan(300)
})

function compare(id: string, step: Step, errors: readonly FieldError[], counts: { compared: number; refused: number }): void {
  if (id in ELSEWHERE || id in KNOWN_WRONG) return
  const status = step.expect?.body as unknown as Status
  const causes = status.kind === 'Status' ? (status.details?.causes ?? []) : []
  counts.compared += 1
  if (causes.length > 0) counts.refused += 1
  const line = (reason?: string, field?: string, words?: string): string =>
    step.looseMessage ? `${reason} ${field}` : `${reason} ${field}: ${words?.replace(/\{\{gen[^}]*\}\}/g, SUFFIX)}`
  const got = errors.map(({ type, field, detail }) => line(type, field, detail))
  const told = causes.map(({ reason, field, message }) => line(reason, field, message))
  expect([...new Set(got)].sort(), `${id} ${JSON.stringify(step.request.body)}`).toEqual([...new Set(told)].sort())
}

function toBeCreated(body: KubeObject, resource: ResourceInfo): KubeObject | undefined {
  const decoded = decodeValue(body as unknown as Json, resource)
  if (!decoded.ok) return undefined
  const { metadata = {} } = decoded.object as unknown as { metadata?: KubeObject['metadata'] }
  const name = metadata.name || (metadata.generateName ? metadata.generateName + SUFFIX : undefined)
  const given = {
    ...decoded.object,
    metadata: { ...metadata, ...(name ? { name } : {}), uid: UID, ...(resource.namespaced ? { namespace: NAMESPACE } : {}) },
  } as unknown as KubeObject
  const draft = stored(given, resource)
  applyDefaults(draft as unknown as Draft, { ...resource.storage, kind: resource.kind })
  prepareForCreate(draft as unknown as Draft, { ...resource.storage, kind: resource.kind })
  return draft
}

/** As the API server makes it: what clients may not write is what it was. */
function toBeChanged({ request }: Step, old: KubeObject, resource: ResourceInfo, subresource: string): KubeObject | undefined {
  if (old.apiVersion !== resource.apiVersion || request.body === undefined) return undefined
  let wanted: unknown = request.body
  if (request.method === 'PATCH') {
    const type = request.headers?.['Content-Type'] ?? ''
    if (type.includes('apply')) return undefined
    const outcome = applyPatch(type, old, request.body, resource)
    if (!outcome.ok) return undefined
    wanted = outcome.object
  } else if (request.method !== 'PUT') return undefined
  const decoded = decodeValue(wanted as Json, resource)
  if (!decoded.ok) return undefined
  const given = decoded.object as unknown as KubeObject
  const { uid, namespace, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds } = old.metadata
  const going = deletionTimestamp ? { deletionTimestamp, deletionGracePeriodSeconds } : {}
  const metadata = { ...given.metadata, uid: given.metadata.uid ?? uid, namespace, creationTimestamp, generation, ...going }
  const draft = subresource === '' ? { ...given, metadata, status: old.status } : { ...given, metadata, spec: old.spec }
  if (subresource === '') {
    applyDefaults(draft as unknown as Draft, resource)
    keepWhatIsAllocated(draft as unknown as Draft, old)
  }
  return draft as unknown as KubeObject
}

function keepWhatIsAllocated(draft: Draft, old: KubeObject): void {
  const [spec, before] = [draft.spec as Draft, old.spec as Draft]
  if (old.kind === 'Service') {
    spec.clusterIP ||= before.clusterIP
    spec.clusterIPs ??= before.clusterIPs
  }
  if (old.kind === 'Job') spec.selector ??= before.selector
}

function defaulted(object: KubeObject, resource: ResourceInfo): KubeObject {
  const decoded = decodeValue(object as unknown as Json, resource)
  if (!decoded.ok) throw new Error(decoded.status.message)
  applyDefaults(decoded.object as unknown as Draft, resource)
  return decoded.object as unknown as KubeObject
}

const stored = (object: KubeObject, { kind, group }: ResourceInfo): KubeObject =>
  kind === 'Event' && group !== '' ? convert(object, 'v1') : object

/** That a patch made of the object what cannot be decoded is not for validation to say. */
const concernsThePatch = (body: KubeObject): boolean =>
  ((body as unknown as Status).details?.causes ?? []).some(
    ({ field }) => field === 'patch' || field === 'force' || field === 'dryRun',
  )

function resourceAt(path: string): ResourceInfo | undefined {
  const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/[^/]+(?=\/.))?\/([^/]+)(?:\/[^/]+)?$/.exec(path)
  return match ? findResource(match[1] ?? '', match[2] ?? '', match[3] ?? '') : undefined
}

function* cases(): Iterable<{ id: string; steps: Step[] }> {
  for (const area of readdirSync(CASES)) {
    for (const file of readdirSync(join(CASES, area))) yield JSON.parse(filledIn(readFileSync(join(CASES, area, file), 'utf8')))
  }
}

const filledIn = (text: string): string =>
  text
    .replace(/\{\{repeat:(.):(\d+)\}\}/g, (_, letter: string, times: string) => letter.repeat(Number(times)))
    .replace(/\{\{uid(?:#\d|:\w+)\}\}/g, UID)
    .replaceAll('{{ip#1}}', '10.1.2.3')
    .replace(/"\{\{(?:nodePort#\d|int)\}\}"/g, '30123')
    .replaceAll('{{time}}', '2020-01-01T00:00:00Z')
    .replaceAll('{{microtime}}', '2020-01-02T03:04:05.123456Z')
    .replaceAll('{{ns}}', NAMESPACE)
    .replaceAll('{{rand}}', 'r4nd')

function missing(): boolean {
  if (existsSync(CASES)) return false
  console.log(`skipped: ${CASES} is not there`)
  return true
}
