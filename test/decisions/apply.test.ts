// Server-side apply beyond what was recorded: sets of fields, order of lists, custom resources, many writers, and what holds for
// any config.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, KubeObject } from '../../model/object.ts'
import { serverSideApply } from '../../model/patch/apply.ts'
import {
  difference,
  type FieldSet,
  fieldsV1Of,
  intersection,
  parseFieldSet,
  printedPaths,
  union,
} from '../../model/patch/field-set.ts'
import { withFormerTimes } from '../../model/patch/managed-fields.ts'
import { updateManagedFields } from '../../model/patch/ownership.ts'

const NOW = 1_700_000_000_000

interface Wish {
  readonly live?: KubeObject | undefined
  readonly manager?: string
  readonly force?: boolean
  readonly at?: number
}

function apply(config: object, { live, manager = 'one', force = false, at = 0 }: Wish = {}) {
  const { apiVersion, kind } = config as KubeObject
  return serverSideApply({ live, config: config as Json, manager, force, apiVersion, kind, nowMs: NOW + at * 1000 })
}

function applied(config: object, wish: Wish = {}): KubeObject {
  const outcome = apply(config, wish)
  if (!outcome.ok) throw new Error(outcome.status.message)
  return outcome.object
}

const configMap = (rest: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...rest })
const owned = (object: KubeObject): Record<string, string[]> =>
  Object.fromEntries(
    (object.metadata.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [
      `${manager} ${operation}`,
      printedPaths(parseFieldSet(fieldsV1) as FieldSet),
    ]),
  )

describe('sets of fields', () => {
  const tree = fc.letrec<{ node: object }>((tie) => ({
    node: fc.dictionary(
      fc.constantFrom('f:a', 'f:b', 'f:__proto__', 'k:{"name":"x"}', 'v:"y"', 'i:0', '.'),
      fc.oneof({ depthSize: 'small' }, fc.constant({}), tie('node')),
      { maxKeys: 3 },
    ),
  })).node
  const leafDots = (node: object): object =>
    Object.fromEntries(Object.entries(node).map(([key, below]) => [key, key === '.' ? {} : leafDots(below as object)]))
  const sets = tree.map((node) => parseFieldSet(leafDots(node)) as FieldSet)
  const paths = (set: FieldSet) => new Set(printedPaths(set))

  it('are the paths that they print, through every operation', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        expect(paths(union(a, b))).toEqual(paths(a).union(paths(b)))
        expect(paths(difference(a, b))).toEqual(paths(a).difference(paths(b)))
        expect(paths(intersection(a, b))).toEqual(paths(a).intersection(paths(b)))
        expect(union(a, a)).toBe(a)
        expect(paths(parseFieldSet(JSON.parse(JSON.stringify(fieldsV1Of(a)))) as FieldSet)).toEqual(paths(a))
      }),
    )
  })

  it.each([null, 5, [], { x: {} }, { 'f:a': 1 }, { 'f:a': { nonsense: {} } }])('%j is none', (value) => {
    expect(parseFieldSet(value)).toBeUndefined()
  })
})

describe('lists', () => {
  const pod = (...names: string[]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: names.map((name) => ({ name })) },
  })
  const names = (object: KubeObject) =>
    (object.spec as { containers: { name: string }[] }).containers.map(({ name }) => name).join(' ')

  it.each([
    ['a b c', 'a b c', 'a b c'],
    ['a b c', 'c a', 'b c a'],
    ['a b c', 'c x a', 'b c x a'],
    ['a b c', 'x', 'a b c x'],
    ['a b c', 'x a', 'x a b c'],
    ['a b c', 'b a c', 'b a c'],
    ['a', 'b', 'a b'],
  ])('%s with %s applied is %s', (live, config, expected) => {
    const merged = applied(pod(...config.split(' ')), { live: pod(...live.split(' ')) as unknown as KubeObject, force: true })
    expect(names(merged)).toBe(expected)
  })

  it('lose the elements that nobody wants any more, with the defaults in them', () => {
    const live = applied(pod('a'), { live: applied(pod('b'), { manager: 'two' }) })
    expect(names(live)).toBe('b a')
    expect(names(applied(pod('c'), { live }))).toBe('b c')
  })
})

