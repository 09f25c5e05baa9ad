// GET and LIST: order, pages of one revision, and what is said of revisions that are not there.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RequestOptions } from '../../actors/ports/api.ts'
import { ApiWorld, at, configMap, deleting, on } from './api-world.ts'

function list(world: ApiWorld, options: RequestOptions = {}, path: object = {}) {
  const answer = world.answer({ ...at('ConfigMap'), ...path, verb: 'list', options })
  if (answer.kind !== 'list')
    return { refused: answer.kind === 'status' ? `${answer.status.code} ${answer.status.message}` : '', answer }
  return { names: answer.entries.map(({ object }) => object.metadata.name), answer, refused: undefined }
}

test('in the order of namespace, then name', () => {
  const world = new ApiWorld()
  world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'aa' } })
  for (const name of ['b', 'a-1', 'a', 'a.1']) world.create(configMap(name))
  world.create(configMap('z', {}, { namespace: 'aa' }))
  expect(list(world).names).toEqual(['a', 'a-1', 'a.1', 'b'])
  expect(list(world, {}, { namespace: undefined }).names).toEqual(['z', 'a', 'a-1', 'a.1', 'b'])
})

test.each([
  ['a label', { labelSelector: 'n=1' }, ['b']],
  ['labels it must not have', { labelSelector: '!n' }, ['a']],
  ['a name', { fieldSelector: 'metadata.name=c' }, ['c']],
  ['any name but one', { fieldSelector: 'metadata.name!=c' }, ['a', 'b']],
  ['both', { labelSelector: 'n', fieldSelector: 'metadata.name=a' }, []],
])('selected by %s', (_, options, names) => {
  const world = new ApiWorld()
  world.create(configMap('a'))
  world.create(configMap('b', {}, { labels: { n: '1' } }))
  world.create(configMap('c', {}, { labels: { n: '2' } }))
  expect(list(world, options).names).toEqual(names)
})

test('pages are of one revision, whatever happens between them [A13]', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
  const change = fc.record({ name, isDelete: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 12 }),
      fc.array(fc.array(change, { maxLength: 4 })),
      fc.integer({ min: 1, max: 4 }),
      (before, between, limit) => {
        const world = new ApiWorld()
        const change = (steps: typeof before) => {
          for (const { name, isDelete } of steps)
            world.answer(isDelete ? deleting('ConfigMap', name) : on('create', configMap(name)))
        }
        change(before)
        const whole = list(world)
        const pages: unknown[] = []
        let token: string | undefined
        for (let page = 0; ; page++) {
          const { answer, names, refused } = list(world, { limit, ...(token ? { continue: token } : {}) })
          expect(refused).toBeUndefined()
          if (answer.kind !== 'list') return
          pages.push(...(names ?? []))
          expect(answer.revision).toBe(whole.answer.kind === 'list' && whole.answer.revision)
          expect(answer.remainingItemCount ?? 0).toBe((whole.names?.length ?? 0) - pages.length)
          token = answer.continue
          if (!token) break
          change(between[page] ?? [])
        }
        expect(pages).toEqual(whole.names)
      },
    ),
    { numRuns: 150, seed: 2 },
  )
})

test('a page of a past that is forgotten: 410, with a token that goes on in the present', () => {
  const world = new ApiWorld()
  for (const name of ['a', 'b', 'c']) world.create(configMap(name))
  const first = list(world, { limit: 1 }).answer
  const token = (first.kind === 'list' && first.continue) || ''
  world.create(configMap('d'))
  const again = new ApiWorld(world)
  const late = list(again, { limit: 1, continue: token })
  expect(late.refused).toMatch(/^410 The provided continue parameter is too old/)
  const { metadata } = (late.answer.kind === 'status' ? late.answer.status : {}) as unknown as { metadata: { continue: string } }
  expect(list(again, { continue: metadata.continue }).names).toEqual(['b', 'c', 'd'])
})

test.each([
  ['a version to come', { resourceVersion: '99' }, /^504 Too large resource version: 99, current: 3/],
  ['a version that is none', { resourceVersion: 'x' }, /^400 /],
  ['a token that is none', { continue: 'x' }, /^400 continue key is not valid/],
  ['a label selector that is none', { labelSelector: 'a=(' }, /^400 /],
  ['a field that cannot be selected by', { fieldSelector: 'data.x=1' }, /^400 /],
])('refused: %s', (_, options, words) => {
  const world = new ApiWorld()
  world.create(configMap('a'))
  expect(list(world, options).refused).toMatch(words)
})

test('exactly a version of the past', () => {
  const world = new ApiWorld()
  world.create(configMap('a', { x: '1' }))
  world.create(configMap('b'))
  world.answer(on('update', configMap('a', { x: '2' })))
  world.answer(deleting('ConfigMap', 'b'))
  const then = list(world, { resourceVersion: '4', resourceVersionMatch: 'Exact' }).answer
  expect(then).toMatchObject({
    revision: 4,
    entries: [{ object: { metadata: { resourceVersion: '3' }, data: { x: '1' } } }, { object: { metadata: { name: 'b' } } }],
  })
})
