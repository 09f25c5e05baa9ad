// Server-side apply and updates as a real API server recorded them in ../shared/differential: the same requests, carried out by
// the model alone, must leave the same owners and meet the same conflicts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeTyped } from '../../model/codec/decode.ts'
import { parseYaml } from '../../model/codec/yaml.ts'
import { applyDefaults } from '../../model/defaults/defaults.ts'
import type { Draft } from '../../model/defaults/draft.ts'
import { type Json, type KubeObject, parseApiVersion } from '../../model/object.ts'
import { serverSideApply } from '../../model/patch/apply.ts'
import { updateManagedFields } from '../../model/patch/ownership.ts'
import { applyPatch } from '../../model/patch/patch.ts'
import { convert } from '../../model/schema/conversion.ts'
import { findResource } from '../../model/schema/resources.ts'
import { typeForKind } from '../../model/schema/types.ts'
import type { Status } from '../../model/status.ts'

const CASES = join(import.meta.dirname, '../../../shared/differential/cases')
const AREAS = ['apply', 'patch-json', 'patch-merge', 'patch-strategic']

interface Step {
  readonly request: { method: string; path: string; headers?: Record<string, string>; body?: Json; text?: string }
  readonly expect: { status: number; body?: unknown }
}

const cases = existsSync(CASES) ? AREAS.flatMap((area) => readdirSync(join(CASES, area)).map((file) => `${area}/${file}`)) : []
if (cases.length === 0) console.log(`skipped: ${CASES} is not there`)

test.each(cases)('%s', (file) => {
  const { steps } = JSON.parse(readFileSync(join(CASES, file), 'utf8')) as { steps: Step[] }
  const objects = new Map<string, KubeObject>()
  for (const [i, { request, expect: answer }] of steps.entries()) {
    // What the API refuses beyond the model's patches is not looked at here.
    if (answer.status >= 300 && (answer.body as Status).reason !== 'Conflict') continue
    const place = placeOf(request.path)
    const live = objects.get(place.key)
    const outcome = carryOut(request, place, live, i)
    if (outcome === undefined) continue
    const recorded = answer.body as KubeObject & Status
    if (answer.status >= 300) {
      if (recorded.reason === 'Conflict' && recorded.message?.startsWith('Apply failed')) {
        expect(outcome, `step ${i}`).toMatchObject({ code: 409, message: recorded.message })
        const causes = (outcome as Status).details?.causes ?? []
        expect(sorted(causes), `step ${i}`).toEqual(sorted(recorded.details?.causes ?? []))
      }
      continue
    }
    const object = outcome as KubeObject
    expect(object.metadata, `step ${i}: ${JSON.stringify(outcome)}`).toBeDefined()
    if (!request.path.includes('dryRun')) objects.set(`${place.collection}/${object.metadata.name}`, object)
    if (recorded.metadata.managedFields || file.startsWith('apply/')) {
      expect(ownersOf(object), `step ${i}`).toEqual(ownersOf(recorded))
    }
  }
})

type Place = ReturnType<typeof placeOf>

function carryOut({ method, headers = {}, body, text }: Step['request'], place: Place, live: KubeObject | undefined, i: number) {
  const { apiVersion, kind, manager, force, subresource } = place
  const { group, version } = parseApiVersion(apiVersion)
  const nowMs = (1_700_000_000 + i) * 1000
  const contentType = headers['Content-Type'] ?? ''
  if (method === 'POST' && body !== undefined) {
    const after = settled(body, apiVersion, kind)
    return updateManagedFields({ before: undefined, after, manager, apiVersion, nowMs })
  }
  if (method !== 'PATCH') return undefined
  const before = live && convert(live, apiVersion)
  if (contentType === 'application/apply-patch+yaml') {
    const config = text === undefined ? body : yamlOf(text)
    const applied = serverSideApply({
      live: before,
      config: config ?? null,
      manager,
      force,
      apiVersion,
      kind,
      subresource,
      nowMs,
    })
    if (!applied.ok) return applied.status
    return settled(applied.object as unknown as Json, apiVersion, kind)
  }
  if (!before || body === undefined) return undefined
  const patched = applyPatch(contentType, before, body, { group, version, kind })
  if (!patched.ok) return patched.status
  const after = settled(patched.object as unknown as Json, apiVersion, kind)
  const { managedFields } = patched.object.metadata
  const cleared = managedFields?.length === 0 ? { ...after, metadata: { ...after.metadata, managedFields } } : after
  return updateManagedFields({ before, after: cleared, manager, apiVersion, subresource, nowMs })
}

const yamlOf = (text: string): Json => {
  try {
    return parseYaml(text).value as Json
  } catch {
    return null
  }
}

/** Decoded and with defaults. */
function settled(value: Json, apiVersion: string, kind: string): KubeObject {
  const { group, version } = parseApiVersion(apiVersion)
  const type = typeForKind(group, version, kind)
  if (!type) throw new Error(`no type ${kind}`)
  const object = structuredClone({ ...decodeTyped(value, type).object, apiVersion, kind })
  applyDefaults(object as unknown as Draft, { group, version, kind })
  return object as unknown as KubeObject
}

function placeOf(text: string) {
  const [path = '', search = ''] = text.split('?')
  const query = new URLSearchParams(search)
  const parts = path.split('/').filter((part) => part !== '')
  const core = parts[0] === 'api'
  const [group, version] = core ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? '']
  const rest = parts.slice(core ? 2 : 3)
  const [plural = '', name = '', subresource = ''] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest
  const resource = findResource(group, version, plural)
  if (!resource) throw new Error(`no resource ${path}`)
  return {
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    collection: resource.storageName,
    key: `${resource.storageName}/${name}`,
    subresource,
    manager: query.get('fieldManager') ?? 'replay',
    force: query.get('force') === 'true',
  }
}

/** Without times: a placeholder for any, but nothing where there is none. */
const ownersOf = (object: KubeObject): unknown[] =>
  sorted((object.metadata.managedFields ?? []).map(({ time, ...entry }) => ({ ...entry, timed: time !== undefined })))

const sorted = <T>(values: readonly T[]): T[] => values.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1))
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
