// Patches that a real API server carried out, recorded in ../shared/differential: the object that it told before, patched by us
// and decoded, must be within the object that it told afterwards, which has defaults in addition.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeTyped } from '../../model/codec/decode.ts'
import { type Json, type KubeObject, parseApiVersion } from '../../model/object.ts'
import { applyPatch } from '../../model/patch/patch.ts'
import { typeForKind } from '../../model/schema/types.ts'

const CASES = join(import.meta.dirname, '../../../shared/differential/cases')
const AREAS = ['patch-json', 'patch-merge', 'patch-strategic']

interface Step {
  readonly request: { method: string; path: string; headers?: Record<string, string>; body?: Json }
  readonly expect: { status: number; body?: unknown }
}

test.skipIf(missing())('recorded patches give what they gave', () => {
  let compared = 0
  for (const { id, steps } of AREAS.flatMap(casesOf)) {
    const objects = new Map<string, KubeObject>()
    for (const [i, { request, expect: answer }] of steps.entries()) {
      const path = (request.path.split('?')[0] ?? '').replace(/\/(status|scale)$/, '')
      const body = answer.body as KubeObject
      const before = objects.get(path)
      if (request.method === 'PATCH' && before && request.body !== undefined) {
        const got = patched(request.headers?.['Content-Type'] ?? '', before, request.body)
        if (answer.status === 200) {
          compared += 1
          expect(within(got, stable(body)), `${id} step ${i}`).toBe('')
        } else if (body.message === 'the server rejected our request due to an error in our request') {
          compared += 1
          expect(got, `${id} step ${i}`).toEqual(body)
        }
      }
      if (answer.status < 300 && body?.metadata?.name)
        objects.set(request.method === 'POST' ? `${path}/${body.metadata.name}` : path, body)
    }
  }
  expect(compared).toBeGreaterThan(60)
})

const casesOf = (area: string): { id: string; steps: Step[] }[] =>
  readdirSync(join(CASES, area)).map((file) => JSON.parse(readFileSync(join(CASES, area, file), 'utf8')))

function patched(contentType: string, before: KubeObject, patch: Json): unknown {
  const { group, version } = parseApiVersion(before.apiVersion)
  const outcome = applyPatch(contentType, before, patch, { group, version, kind: before.kind })
  if (!outcome.ok) return outcome.status
  const type = typeForKind(group, version, before.kind)
  if (!type) throw new Error(`no type ${before.kind}`)
  try {
    return stable(decodeTyped(stable(outcome.object), type).object)
  } catch (error) {
    return String(error)
  }
}

/** Members that change by themselves, or that are placeholders of what they were, are not compared. */
const stable = (object: unknown): unknown =>
  JSON.parse(JSON.stringify(object), (key, member) =>
    key === 'managedFields' ||
    key === 'generation' ||
    (typeof member === 'string' && member.startsWith('{{') && !/^\d+$/.test(key))
      ? undefined
      : member,
  )

/** Where `part` says something that `whole` does not; empty if nowhere. */
function within(part: unknown, whole: unknown, path = ''): string {
  if (Array.isArray(part)) {
    if (!Array.isArray(whole) || whole.length !== part.length)
      return `${path}: ${JSON.stringify(part)} is not ${JSON.stringify(whole)}`
    return part.map((element, i) => within(element, whole[i], `${path}/${i}`)).find((found) => found !== '') ?? ''
  }
  if (typeof part === 'object' && part !== null) {
    if (Object.keys(part).length === 0 && whole === undefined) return ''
    if (typeof whole !== 'object' || whole === null) return `${path}: ${JSON.stringify(part)} is not ${JSON.stringify(whole)}`
    const members = whole as Record<string, unknown>
    return (
      Object.entries(part)
        .map(([key, value]) => within(value, members[key], `${path}/${key}`))
        .find((found) => found !== '') ?? ''
    )
  }
  return part === whole ? '' : `${path}: ${JSON.stringify(part)} is not ${JSON.stringify(whole)}`
}

function missing(): boolean {
  if (existsSync(CASES)) return false
  console.log(`skipped: ${CASES} is not there`)
  return true
}
