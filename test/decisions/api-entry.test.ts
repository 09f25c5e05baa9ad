// One version of an object, encoded once: what is stored, what is served and what is parsed say the same, whatever is asked
// for first, and however often the version is told anew.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeForStore, StoredEntry } from '../../actors/master/api/state/entry.ts'
import type { KubeObject } from '../../model/object.ts'

const place = { key: '/registry/configmaps/default/a', namespace: 'default', name: 'a' }
const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as KubeObject

const objects = fc
  .record({
    metadata: fc.dictionary(fc.constantFrom('name', 'labels', 'metadata', 'annotations'), fc.jsonValue()),
    data: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.constant('"metadata":{"resourceVersion":"1"'))),
  })
  .map((object) => ({ apiVersion: 'v1', kind: 'ConfigMap', ...object }) as unknown as KubeObject)

test('bytes, object and what is told at the end agree, in every order of asking', () => {
  const ask = fc.constantFrom<(entry: StoredEntry) => unknown>(
    (entry) => entry.bytes,
    (entry) => entry.object,
    (entry) => entry.superseded(),
  )
  fc.assert(
    fc.property(objects, fc.array(ask), fc.integer({ min: 1, max: 10 ** 9 }), fc.boolean(), (object, asks, revision, known) => {
      const text = encodeForStore(object)
      const entry = new StoredEntry(place, revision, 'v1', text, known ? object : undefined)
      for (const each of asks) each(entry)
      const at = (version: number) => {
        const stored = JSON.parse(text) as KubeObject
        return { ...stored, metadata: { ...stored.metadata, resourceVersion: String(version) } }
      }
      const last = entry.deletedAt(revision + 7)
      expect(JSON.parse(JSON.stringify(entry.object))).toEqual(at(revision))
      expect(decode(entry.bytes)).toEqual(at(revision))
      expect(decode(last.bytes)).toEqual(at(revision + 7))
      expect(JSON.parse(JSON.stringify(last.object))).toEqual(at(revision + 7))
    }),
    { seed: 20_261 },
  )
})

test('what is not encoded twice is the same bytes', () => {
  const entry = new StoredEntry(place, 3, 'v1', '{"kind":"ConfigMap","apiVersion":"v1","metadata":{}}')
  expect(entry.bytes).toBe(entry.bytes)
  expect(entry.in('v1').bytes).toBe(entry.bytes)
  expect(new TextDecoder().decode(entry.bytes)).toBe('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"3"}}')
})
