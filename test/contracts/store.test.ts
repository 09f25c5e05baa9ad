import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Outcome } from '../../actors/ports/store.ts'
import { createMemoryStore, MemoryDisk } from '../../runtime/store/memory.ts'
import { createSqliteStore } from '../../runtime/store/sqlite.ts'
import { close, commit, open, put, remove, storeContract } from './store.contract.ts'

// The real clock in the shape of the port.
const host = { clock: { now: () => 0, setTimeout, clearTimeout: () => {} }, defer: setImmediate }

storeContract('memory', () => {
  const disk = new MemoryDisk()
  return { store: () => createMemoryStore(host, disk), remove: () => {} }
})

storeContract('sqlite', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kinora-store-'))
  return { store: () => createSqliteStore({ directory }), remove: () => rmSync(directory, { recursive: true }) }
})

describe('memory', () => {
  // A heap of one: what is deferred runs when the test says so.
  const stepping = () => {
    const queue: (() => void)[] = []
    return {
      host: { ...host, defer: (callback: () => void) => void queue.push(callback) },
      run: () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) next()
      },
    }
  }

  test.each([
    { groupsWritten: 0, kept: ['a'], revision: 2 },
    { groupsWritten: 1, kept: ['a', 'b'], revision: 3 },
  ])('a crash returns to the last sync, $groupsWritten groups later', ({ groupsWritten, kept, revision }) => {
    const { host, run } = stepping()
    const disk = new MemoryDisk()
    const told: Outcome[] = []
    const tell = (outcomes: readonly Outcome[]) => void told.push(...outcomes)
    const store = createMemoryStore(host, disk)
    store.open(
      () => {},
      () => {},
    )
    run()
    store.commit([put('a', '1')], tell)
    run()
    store.commit([put('b', '1')], tell)
    store.commit([put('c', '1')], tell)
    disk.crash(groupsWritten)
    run()
    expect(told).toEqual([{ result: 'committed', revision: 2 }])

    const rows: string[] = []
    createMemoryStore(host, disk).open(
      ({ key }) => rows.push(key),
      (outcome) => expect(outcome).toEqual({ result: 'opened', revision, epoch: 2 }),
    )
    run()
    expect(rows).toEqual(kept)
  })

  test('a full disk takes no put and every delete', async () => {
    const disk = new MemoryDisk()
    const store = createMemoryStore(host, disk)
    await open(store)
    await commit(store, put('a', 'x'.repeat(90)))
    disk.faults.capacityBytes = 100
    expect(await commit(store, put('b', 'x'.repeat(90)), remove('a'), put('b', 'x'.repeat(90)))).toMatchObject([
      { result: 'full' },
      { result: 'committed' },
      { result: 'committed' },
    ])
  })
})

