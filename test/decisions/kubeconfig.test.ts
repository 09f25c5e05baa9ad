import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { kubeconfigFiles, removeContext, upsertContext } from '../../cli/kubeconfig.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kinora-kubeconfig-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const at = (name: string) => join(home, name)
const read = (name: string) => readFileSync(at(name), 'utf8')
const access = (name: string) => ({ name, server: 'https://127.0.0.1:6443', authority: 'CA', certificate: 'CERT', key: 'KEY' })

const THEIRS = `# my clusters
apiVersion: v1
clusters:
- cluster: {server: https://prod.example} # careful
  name: prod
contexts:
- context:
    cluster: prod
    user: me
  name: prod
current-context: prod
kind: Config
preferences: {}
users:
- name: me
  user:
    token: abc   # rotates
`

test.each([
  ['the default', {}, undefined, ['$HOME/.kube/config']],
  ['a list, with holes and repetitions', { KUBECONFIG: ':/a::/b:/a' }, undefined, ['/a', '/b']],
  ['an empty variable', { KUBECONFIG: '' }, undefined, ['$HOME/.kube/config']],
  ['an explicit file', { KUBECONFIG: '/a:/b' }, '/c', ['/c']],
])('which files are read: %s', (_, env, explicit, files) => {
  expect(kubeconfigFiles(env, home, explicit)).toEqual(files.map((file) => file.replace('$HOME', home)))
})

test.each([
  ['the first that exists', ['missing', 'a', 'b'], 'a'],
  ['the last, when none exists', ['missing', 'new'], 'new'],
])('which file is written: %s', async (_, files, written) => {
  for (const file of ['a', 'b']) writeFileSync(at(file), THEIRS)
  expect((await upsertContext(files.map(at), access('kinora'))).file).toBe(at(written))
  expect(read(written)).toContain('kinora')
})

test('a missing file is made with its folders, private, and serves kubectl', async () => {
  expect(await upsertContext([at('deep/.kube/config')], access('kinora'))).toEqual({ file: at('deep/.kube/config') })
  expect(statSync(at('deep/.kube/config')).mode & 0o777).toBe(0o600)
  expect(parse(read('deep/.kube/config'))).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kinora', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'kinora', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
    contexts: [{ name: 'kinora', context: { cluster: 'kinora', user: 'kinora' } }],
    'current-context': 'kinora',
  })
})

test('what comes and goes leaves the file as it was', async () => {
  writeFileSync(at('config'), THEIRS)
  expect(await upsertContext([at('config')], access('kinora'))).toEqual({ file: at('config'), previousContext: 'prod' })
  expect(parse(read('config'))).toMatchObject({ 'current-context': 'kinora', clusters: [{ name: 'prod' }, { name: 'kinora' }] })
  expect(await removeContext([at('config')], 'kinora')).toEqual({ restoredContext: 'prod' })
  // Only spaces that carry nothing may differ.
  const normalized = (text: string) => text.replace(/ +/g, ' ').replace(/\{ /g, '{').replace(/ \}/g, '}').replace(/^ - /gm, '- ')
  expect(normalized(read('config')).replace(/^ +/gm, '')).toBe(normalized(THEIRS).replace(/^ +/gm, ''))
  expect(readdirSync(home)).toEqual(['config'])
})

test('brought up twice: one entry, the newest address, and the first context remembered', async () => {
  writeFileSync(at('config'), THEIRS)
  await upsertContext([at('config')], access('kinora'))
  const again = await upsertContext([at('config')], { ...access('kinora'), server: 'https://127.0.0.1:7443' })
  expect(again.previousContext).toBe('prod')
  expect(parse(read('config')).clusters).toMatchObject([{ name: 'prod' }, { cluster: { server: 'https://127.0.0.1:7443' } }])
  expect(await removeContext([at('config')], 'kinora')).toEqual({ restoredContext: 'prod' })
})

test.each([
  ['the user has switched away', (file: string) => file.replace('current-context: kinora', 'current-context: prod'), {}, 'prod'],
  ['the one before is gone', (file: string) => file.replaceAll('name: prod', 'name: renamed'), {}, ''],
])('removal when %s', async (_, edit, answer, current) => {
  writeFileSync(at('config'), THEIRS)
  await upsertContext([at('config')], access('kinora'))
  writeFileSync(at('config'), edit(read('config')))
  expect(await removeContext([at('config')], 'kinora')).toEqual(answer)
  expect(parse(read('config'))['current-context']).toBe(current)
})

test('without switching the current context stays', async () => {
  writeFileSync(at('config'), THEIRS)
  await upsertContext([at('config')], access('kinora'), false)
  expect(parse(read('config'))['current-context']).toBe('prod')
})

test('the context before may be in another file of the list', async () => {
  writeFileSync(at('first'), 'apiVersion: v1\nkind: Config\nclusters: null\n')
  writeFileSync(at('second'), THEIRS)
  const files = [at('first'), at('second')]
  expect(await upsertContext(files, access('kinora'))).toEqual({ file: at('first'), previousContext: 'prod' })
  expect(read('second')).toBe(THEIRS)
  expect(await removeContext(files, 'kinora')).toEqual({ restoredContext: 'prod' })
})

test('a symbolic link stays one', async () => {
  writeFileSync(at('real'), THEIRS)
  symlinkSync('real', at('config'))
  symlinkSync('not-yet', at('dangling'))
  await upsertContext([at('config')], access('kinora'))
  await upsertContext([at('dangling')], access('kinora'))
  expect(lstatSync(at('config')).isSymbolicLink()).toBe(true)
  expect(read('real')).toContain('kinora')
  expect(read('not-yet')).toContain('kinora')
})

test('a lock that was left behind is broken, a fresh one waited for', async () => {
  writeFileSync(at('config.lock'), '')
  utimesSync(at('config.lock'), new Date(0), new Date(0))
  await upsertContext([at('config')], access('kinora'))
  expect(existsSync(at('config.lock'))).toBe(false)

  writeFileSync(at('config.lock'), '')
  const waiting = upsertContext([at('config')], access('other'))
  expect(read('config')).not.toContain('other')
  rmSync(at('config.lock'))
  await waiting
  expect(read('config')).toContain('other')
})

test('writers at the same time lose nothing', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `kinora-${i}`)
  await Promise.all(names.map((name) => upsertContext([at('config')], access(name))))
  expect(
    parse(read('config'))
      .contexts.map(({ name }: { name: string }) => name)
      .sort(),
  ).toEqual(names)
})

test.each([
  ['not YAML', '{'],
  ['not a mapping', '- a\n- b\n'],
])('%s: an error that names the file, and the file untouched', async (_, text) => {
  writeFileSync(at('config'), text)
  await expect(upsertContext([at('config')], access('kinora'))).rejects.toThrow(at('config'))
  expect(read('config')).toBe(text)
  expect(readdirSync(home)).toEqual(['config'])
})

test('kubectl reads it', async () => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
  } catch {
    return console.log('skipped: kubectl is not installed')
  }
  writeFileSync(at('config'), THEIRS)
  await upsertContext([at('config')], access('kinora'))
  const kubectl = (...args: string[]) =>
    execFileSync('kubectl', ['--kubeconfig', at('config'), 'config', ...args], { encoding: 'utf8' })
  expect(kubectl('current-context')).toBe('kinora\n')
  // kubectl rewrites the file; what the cluster remembers must survive it.
  kubectl('set-context', '--current', '--namespace=web')
  expect(await removeContext([at('config')], 'kinora')).toEqual({ restoredContext: 'prod' })
  expect(kubectl('get-contexts', '-o', 'name')).toBe('prod\n')
})
