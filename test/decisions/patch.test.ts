// The three patches by tables, and what holds for every patch: arguments stay as they are, nothing reaches a prototype, and what
// is not touched is shared.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, KubeObject } from '../../model/object.ts'
import { applyJsonPatch } from '../../model/patch/json-patch.ts'
import { applyMergePatch } from '../../model/patch/merge-patch.ts'
import { applyPatch, JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH } from '../../model/patch/patch.ts'

const json = (text: string): Json => JSON.parse(text)
const POD = { group: '', version: 'v1', kind: 'Pod' }
const WIDGET = { group: 'example.com', version: 'v1', kind: 'Widget' }

describe('merge patch', () => {
  // The examples of RFC 7386.
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('%s + %s', (target, patch, merged) => {
    expect(applyMergePatch(json(target), json(patch))).toEqual(json(merged))
  })
})

describe('JSON patch', () => {
  const document = '{"data":{"one":"1","a/b":"s","m~n":"t","n":null},"list":[1,2,3],"deep":{"x":{"y":1}}}'
  it.each([
    ['[]', document],
    ['[{"op":"add","path":"/list/1","value":9},{"op":"remove","path":"/list/0"}]', document.replace('[1,2,3]', '[9,2,3]')],
    ['[{"op":"add","path":"/list/-","value":4}]', document.replace('3]', '3,4]')],
    ['[{"op":"add","path":"/list/3","value":4}]', document.replace('3]', '3,4]')],
    ['[{"op":"replace","path":"/list/-1","value":4}]', document.replace('3]', '4]')],
    [
      '[{"op":"replace","path":"/data/a~1b","value":"x"},{"op":"replace","path":"/data/m~0n","value":"y"}]',
      document.replace('"s"', '"x"').replace('"t"', '"y"'),
    ],
    ['[{"op":"move","from":"/deep/x","path":"/deep/z"}]', document.replace('{"x":{"y', '{"z":{"y')],
    ['[{"op":"move","from":"/list/0","path":"/list/2"}]', document.replace('[1,2,3]', '[2,3,1]')],
    [
      '[{"op":"copy","from":"/deep/x","path":"/deep/z"},{"op":"replace","path":"/deep/z/y","value":2}]',
      document.replace('{"x":{"y":1}', '{"x":{"y":1},"z":{"y":2}'),
    ],
    ['[{"op":"test","path":"/data/none","value":null},{"op":"test","path":"/deep","value":{"x":{"y":1}}}]', document],
    ['[{"op":"replace","path":"/data/n","value":1}]', document.replace('"n":null', '"n":1')],
    ['[{"op":"add","path":"data/one","value":"2"}]', document.replace('"deep"', '"one":"2","deep"')],
    [
      '[{"op":"add","path":"/deep/__proto__","value":{"polluted":1}}]',
      document.replace('{"x":{"y":1}', '{"__proto__":{"polluted":1},"x":{"y":1}'),
    ],
  ])('%s', (patch, expected) => {
    expect(applyJsonPatch(json(document), json(patch))).toEqual({ ok: true, value: json(expected) })
  })

  it.each([
    '{"op":"add","path":"/list/9","value":1}',
    '{"op":"add","path":"/list/01","value":1}',
    '{"op":"add","path":"/list/x","value":1}',
    '{"op":"add","path":"/none/deep","value":1}',
    '{"op":"add","path":"/data/one/deep","value":1}',
    '{"op":"add","path":"/data/two"}',
    '{"op":"add","path":"one","value":1}',
    '{"op":"add","value":1}',
    '{"op":"remove","path":"/data/none"}',
    '{"op":"remove","path":""}',
    '{"op":"remove","path":"/list/-"}',
    '{"op":"replace","path":"/data/none","value":1}',
    '{"op":"move","from":"/deep","path":"/deep/x/z"}',
    '{"op":"copy","from":"/none","path":"/data/x"}',
    '{"op":"test","path":"/data/one","value":1}',
    '{"op":"test","path":"/list","value":[1,2]}',
    '{"op":"replace","path":"/constructor/prototype/polluted","value":1}',
    '{"op":"add","path":"/__proto__/polluted","value":1}',
    '{"op":"copy","from":"/data/toString","path":"/data/x"}',
    '{"op":"explode","path":"/data/one"}',
    '5',
  ])('%s does not fit', (operation) => {
    expect(applyJsonPatch(json(document), [json(operation)])).toMatchObject({
      ok: false,
      status: { code: 422, reason: 'Invalid' },
    })
  })

  it('refuses what is no list and what is too much [A11]', () => {
    expect(applyJsonPatch({}, { op: 'add' })).toMatchObject({ ok: false, status: { code: 400 } })
    const remove = { op: 'test', path: '/x', value: null }
    expect(applyJsonPatch({}, Array(10_000).fill(remove))).toEqual({ ok: true, value: {} })
    expect(applyJsonPatch({}, Array(10_001).fill(remove))).toMatchObject({ ok: false, status: { code: 413 } })
  })

  it('copying into itself again and again ends', () => {
    const double = Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '', path: `/x${i}` }))
    const deepen = Array.from({ length: 9000 }, (_, i) => ({
      op: 'copy',
      from: i % 2 ? '/a' : '/b',
      path: `${i % 2 ? '/b' : '/a'}${'/c'.repeat(400)}`,
    }))
    expect(applyJsonPatch({ a: [1, 2] }, double)).toMatchObject({ ok: false })
    expect(applyJsonPatch({ a: {}, b: {} }, deepen)).toMatchObject({ ok: false })
  })

  it('many additions to a large map are quick', () => {
    const data = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 'v']))
    const patch = Array.from({ length: 10_000 }, (_, i) => ({ op: 'add', path: `/data/new${i}`, value: 'v' }))
    const outcome = applyJsonPatch({ data }, patch)
    expect(outcome.ok && Object.keys((outcome.value as { data: object }).data)).toHaveLength(30_000)
  }, 1000)
})