describe('sqlite', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kinora-store-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const written = async (...keys: string[]) => {
    const store = createSqliteStore({ directory })
    await open(store)
    await commit(store, ...keys.map((key) => put(key, '1')))
    await close(store)
  }

  test('the data are private [T6]', async () => {
    const store = createSqliteStore({ directory: join(directory, 'deep', 'data') })
    await open(store)
    await commit(store, put('a', '1'))
    const data = join(directory, 'deep', 'data')
    expect(statSync(data).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(data)) expect([file, statSync(join(data, file)).mode & 0o777]).toEqual([file, 0o600])
    await close(store)
  })

  test('another format version is refused and named [T4]', async () => {
    await written('a')
    const db = new DatabaseSync(join(directory, 'state.db'))
    db.exec('PRAGMA user_version = 7')
    db.close()
    const { outcome } = await open(createSqliteStore({ directory }))
    expect(outcome).toMatchObject({
      result: 'refused',
      reason: 'version',
      message: expect.stringMatching(/format version 7; .* reads 1/),
    })
  })

  test("somebody else's database is refused", async () => {
    const db = new DatabaseSync(join(directory, 'state.db'))
    db.exec('CREATE TABLE notes (text TEXT)')
    db.close()
    expect((await open(createSqliteStore({ directory }))).outcome).toMatchObject({ result: 'refused', reason: 'version' })
  })

  test.each([
    ['a file that is no database', (bytes: Buffer) => bytes.fill('not a database')],
    ['a file with a torn page', (bytes: Buffer) => bytes.fill(0xff, 4096 * 3)],
    ['a file cut short', (bytes: Buffer) => bytes.subarray(0, 4096 * 2)],
  ])('%s is refused as damaged', async (_, damage) => {
    await written(...Array.from({ length: 500 }, (_, i) => `/pods/default/web-${i}`))
    const file = join(directory, 'state.db')
    writeFileSync(file, damage(readFileSync(file)))
    expect((await open(createSqliteStore({ directory }))).outcome).toMatchObject({ result: 'refused', reason: 'damaged' })
  })

  test('a directory that cannot be made is refused, in words', async () => {
    writeFileSync(join(directory, 'file'), '')
    const { outcome } = await open(createSqliteStore({ directory: join(directory, 'file', 'data') }))
    expect(outcome).toMatchObject({ result: 'refused', reason: 'failed', message: expect.stringContaining('ENOTDIR') })
  })

  test('a full disk: puts are answered so, deletes still work, reads go on after [T5]', async () => {
    const store = createSqliteStore({ directory, maxBytes: 256 * 1024 })
    await open(store)
    await commit(store, put('large', 'x'.repeat(150_000)))
    expect(await commit(store, put('b', 'x'.repeat(150_000)), put('small', '1'))).toMatchObject([
      { result: 'full' },
      { result: 'committed' },
    ])
    expect(await commit(store, remove('large'), put('b', 'x'.repeat(150_000)))).toMatchObject([
      { result: 'committed' },
      { result: 'committed' },
    ])
    await close(store)
  })

  test('kill -9 in the middle: every acknowledged write is there, and the data are free at once [T1]', async () => {
    const writer = `
      import { createSqliteStore } from ${JSON.stringify(new URL('../../runtime/store/sqlite.ts', import.meta.url).href)}
      const store = createSqliteStore({ directory: ${JSON.stringify(directory)} })
      let n = 0
      const write = () => {
        const key = 'k' + n++
        store.commit([{ when: [], puts: [{ key, value: 'x'.repeat(n % 9000) }, { key: 'twin-' + key, value: '' }], deletes: [] }], ([outcome]) => {
          process.stdout.write(key + ' ' + outcome.revision + '\\n')
          write()
        })
      }
      store.open(() => {}, () => { for (let i = 0; i < 8; i++) write() })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer], { stdio: ['ignore', 'pipe', 'inherit'] })
    let acknowledged = ''
    child.stdout.on('data', (chunk) => {
      acknowledged += chunk
      if (acknowledged.length > 20_000) child.kill('SIGKILL')
    })
    await new Promise((resolve) => child.on('close', resolve))
    const store = createSqliteStore({ directory })
    const { rows, outcome } = await open(store)
    await close(store)
    const revisions = new Map(rows.map(({ key, revision }) => [key, revision]))
    const lines = acknowledged.slice(0, acknowledged.lastIndexOf('\n')).split('\n')
    expect(lines.length).toBeGreaterThan(1_000)
    for (const line of lines) {
      const [key = '', revision] = line.split(' ')
      expect([key, revisions.get(key)]).toEqual([key, Number(revision)])
      expect(revisions.get(`twin-${key}`)).toBe(Number(revision))
    }
    expect(outcome).toMatchObject({ result: 'opened', epoch: 2 })
  })

  test('a directory without permission is refused, in words', async () => {
    if (process.getuid?.() === 0) return console.log('skipped: root may write anywhere')
    chmodSync(directory, 0o500)
    expect((await open(createSqliteStore({ directory: join(directory, 'data') }))).outcome).toMatchObject({ reason: 'failed' })
    chmodSync(directory, 0o700)
  })
})
