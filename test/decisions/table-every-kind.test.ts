// Every printer meets an object of its kind with all fields set (Kubernetes' own golden objects), one with none, and ones
// with nulls in odd places: it must print a cell for each column, and never throw.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../model/object.ts'
import { allResources, type ResourceInfo } from '../../model/schema/resources.ts'
import { renderTable, tableColumns, tableRow } from '../../model/table/table.ts'
import { parseTime } from '../../model/time.ts'

const GOLDEN = join(import.meta.dirname, '../../../shared/kubernetes-api/golden')
const NOW_MS = parseTime('2026-11-25T12:00:00Z') ?? 0

/** The cells of these are words under a heading that says otherwise, as real servers print them. */
const LOOSE = new Set([
  'Suspend',
  'Value',
  'Revision',
  'Available',
  'Up-to-date',
  'Count',
  'Data',
  'Drivers',
  'MaxPods',
  'Replicas',
])

const bare = ({ apiVersion, kind }: ResourceInfo): KubeObject => ({ apiVersion, kind, metadata: {} })

function check(object: KubeObject, resource: ResourceInfo): void {
  const columns = tableColumns(resource)
  const cells = tableRow(object, resource, NOW_MS)
  expect(cells, `${resource.apiVersion} ${resource.kind}`).toHaveLength(columns.length)
  for (const [i, { name, type }] of columns.entries()) {
    const cell = cells[i]
    expect(['string', 'number', 'boolean'], `${resource.kind} ${name}`).toContain(typeof cell)
    if (type === 'integer') expect(typeof cell, `${resource.kind} ${name}`).toBe('number')
    if (type === 'boolean' && !LOOSE.has(name)) expect(typeof cell, `${resource.kind} ${name}`).toBe('boolean')
    expect(String(cell), `${resource.kind} ${name}`).not.toMatch(/undefined|null|NaN|\[object/)
  }
}

test('objects without any field', () => {
  for (const resource of allResources()) check(bare(resource), resource)
})

test('objects with every field, and with any one of them null', () => {
  let printed = 0
  for (const resource of allResources()) {
    const path = join(GOLDEN, `${resource.group || 'core'}.${resource.version}.${resource.kind}.json`)
    if (!existsSync(path)) continue
    const object = JSON.parse(readFileSync(path, 'utf8')) as KubeObject
    check(object, resource)
    printed += 1
    for (const damaged of withNulls(object, 3)) {
      expect(tableRow(damaged, resource, NOW_MS), resource.kind).toHaveLength(tableColumns(resource).length)
    }
  }
  if (printed === 0) console.log(`skipped: ${GOLDEN} is missing`)
})

/** Copies of a value, in each of which one field, down to a depth, is null. */
function* withNulls<T extends object>(value: T, depth: number): Generator<T> {
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'metadata') continue
    yield { ...value, [key]: null }
    if (depth === 0 || typeof inner !== 'object' || inner === null || Array.isArray(inner)) continue
    for (const damaged of withNulls(inner, depth - 1)) yield { ...value, [key]: damaged }
  }
}

test('a row carries no object, metadata alone, or all of it', () => {
  const pods = allResources().find(({ plural }) => plural === 'pods') as ResourceInfo
  const object = { ...bare(pods), metadata: { name: 'a' }, spec: { containers: [] } }
  const row = (includeObject: 'None' | 'Metadata' | 'Object') =>
    renderTable({ resource: pods, objects: [object], nowMs: NOW_MS, includeObject, listMeta: { resourceVersion: '7' } })
  expect(row('None').rows[0]?.object).toBeNull()
  expect(row('Metadata').rows[0]?.object).toEqual({
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { name: 'a' },
  })
  expect(row('Object').rows[0]?.object).toBe(object)
  expect(row('None').metadata).toEqual({ resourceVersion: '7' })
})

test('columns are told once in a watch', () => {
  const pods = allResources().find(({ plural }) => plural === 'pods') as ResourceInfo
  const table = renderTable({ resource: pods, objects: [], nowMs: NOW_MS, listMeta: {}, columns: false, version: 'v1beta1' })
  expect(table).toEqual({ kind: 'Table', apiVersion: 'meta.k8s.io/v1beta1', metadata: {}, columnDefinitions: null, rows: [] })
})
