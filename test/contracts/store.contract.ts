// What every adapter of the store port must do (actors/ports/store.ts). Run over each by store.test.ts.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Commit, Opened, Outcome, Store, StoredRow } from '../../actors/ports/store.ts'

/** One place where data lie. Every call of `store` gives another store over the same data, not yet open. */
export interface Subject {
  store(): Store
  remove(): void
}

export interface OpenedStore {
  readonly rows: readonly StoredRow[]
  readonly outcome: Opened
}

export const open = (store: Store): Promise<OpenedStore> =>
  new Promise((resolve) => {
    const rows: StoredRow[] = []
    store.open(
      (row) => rows.push(row),
      (outcome) => resolve({ rows, outcome }),
    )
  })
export const commit = (store: Store, ...group: Commit[]): Promise<readonly Outcome[]> =>
  new Promise((resolve) => store.commit(group, resolve))
export const close = (store: Store): Promise<void> => new Promise((resolve) => store.close(resolve))

export const put = (key: string, value: string, ...when: Commit['when']): Commit => ({
  when,
  puts: [{ key, value }],
  deletes: [],
})
export const remove = (key: string, ...when: Commit['when']): Commit => ({ when, puts: [], deletes: [key] })

export function storeContract(name: string, subject: () => Subject): void {
  describe(`store: ${name}`, () => {
    let place: Subject
    let store: Store
    let first: OpenedStore

    beforeEach(async () => {
      place = subject()
      store = place.store()
      first = await open(store)
    })
    afterEach(async () => {
      await close(store)
      place.remove()
    })

    const reopened = async (): Promise<OpenedStore> => {
      await close(store)
      store = place.store()
      return open(store)
    }

    test('an empty store opens at revision 1, epoch 1', () => {
      expect(first).toEqual({ rows: [], outcome: { result: 'opened', revision: 1, epoch: 1 } })
    })

    test('each commit of a group has a revision of its own, and sees those before it', async () => {
      expect(
        await commit(
          store,
          put('a', '1', { key: 'a', absent: true }),
          put('a', '2', { key: 'a', revision: 2 }),
          put('a', '3', { key: 'a', revision: 2 }),
          remove('a', { key: 'a', revision: 3 }),
          put('b', '1', { key: 'a', absent: true }),
        ),
      ).toEqual([
        { result: 'committed', revision: 2 },
        { result: 'committed', revision: 3 },
        { result: 'conflict', condition: { key: 'a', revision: 2 } },
        { result: 'committed', revision: 4 },
        { result: 'committed', revision: 5 },
      ])
    })

    test('a commit is all or nothing [T2]', async () => {
      const [, both] = await commit(store, put('a', '1'), {
        when: [
          { key: 'b', absent: true },
          { key: 'a', absent: true },
        ],
        puts: [
          { key: 'b', value: '1' },
          { key: 'c', value: '1' },
        ],
        deletes: ['a'],
      })
      expect(both).toEqual({ result: 'conflict', condition: { key: 'a', absent: true } })
      expect((await reopened()).rows).toEqual([{ key: 'a', value: '1', revision: 2 }])
    })

    test('rows come back in the order of keys, with the revision of their newest write; revisions go on', async () => {
      await commit(store, put('/pods/b', 'b'), put('/pods/a', 'a'), put('/nodes/x', 'ü €'))
      await commit(store, put('/pods/b', 'b2'), remove('/pods/a'))
      const again = await reopened()
      expect(again.rows).toEqual([
        { key: '/nodes/x', value: 'ü €', revision: 4 },
        { key: '/pods/b', value: 'b2', revision: 5 },
      ])
      // 6 deleted a row; the number is not given to another write.
      expect(again.outcome).toEqual({ result: 'opened', revision: 6, epoch: 2 })
      expect(await commit(store, put('/pods/c', 'c'))).toEqual([{ result: 'committed', revision: 7 }])
    })

    test('many rows survive', async () => {
      const keys = Array.from({ length: 3_000 }, (_, i) => `/pods/${String(i).padStart(5, '0')}`)
      await commit(store, ...keys.map((key) => put(key, `{"metadata":{"name":"${key}"}}`)))
      expect((await reopened()).rows.map((row) => row.key)).toEqual(keys)
    })

    test('a writer of an earlier epoch is fenced off [T3]', async () => {
      await reopened()
      expect(await commit(store, put('a', '1', { epoch: 1 }), put('a', '1', { epoch: 2 }))).toEqual([
        { result: 'conflict', condition: { epoch: 1 } },
        { result: 'committed', revision: 2 },
      ])
    })

    test('groups settle later, in the order in which they were handed in', async () => {
      const settled: number[] = []
      const write = async (i: number) => {
        const outcomes = await commit(store, put('k', String(i)))
        settled.push(i)
        return outcomes
      }
      const all = Promise.all(Array.from({ length: 50 }, (_, i) => write(i)))
      expect(settled).toEqual([])
      const revisions = (await all).map(([outcome]) => outcome?.result === 'committed' && outcome.revision)
      expect(settled).toEqual(Array.from({ length: 50 }, (_, i) => i))
      expect(revisions).toEqual(Array.from({ length: 50 }, (_, i) => i + 2))
    })

    test('an empty group settles too', async () => {
      expect(await commit(store)).toEqual([])
    })

    test('closing finishes what was handed in; afterwards nothing is written', async () => {
      const last = commit(store, put('a', '1'))
      const again = await reopened()
      expect(await last).toEqual([{ result: 'committed', revision: 2 }])
      expect(again.rows).toHaveLength(1)
      await close(store)
      expect(await commit(store, put('a', '2'))).toMatchObject([{ result: 'failed' }])
      store = place.store()
      expect((await open(store)).rows).toEqual([{ key: 'a', value: '1', revision: 2 }])
    })

    test('data in use are refused, and the one who holds them goes on [T4]', async () => {
      const second = place.store()
      expect((await open(second)).outcome).toMatchObject({ result: 'refused', reason: 'in-use' })
      await close(second)
      expect(await commit(store, put('a', '1'))).toEqual([{ result: 'committed', revision: 2 }])
    })

    test('a value of 1.5 MiB is kept, a byte more is refused and spoils nobody else', async () => {
      const largest = 'x'.repeat(1.5 * 1024 * 1024)
      expect(
        await commit(store, put('a', largest), put('b', `${largest}x`), put('k'.repeat(1025), ''), put('c', '1')),
      ).toMatchObject([
        { result: 'committed', revision: 2 },
        { result: 'failed' },
        { result: 'failed' },
        { result: 'committed', revision: 3 },
      ])
      expect((await reopened()).rows.map(({ key, value }) => [key, value.length])).toEqual([
        ['a', largest.length],
        ['c', 1],
      ])
    })
  })
}
