// Rules of validation that recordings do not reach: our one exception, limits, what may change in a pod, and that no object,
// however odd, makes a validation throw or write.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeValue } from '../../model/codec/request-body.ts'
import { applyDefaults } from '../../model/defaults/defaults.ts'
import type { Draft } from '../../model/defaults/draft.ts'
import { invalidValue, notSupported, Path, quoted, tooLong, tooMany } from '../../model/field.ts'
import {
  isCidr,
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isEnvVarName,
  isIP,
  isLabelValue,
  isPortName,
  isQualifiedName,
} from '../../model/names.ts'
import type { Json, KubeObject } from '../../model/object.ts'
import { resourceForKind } from '../../model/schema/resources.ts'
import type { FieldError } from '../../model/status.ts'
import { checkResourceAmount, compareAmounts } from '../../model/validation/quantities.ts'
import { validateCreate, validateUpdate } from '../../model/validation/validate.ts'

const GOLDEN = join(import.meta.dirname, '../../../shared/kubernetes-api/golden')

const lines = (errors: readonly FieldError[]): string[] => errors.map(({ field, detail }) => `${field}: ${detail}`)

const long = (length: number): string => 'a'.repeat(length)

function whole(body: object): KubeObject {
  const { apiVersion, kind } = body as KubeObject
  const resource = resourceForKind(apiVersion, kind)
  if (!resource) throw new Error(`no resource ${apiVersion} ${kind}`)
  const decoded = decodeValue(structuredClone(body) as Json, resource)
  if (!decoded.ok) throw new Error(decoded.status.message)
  applyDefaults(decoded.object as unknown as Draft, resource)
  return decoded.object as unknown as KubeObject
}

describe('names', () => {
  test.each([
    [isDns1123Label, ['a', 'a-b', '0', long(63)], ['', '-a', 'a-', 'A', 'a.b', 'a_b', long(64), 'ä']],
    [isDns1123Subdomain, ['a', 'a.b-c.d', long(253)], ['', '.', 'a..b', 'A', 'a.-b', long(254)]],
    [isDns1035Label, ['a', 'a0'], ['0a', '', 'a.b', long(64)]],
    [isLabelValue, ['', 'A', 'a_b.c-d', long(63)], ['-a', 'a b', 'a/b', long(64)]],
    [
      isQualifiedName,
      ['a', 'A_b.c', 'x.y/Z', `${long(253)}/${long(63)}`],
      ['', '/', 'a/', '/a', 'a/b/c', 'X/y', 'a b', long(64)],
    ],
    [isPortName, ['http', 'a1', 'x-1'], ['', '1', 'HTTP', 'a--b', '-a', 'a-', long(16)]],
    [isEnvVarName, ['A', 'a.b-c', 'a b'], ['', 'A=B', 'ä']],
    [isIP, ['1.2.3.4', '::1', 'fe80::1', '::ffff:1.2.3.4'], ['', '1.2.3', '256.1.1.1', '01.2.3.4', ':::', '1::2::3', 'g::']],
    [isCidr, ['10.0.0.0/8', '::/0', '0.0.0.0/0'], ['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', '::/129']],
  ])('%o', (check, right, wrong) => {
    for (const value of right) expect(check(value), value).toEqual([])
    for (const value of wrong) expect(check(value), value).not.toEqual([])
  })
})

test('words of errors', () => {
  const path = Path.of('spec').child('list').at(2).child('map').at('a.b')
  expect(path.toString()).toBe('spec.list[2].map[a.b]')
  expect(lines([invalidValue(path, 'x', 'no')])).toEqual(['spec.list[2].map[a.b]: Invalid value: "x": no'])
  expect(lines([invalidValue(path, -1, 'no'), notSupported(path, 'x', ['a', 'b'])])).toEqual([
    'spec.list[2].map[a.b]: Invalid value: -1: no',
    'spec.list[2].map[a.b]: Unsupported value: "x": supported values: "a", "b"',
  ])
  expect(tooLong(path, 63).detail).toBe('Too long: may not be more than 63 bytes')
  expect(tooMany(path, 5, 3).detail).toBe('Too many: 5: must have at most 3 items')
  expect(quoted('a"\n\u0007\u0001é')).toBe('"a\\"\\n\\a\\x01é"')
})

