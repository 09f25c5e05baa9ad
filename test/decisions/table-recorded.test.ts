// Tables that a real API server answered, recorded in ../shared/differential: the objects of a case, as the server told them
// before, must print to the same cells.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../model/object.ts'
import { allResources } from '../../model/schema/resources.ts'
import { type IncludeObject, renderTable, tableColumns } from '../../model/table/table.ts'
import { parseTime } from '../../model/time.ts'

const SHARED = join(import.meta.dirname, '../../../shared')
const CASES = join(SHARED, 'differential/cases/table')
const COLUMNS = join(SHARED, 'kubernetes-api/columns.json')
const NOW = '2026-11-25T12:00:00Z'

interface Step {
  readonly request: { method: string; path: string; headers?: Record<string, string> }
  readonly expect: { status: number; body?: unknown }
}
interface RecordedTable {
  readonly kind: string
  readonly columnDefinitions: { name: string; type: string; format?: string; priority?: number }[]
  readonly rows?: { cells: unknown[]; object: unknown; conditions?: unknown }[]
}

/** What newer releases show more (the recordings are of 1.28), and what they show no longer. */
const NEWER: Record<string, readonly string[]> = {
  jobs: ['Status'],
  cronjobs: ['Timezone'],
  priorityclasses: ['PreemptionPolicy'],
  persistentvolumes: ['VolumeAttributesClass'],
  persistentvolumeclaims: ['VolumeAttributesClass'],
}
const OLDER: Record<string, readonly string[]> = { serviceaccounts: ['Secrets'] }

test.skipIf(missing(CASES))('recorded tables print the same', () => {
  let compared = 0
  for (const file of readdirSync(CASES)) {
    const { id, steps } = JSON.parse(readFileSync(join(CASES, file), 'utf8')) as { id: string; steps: Step[] }
    const objects = new Map<string, KubeObject>()
    for (const step of steps) {
      const table = step.expect.body as RecordedTable | undefined
      const { path, query, resource } = parsePath(step.request.path)
      if (table?.kind !== 'Table') {
        keep(objects, step, path)
        continue
      }
      const at = step.request.method === 'POST' || path.endsWith('/scale') ? [] : under(objects, path)
      if (resource.subresource === 'scale' || at.length !== (table.rows ?? []).length) continue
      const got = renderTable({
        resource,
        objects: at,
        nowMs: parseTime(NOW) ?? 0,
        includeObject: (query.get('includeObject') ?? 'Metadata') as IncludeObject,
        listMeta: {},
      })
      compared += 1
      for (const [r, row] of (table.rows ?? []).entries()) {
        const ours = got.rows[r]
        const named = Object.fromEntries(got.columnDefinitions?.map((c, i) => [c.name, ours?.cells[i]]) ?? [])
        for (const [c, { name }] of table.columnDefinitions.entries()) {
          if ((OLDER[resource.plural] ?? []).includes(name)) continue
          expect(named[name], `${id}: row ${r}, ${name}`).toSatisfy((cell) => matches(row.cells[c], cell))
        }
        expect(ours?.conditions, `${id}: row ${r}`).toEqual(row.conditions)
        expect(ours?.object === null, `${id}: row ${r} has an object`).toBe(row.object === null)
      }
    }
  }
  // Those whose rows come from writes that are answered as tables, and from scale, are checked against a server.
  expect(compared).toBeGreaterThan(28)
})

test.skipIf(missing(COLUMNS))('columns are those of a real server, plus what newer releases add', () => {
  const { columns } = JSON.parse(readFileSync(COLUMNS, 'utf8')) as { columns: Record<string, RecordedTable['columnDefinitions']> }
  for (const resource of allResources()) {
    const recorded = columns[`${resource.apiVersion}/${resource.plural}`]
    if (!recorded) continue
    const older = OLDER[resource.plural] ?? []
    const newer = NEWER[resource.plural] ?? []
    const ours = tableColumns(resource).map(({ name, type, format, priority }) => ({ name, type, format, priority }))
    expect(sorted(ours.filter((c) => !newer.includes(c.name))), resource.plural).toEqual(
      sorted(recorded.map((c) => ({ format: '', priority: 0, ...c })).filter((c) => !older.includes(c.name))),
    )
  }
})

const sorted = <T extends { name: string }>(columns: readonly T[]): T[] => columns.toSorted((a, b) => (a.name < b.name ? -1 : 1))

function missing(path: string): boolean {
  if (existsSync(path)) return false
  console.log(`skipped: ${path} is missing`)
  return true
}

function parsePath(text: string) {
  const [path = '', search = ''] = text.split('?')
  const parts = path.split('/').filter((part) => part !== '')
  const version = parts[0] === 'api' ? (parts[1] ?? '') : (parts[2] ?? '')
  const group = parts[0] === 'api' ? '' : (parts[1] ?? '')
  let rest = parts.slice(parts[0] === 'api' ? 2 : 3)
  if (rest[0] === 'namespaces' && rest.length > 2) rest = rest.slice(2)
  const [plural = '', , subresource] = rest
  return { path, query: new URLSearchParams(search), resource: { group, version, plural, subresource } }
}

/** Objects by their path, as the answers to writes have them. */
function keep(objects: Map<string, KubeObject>, { request, expect: { body } }: Step, path: string): void {
  const object = body as KubeObject | undefined
  if (request.method === 'GET' || object?.metadata?.name === undefined) return
  const at = request.method === 'POST' ? `${path}/${object.metadata.name}` : path.replace(/\/(status|scale|finalize)$/, '')
  objects.set(at, object)
}

const under = (objects: Map<string, KubeObject>, path: string): KubeObject[] =>
  [...objects]
    .filter(([at]) => at === path.replace(/\/status$/, '') || at.slice(0, at.lastIndexOf('/')) === path)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, object]) => ({
      ...object,
      metadata: { ...object.metadata, creationTimestamp: '2026-11-25T11:59:00Z' },
    }))

/** Placeholders stand for any value of their form; the objects carry the same placeholders. */
function matches(want: unknown, got: unknown): boolean {
  if (typeof want !== 'string') return want === got
  if (typeof got !== 'string') return false
  if (want === got) return true
  const age = '(?:(?:\\d+[ydhms])+|<unknown>)'
  const escaped = want.replace(/[.*+?^$()|[\]\\]/g, '\\$&')
  const pattern = escaped.replaceAll('{{age}}', age).replaceAll('{{time}}', '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ')
  return new RegExp(`^${pattern.replace(/[{}]{2}/g, '\\$&')}$`).test(got)
}