describe('owners', () => {
  it('keep what another gives up', () => {
    const both = applied(configMap({ data: { x: '1' } }), {
      manager: 'two',
      live: applied(configMap({ data: { x: '1', y: '1' } })),
    })
    const left = applied(configMap({}), { live: both })
    expect(left.data).toEqual({ x: '1' })
    expect(owned(left)).toEqual({ 'two Apply': ['.data.x'] })
  })

  it('of an object that was never applied are those before', () => {
    const live = { ...configMap({ data: { x: '1' } }), metadata: { name: 'a', uid: 'u' } }
    expect(apply(configMap({ data: { x: '2' } }), { live })).toMatchObject({
      ok: false,
      status: { code: 409, message: 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x' },
    })
    expect(owned(applied(configMap({ data: { x: '2' } }), { live, force: true }))).toEqual({
      'one Apply': ['.data.x'],
      'before-first-apply Update': ['.data'],
    })
  })

  it('change no time where nothing changes', () => {
    const live = applied(configMap({ data: { x: '1' } }))
    const again = applied(configMap({ data: { x: '1' } }), { live, at: 60 })
    expect(again.metadata.managedFields).toEqual(live.metadata.managedFields)
  })

  it('are at most ten who update', () => {
    let object = { ...configMap({ data: {} as Record<string, string> }) } as unknown as KubeObject
    object = updateManagedFields({ before: undefined, after: object, manager: 'm0', apiVersion: 'v1', nowMs: NOW })
    for (let i = 0; i < 15; i++) {
      const after = { ...object, data: { ...(object.data as object), [`k${i}`]: 'v' } }
      object = updateManagedFields({ before: object, after, manager: `m${i}`, apiVersion: 'v1', nowMs: NOW + i * 1000 })
    }
    const entries = owned(object)
    expect(Object.keys(entries)).toHaveLength(10)
    expect(entries['ancient-changes Update']).toEqual(
      ['.data.k0', '.data.k1', '.data.k2', '.data.k3', '.data.k4', '.data.k5'].toSpliced(0, 0, '.data'),
    )
  })

  it('that cannot be read are as none', () => {
    const broken = {
      ...configMap({ data: { x: '1' } }),
      metadata: { name: 'a', managedFields: [{ manager: 'x', operation: 'Steal' }] },
    }
    const after = updateManagedFields({
      before: broken,
      after: { ...broken, data: { x: '2' } },
      manager: 'm',
      apiVersion: 'v1',
      nowMs: NOW,
    })
    expect(after.metadata.managedFields).toBeUndefined()
  })

  it('keep their times in an update that changes nothing else', () => {
    const before = updateManagedFields({
      before: undefined,
      after: configMap({ data: { x: '1' } }),
      manager: 'm',
      apiVersion: 'v1',
      nowMs: NOW,
    })
    const entries = (before.metadata.managedFields ?? []).map((entry) => ({ ...entry, time: '2030-01-01T00:00:00Z' }))
    const later = { ...before, metadata: { ...before.metadata, managedFields: entries } }
    expect(withFormerTimes(before, later)).toBe(before)
    const other = { ...later, data: { x: '2' } }
    expect(withFormerTimes(before, other)).toBe(other)
  })
})

describe('refusals', () => {
  const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'n' }, spec })
  const prefix = 'failed to create typed patch object (n/a; /v1, Kind=Pod): '
  it.each<[object, number, string]>([
    [pod({ nope: 1 }), 500, `${prefix}.spec.nope: field not declared in schema`],
    [pod({ containers: [{ name: 'a' }, { name: 'a' }] }), 500, `${prefix}.spec.containers: duplicate entries for key [name="a"]`],
    [
      pod({ containers: [{ image: 'a' }] }),
      500,
      `${prefix}.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
    ],
    [
      pod({ a: 1, b: 1 }),
      500,
      `${prefix}errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared in schema`,
    ],
    [{ ...pod({}), metadata: { managedFields: [] } }, 400, 'metadata.managedFields must be nil'],
  ])('%j', (config, code, message) => {
    expect(apply(config)).toMatchObject({ ok: false, status: { code, message } })
  })

  it('of another version', () => {
    const outcome = serverSideApply({
      live: undefined,
      config: { apiVersion: 'v2' },
      manager: 'm',
      force: false,
      apiVersion: 'v1',
      kind: 'Pod',
      nowMs: NOW,
    })
    expect(outcome).toMatchObject({
      ok: false,
      status: { code: 400, message: 'Incorrect version specified in apply patch. Specified patch version: v2, expected: v1' },
    })
  })
})

it('custom resources are granular by their values', () => {
  const widget = (spec: object) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', labels: { a: '1' } },
    spec,
  })
  const live = applied(widget({ size: 1, parts: ['a'], frame: { colour: 'red' } }))
  expect(owned(live)).toEqual({ 'one Apply': ['.metadata.labels.a', '.spec.frame.colour', '.spec.parts', '.spec.size'] })
  expect(apply(widget({ parts: ['b'] }), { live, manager: 'two' })).toMatchObject({ ok: false })
})

describe('any config', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const containers = fc.uniqueArray(
    fc.record({ name, image: name, command: fc.array(name, { maxLength: 2 }) }, { requiredKeys: ['name'] }),
    {
      selector: (container) => container.name,
      maxLength: 3,
    },
  )
  const configs = fc
    .record(
      {
        labels: fc.dictionary(fc.constantFrom('a', 'constructor', '__proto__'), name),
        finalizers: fc.uniqueArray(name),
        containers,
        nodeSelector: fc.dictionary(name, name),
        priority: fc.constantFrom(1, 2),
      },
      { requiredKeys: [] },
    )
    .map(({ labels, finalizers, ...spec }) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', ...(labels ? { labels } : {}), ...(finalizers ? { finalizers } : {}) },
      ...(Object.keys(spec).length > 0 ? { spec } : {}),
    }))

  it('changes nothing when applied again, and without force takes nothing of others', () => {
    fc.assert(
      fc.property(configs, configs, configs, (first, second, third) => {
        const live = deepFrozen(applied(deepFrozen(first)))
        const both = deepFrozen(applied(deepFrozen(second), { live, manager: 'two', force: true }))
        const again = applied(second, { live: both, manager: 'two' })
        expect(again).toEqual(both)
        const left = applied(third, { live: both, force: true })
        const kept = owned(left)['two Apply'] ?? []
        for (const path of kept) expect(owned(both)['two Apply']).toContain(path)
        if (!apply(third, { live: both }).ok) return
        expect(owned(left)['two Apply']).toEqual(owned(both)['two Apply'])
        const given = applied({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }, { live: left })
        expect(owned(given)['one Apply']).toBeUndefined()
        expect(owned(given)['two Apply']).toEqual(kept.length > 0 ? kept : undefined)
      }),
      { numRuns: 300 },
    )
  })
})

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFrozen(member)
  }
  return value
}