test('amounts compare the same with and without parsing', () => {
  const amount = fc
    .tuple(fc.integer({ min: 0, max: 5000 }), fc.constantFrom('', 'm', 'k', 'Ki', 'Mi', 'G', '.5', 'e3'))
    .map((parts) => parts.join(''))
  const base = (text: string): number => {
    const suffixes: Record<string, number> = { m: 1e-3, k: 1e3, Ki: 1024, Mi: 1024 ** 2, G: 1e9, e3: 1e3 }
    const [, number = '0', suffix = ''] = /^([\d.]+)(.*)$/.exec(text) ?? []
    return Number(number) * (suffixes[suffix] ?? 1)
  }
  fc.assert(
    fc.property(amount, amount, (a, b) => {
      expect(compareAmounts(a, b)).toBe(Math.sign(base(a) - base(b)))
    }),
  )
  const errors: FieldError[] = []
  checkResourceAmount(errors, 'pods', '1500m', Path.of('x'))
  expect(lines(errors)).toEqual(['x: Invalid value: "1500m": must be an integer'])
})

describe('metadata', () => {
  const configMap = (metadata: object): KubeObject => whole({ apiVersion: 'v1', kind: 'ConfigMap', metadata })

  test('annotations have a greatest size, counted in bytes', () => {
    const fits = { name: 'a', annotations: { k: 'x'.repeat(256 * 1024 - 1) } }
    expect(validateCreate(configMap(fits), 'configmaps')).toEqual([])
    const umlauts = { name: 'a', annotations: { k: 'ä'.repeat(128 * 1024) } }
    expect(lines(validateCreate(configMap(umlauts), 'configmaps'))).toEqual([
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ])
  })

  test('a prefix of generated names may end with a hyphen', () => {
    expect(validateCreate(configMap({ generateName: 'web-', name: 'web-x' }), 'configmaps')).toEqual([])
  })

  test('an object that is being deleted gets no new finalizers', () => {
    const old = configMap({ name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.example/x'] })
    const changed = { ...old, metadata: { ...old.metadata, finalizers: ['a.example/x', 'a.example/y'] } }
    expect(lines(validateUpdate(changed, old, 'configmaps'))).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.example/y"}',
    ])
    expect(validateUpdate({ ...old, metadata: { ...old.metadata, finalizers: [] } }, old, 'configmaps')).toEqual([])
  })

  test('roles are named by any segment of a path', () => {
    const role = whole({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'system:node' } })
    expect(validateCreate(role, 'clusterroles.rbac.authorization.k8s.io')).toEqual([])
  })

  test('kinds that we have no rules for have metadata all the same', () => {
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'Bad' } }
    expect(lines(validateCreate(thing, 'things.example.com'))).toHaveLength(1)
  })
})

describe('endpoints', () => {
  const slice = (address: string): KubeObject =>
    whole({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web' },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address] }],
    })

  test('loopback addresses are legal, because pods have them here', () => {
    expect(validateCreate(slice('127.10.0.7'), 'endpointslices.discovery.k8s.io')).toEqual([])
  })

  test.each(['0.0.0.0', '169.254.1.1', '224.0.0.1', '::1', 'web'])('%s is not', (address) => {
    expect(validateCreate(slice(address), 'endpointslices.discovery.k8s.io')).toHaveLength(1)
  })
})

