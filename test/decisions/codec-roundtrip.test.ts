// Objects made up from the table of types: whatever fits a type goes through protobuf unchanged.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTyped } from '../../model/codec/decode.ts'
import { decodeProtobuf, encodeProtobuf } from '../../model/codec/protobuf.ts'
import { apiVersionOf } from '../../model/object.ts'
import { allResources } from '../../model/schema/resources.ts'
import { type Scalar, type Shape, typeForKind, typeOf } from '../../model/schema/types.ts'
import { formatMicroTime, formatTime } from '../../model/time.ts'

const json = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 })
const seconds = fc.integer({ min: 1, max: 4_000_000_000 })

const scalars: Readonly<Record<Scalar, fc.Arbitrary<unknown>>> = {
  string: fc.string({ maxLength: 6, unit: 'grapheme' }),
  bool: fc.boolean(),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  bytes: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  Time: seconds.map((s) => formatTime(s * 1000)),
  MicroTime: fc
    .tuple(seconds, fc.integer({ min: 0, max: 999_999 }))
    .map(([s, micros]) => formatMicroTime(s * 1000 + micros / 1000)),
  Duration: fc.constantFrom('0s', '1m30s', '1.5ms'),
  Quantity: fc.constantFrom('0', '1', '1500m', '1Gi', '2k', '+5', '1E3'),
  IntOrString: fc.oneof(fc.integer(), fc.constantFrom('', '25%', 'http')),
  RawExtension: json,
  FieldsV1: json,
  JSON: json,
}

function valueOfShape(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'scalar':
      return scalars[shape.scalar]
    case 'list':
      return fc.array(valueOfShape(shape.of, depth + 1), { minLength: 1, maxLength: 2 })
    case 'map':
      return fc.dictionary(fc.constantFrom('a', 'b', 'Z', 'é', '𝒳', '\uffee'), valueOfShape(shape.of, depth + 1), {
        minKeys: 1,
        maxKeys: 3,
      })
    case 'schemaOr':
      return shape.or === 'bool' ? fc.boolean() : fc.constant(shape.or === 'strings' ? ['x', 'y'] : [{ type: 'string' }])
    default:
      return message(shape.type, depth + 1)
  }
}

function message(name: string, depth: number): fc.Arbitrary<unknown> {
  const type = typeOf(name)
  if (depth > 7 || type.goName === 'JSONSchemaProps') return fc.constant({})
  const members: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of type.fields.values())
    members[field.name] = fc.oneof(fc.constant(undefined), fc.constant(null), valueOfShape(field.shape, depth))
  return fc.record(members, { requiredKeys: [] })
}

const kinds = allResources().map(({ group, version, kind }) => ({
  group,
  version,
  kind,
  apiVersion: apiVersionOf(group, version),
}))

test.each(kinds)('$apiVersion $kind', ({ group, version, kind, apiVersion }) => {
  const type = typeForKind(group, version, kind)
  if (!type) throw new Error('no type')
  fc.assert(
    fc.property(message(type.name, 0), (made) => {
      const { object, unknown } = decodeTyped(JSON.parse(JSON.stringify(made)), type)
      expect(unknown).toEqual([])
      expect(decodeTyped(object, type).object).toEqual(object)
      const whole = { ...object, apiVersion, kind }
      expect(decodeProtobuf(encodeProtobuf(whole)).object).toEqual(whole)
    }),
    { numRuns: 8 },
  )
})