const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' }
const original: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', finalizers: ['a', 'b'], labels: { x: '1' } },
  spec: {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
    template: {
      spec: {
        nodeSelector: { disk: 'ssd' },
        containers: [
          { name: 'a', image: 'a:1', args: ['x'], ports: [{ containerPort: 80 }], env: [{ name: 'E', value: '1' }] },
          { name: 'b', image: 'b:1' },
        ],
        volumes: [{ name: 'v', emptyDir: {} }],
      },
    },
  },
}
const podSpec = (patch: Json): Json => ({ spec: { template: { spec: patch } } })

describe('strategic merge patch', () => {
  const patched = (patch: Json) => {
    const outcome = applyPatch(STRATEGIC_MERGE_PATCH, original, patch, deployment)
    if (!outcome.ok) return outcome.status.message
    return outcome.object
  }
  const containers = (patch: Json) => {
    const outcome = patched(podSpec({ containers: patch }))
    if (typeof outcome === 'string' || outcome === undefined) return outcome
    return (outcome as unknown as { spec: { template: { spec: { containers: unknown } } } }).spec.template.spec.containers
  }
  const [a, b] = (original as unknown as { spec: { template: { spec: { containers: [Json, Json] } } } }).spec.template.spec
    .containers
  const member = (value: Json) => value as Record<string, Json>

  it.each<[string, Json, unknown]>([
    ['merges by name', [{ name: 'b', image: 'b:2' }], [a, { name: 'b', image: 'b:2' }]],
    ['puts first what is new', [{ name: 'c', image: 'c' }], [{ name: 'c', image: 'c' }, a, b]],
    ['orders as the patch does', [{ name: 'b' }, { name: 'a' }], [b, a]],
    ['deletes', [{ name: 'a', $patch: 'delete' }], [b]],
    ['deletes what is not there', [{ name: 'z', $patch: 'delete' }], [a, b]],
    ['replaces the whole list', [{ $patch: 'replace' }, { name: 'z' }], [{ name: 'z' }]],
    ['an empty list changes nothing', [], [a, b]],
    ['replaces atomic lists', [{ name: 'a', args: ['y', 'z'] }], [{ ...member(a), args: ['y', 'z'] }, b]],
    [
      'merges within',
      [{ name: 'a', env: [{ name: 'F', value: '2' }] }],
      [
        {
          ...member(a),
          env: [
            { name: 'F', value: '2' },
            { name: 'E', value: '1' },
          ],
        },
        b,
      ],
    ],
    [
      'matches numbers',
      [{ name: 'a', ports: [{ containerPort: 80, name: 'web' }] }],
      [{ ...member(a), ports: [{ containerPort: 80, name: 'web' }] }, b],
    ],
    ['knows no merge of lists', [{ name: 'a', $patch: 'merge' }], 'merging lists cannot yet be specified in the patch'],
    ['wants the key', [{ image: 'x' }], 'map: {"image":"x"} does not contain declared merge key: name'],
    ['knows its directives', [{ name: 'a', $patch: 'explode' }], 'unknown patch type: explode'],
  ])('%s', (_, patch, expected) => {
    expect(containers(patch)).toEqual(expected)
  })

  it.each<[string, Json, Json]>([
    ['replaces a map', podSpec({ nodeSelector: { $patch: 'replace', a: 'b' } }), podSpec({ nodeSelector: { a: 'b' } })],
    ['empties a map', podSpec({ nodeSelector: { $patch: 'delete' } }), podSpec({ nodeSelector: {} })],
    [
      'keeps named members only',
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
      { spec: { strategy: { type: 'Recreate' } } },
    ],
    ['merges lists of texts', { metadata: { finalizers: ['c'] } }, { metadata: { finalizers: ['c', 'a', 'b'] } }],
    [
      'deletes from lists of texts',
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
      { metadata: { finalizers: ['b'] } },
    ],
    [
      'orders lists of texts',
      { metadata: { '$setElementOrder/finalizers': ['b', 'a'] } },
      { metadata: { finalizers: ['b', 'a'] } },
    ],
    [
      'changes the source of a volume',
      podSpec({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] }),
      podSpec({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] }),
    ],
  ])('%s', (_, patch, expected) => {
    expect(patched(patch)).toMatchObject(expected as object)
    for (const [, value] of Object.entries(patched(patch) as object)) expect(JSON.stringify(value)).not.toContain('$')
  })

  it('orders elements as asked, those it does not name before what followed them', () => {
    expect(
      patched(podSpec({ '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }], containers: [{ name: 'c' }] })),
    ).toMatchObject(podSpec({ containers: [{ name: 'c' }, { name: 'a' }, { name: 'b' }] }) as object)
  })

  it('fits no custom resource', () => {
    const outcome = applyPatch(STRATEGIC_MERGE_PATCH, { ...original, kind: 'Widget' }, {}, WIDGET)
    expect(outcome).toMatchObject({
      ok: false,
      status: {
        code: 415,
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      },
    })
  })
})

describe('every patch', () => {
  const key = fc.constantFrom(
    'a',
    'metadata',
    'labels',
    'spec',
    'containers',
    'name',
    '__proto__',
    'constructor',
    'prototype',
    '$patch',
    '$retainKeys',
    '$setElementOrder/containers',
    'finalizers',
    '$deleteFromPrimitiveList/finalizers',
  )
  const leaf = fc.oneof(fc.constantFrom<Json>('a', 'b', 'delete', 'replace', 'merge', null, 1, true), fc.constant<Json>([]))
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.tuple(key, tie('value')), { maxLength: 4 })
        .map((entries): Json => json(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`)),
    ),
  }))
  const step = fc.constantFrom('a', 'metadata', 'labels', 'spec', 'containers', '__proto__', 'constructor', 'prototype', '0', '-')
  const path = fc.array(step, { maxLength: 4 }).map((steps) => steps.map((s) => `/${s}`).join(''))
  const operation = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
    path,
    from: path,
    value,
  })
  const patches = fc.oneof(
    fc.tuple(fc.constant(JSON_PATCH), fc.array(operation, { maxLength: 5 }) as unknown as fc.Arbitrary<Json>),
    fc.tuple(fc.constantFrom(MERGE_PATCH, STRATEGIC_MERGE_PATCH), value),
  )
  const objects = value.map(
    (spec) =>
      ({
        ...(typeof spec === 'object' && !Array.isArray(spec) ? spec : {}),
        apiVersion: 'v1',
        kind: 'Pod',
      }) as unknown as KubeObject,
  )

  it('leaves its arguments as they were and prototypes alone [A11]', () => {
    fc.assert(
      fc.property(objects, patches, (object, [contentType, patch]) => {
        const before = JSON.stringify([object, patch])
        const outcome = applyPatch(contentType, deepFrozen(object), deepFrozen(patch), POD)
        expect(JSON.stringify([object, patch])).toBe(before)
        expect(Object.keys(Object.prototype)).toEqual([])
        if (outcome.ok) expect(foreignPrototypes(outcome.object)).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, Json]>([
    [MERGE_PATCH, { metadata: { labels: { y: '2' } } }],
    [STRATEGIC_MERGE_PATCH, { metadata: { labels: { y: '2' } } }],
    [JSON_PATCH, [{ op: 'add', path: '/metadata/labels/y', value: '2' }]],
  ])('%s shares what it does not touch', (contentType, patch) => {
    const outcome = applyPatch(contentType, original, patch, deployment)
    if (!outcome.ok) throw new Error(outcome.status.message)
    expect(outcome.object.metadata.labels).toEqual({ x: '1', y: '2' })
    expect(outcome.object.spec).toBe(original.spec)
    expect(outcome.object.metadata.finalizers).toBe(original.metadata.finalizers)
  })
})

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFrozen(member)
    Object.freeze(value)
  }
  return value
}

function foreignPrototypes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Object.getPrototypeOf(value) === (Array.isArray(value) ? Array.prototype : Object.prototype) ? 0 : 1
  return Object.getOwnPropertyNames(value).reduce((sum, name) => {
    const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
    return sum + foreignPrototypes(member)
  }, own)
}