describe('what may change in a pod', () => {
  const pod = whole({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: {
      activeDeadlineSeconds: 100,
      containers: [{ name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] }],
      tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 5, effect: 'NoExecute' }],
    },
  })
  const change = (
    edit: (spec: Record<string, unknown> & { containers: Record<string, unknown>[]; tolerations: object[] }) => void,
  ): string[] => {
    const changed = structuredClone(pod) as unknown as { spec: Parameters<typeof edit>[0] }
    edit(changed.spec)
    return lines(validateUpdate(changed as unknown as KubeObject, pod, 'pods')).map((line) => line.split('\n')[0] ?? '')
  }
  const forbidden = expect.stringMatching(/^spec: Forbidden: pod updates may not change fields other than/)

  test.each<[string, Parameters<typeof change>[0], unknown[]]>([
    ['nothing', () => {}, []],
    ['an image', (spec) => Object.assign(spec.containers[0] ?? {}, { image: 'a:2' }), []],
    ['a deadline that comes nearer', (spec) => Object.assign(spec, { activeDeadlineSeconds: 50 }), []],
    [
      'a deadline that goes away',
      (spec) => delete spec.activeDeadlineSeconds,
      ['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
    ],
    [
      'a later deadline',
      (spec) => Object.assign(spec, { activeDeadlineSeconds: 200 }),
      ['spec.activeDeadlineSeconds: Invalid value: 200: must be less than or equal to previous value'],
    ],
    ['another toleration', (spec) => spec.tolerations.push({ key: 'l', operator: 'Exists' }), []],
    ['how long something is tolerated', (spec) => Object.assign(spec.tolerations[0] ?? {}, { tolerationSeconds: 9 }), []],
    [
      'a toleration less',
      (spec) => Object.assign(spec, { tolerations: [] }),
      ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    ],
    ['a variable', (spec) => Object.assign(spec.containers[0] ?? {}, { env: [{ name: 'X', value: '2' }] }), [forbidden]],
    ['the node', (spec) => Object.assign(spec, { nodeName: 'n' }), [forbidden]],
    [
      'another container',
      (spec) => spec.containers.push({ name: 'b', image: 'b' }),
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
  ])('%s', (_, edit, expected) => {
    expect(change(edit)).toEqual(expected)
  })
})

test.skipIf(missing())('nothing that decodes makes a validation throw, and nothing is written to', () => {
  const golden = readdirSync(GOLDEN)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')) as KubeObject)
    .filter(({ apiVersion, kind }) => resourceForKind(apiVersion, kind))
  expect(golden.length).toBeGreaterThan(40)
  fc.assert(
    fc.property(
      fc.constantFrom(...golden),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom(...ODD)), { maxLength: 6 }),
      (object, damages) => {
        const resource = resourceForKind(object.apiVersion, object.kind)
        if (!resource) return
        const damaged = damages.reduce<KubeObject>((value, damage) => spoiled(value, ...damage), structuredClone(object))
        const decoded = decodeValue({ ...damaged, apiVersion: object.apiVersion, kind: object.kind } as unknown as Json, resource)
        if (!decoded.ok) return
        const draft = decoded.object as unknown as KubeObject
        applyDefaults(draft as unknown as Draft, resource)
        const before = JSON.stringify(draft)
        validateCreate(draft, resource.storageName)
        for (const subresource of ['', 'status', 'scale']) validateUpdate(draft, draft, resource.storageName, subresource)
        expect(JSON.stringify(draft)).toBe(before)
      },
    ),
    { numRuns: 500 },
  )
})

const ODD: readonly unknown[] = [
  undefined,
  null,
  '',
  'x',
  '-',
  0,
  -1,
  2 ** 31,
  [],
  {},
  [null],
  [{}],
  { '': '' },
  { __proto__: null },
]

/** Sets some member, found by two numbers, to something else. */
function spoiled(object: KubeObject, depth: number, which: number, odd: unknown): KubeObject {
  let place: Record<string, unknown> | unknown[] = object as unknown as Record<string, unknown>
  for (let i = 0; ; i++) {
    const keys = Object.keys(place)
    const key = keys[(which + i * 7) % Math.max(keys.length, 1)]
    if (key === undefined) return object
    const member = (place as Record<string, unknown>)[key]
    if (i >= depth % 8 || typeof member !== 'object' || member === null) {
      ;(place as Record<string, unknown>)[key] = odd
      return object
    }
    place = member as Record<string, unknown>
  }
}

function missing(): boolean {
  if (existsSync(GOLDEN)) return false
  console.log(`skipped: ${GOLDEN} is not there`)
  return true
}
