// Adds a cluster to the user's kubeconfig and takes it out again, as kind does: which file by the rules of $KUBECONFIG,
// under the lock file that kubectl uses, and with everything else in the file left as it was.
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'

/** Nobody holds the lock longer than it takes to write a small file; one that is older was left by a process that died. */
const LOCK_STALE_MS = 10_000
const LOCK_RETRY_MS = 25
const LINKS_AT_MOST = 40

export interface ClusterAccess {
  /** Of the context, the cluster and the user. */
  readonly name: string
  readonly server: string
  /** PEM, like the two below. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

export interface Upserted {
  readonly file: string
  /** The context that was current before this cluster's, if there was one. */
  readonly previousContext?: string
}

/** In the order in which kubectl reads them; the first that sets a value wins. */
export function kubeconfigFiles(env: Readonly<Record<string, string | undefined>>, home: string, explicit?: string): string[] {
  if (explicit) return [resolve(explicit)]
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  return listed.length > 0 ? [...new Set(listed.map((file) => resolve(file)))] : [join(home, '.kube', 'config')]
}

/** Throws, with the file's name, when a file is not a kubeconfig or cannot be written. */
export async function upsertContext(files: readonly string[], access: ClusterAccess, switchContext = true): Promise<Upserted> {
  const file = fileToWrite(files)
  const currentContext = mergedCurrentContext(files)
  return withLock(file, () => {
    const kubeconfig = readKubeconfig(file) ?? parseDocument('apiVersion: v1\nkind: Config\n')
    const { name } = access
    // Brought up twice, the cluster must not remember itself.
    const previousContext = currentContext === name ? rememberedBy(kubeconfig, name) : currentContext
    upsert(kubeconfig, 'clusters', name, {
      cluster: { 'certificate-authority-data': base64(access.authority), server: access.server },
    })
    upsert(kubeconfig, 'users', name, {
      user: { 'client-certificate-data': base64(access.certificate), 'client-key-data': base64(access.key) },
    })
    upsert(kubeconfig, 'contexts', name, {
      context: {
        cluster: name,
        ...(previousContext ? { extensions: [{ name: EXTENSION, extension: { previousContext } }] } : {}),
        user: name,
      },
    })
    if (switchContext) kubeconfig.set('current-context', name)
    writeAtomically(file, kubeconfig)
    return { file, ...(previousContext ? { previousContext } : {}) }
  })
}

/** Takes the cluster out of every file; where its context is current, the one before becomes current again, if it still exists. */
export async function removeContext(files: readonly string[], name: string): Promise<{ restoredContext?: string }> {
  let restored: string | undefined
  for (const file of files) {
    if (!exists(file)) continue
    await withLock(file, () => {
      const kubeconfig = readKubeconfig(file)
      if (kubeconfig === undefined) return
      const previous = rememberedBy(kubeconfig, name)
      let changed = false
      for (const list of ['clusters', 'users', 'contexts']) changed = removeFrom(kubeconfig, list, name) || changed
      if (kubeconfig.get('current-context') === name) {
        restored = previous !== undefined && hasContext(files, previous) ? previous : undefined
        kubeconfig.set('current-context', restored ?? '')
        changed = true
      }
      if (changed) writeAtomically(file, kubeconfig)
    })
  }
  return restored === undefined ? {} : { restoredContext: restored }
}

// The place for what this program remembers in an entry; kubectl keeps extensions that it does not know.
const EXTENSION = 'kinora'

type Kubeconfig = Document

// kind's rule: the first that exists, else the last of the list.
const fileToWrite = (files: readonly string[]): string => files.find(exists) ?? files.at(-1) ?? ''

function mergedCurrentContext(files: readonly string[]): string | undefined {
  for (const file of files) {
    const current = readKubeconfig(file)?.get('current-context')
    if (typeof current === 'string' && current !== '') return current
  }
  return undefined
}

const hasContext = (files: readonly string[], name: string): boolean =>
  files.some((file) => {
    const kubeconfig = readKubeconfig(file)
    return kubeconfig !== undefined && entriesOf(kubeconfig, 'contexts').some((entry) => entry.get('name') === name)
  })

function rememberedBy(kubeconfig: Kubeconfig, name: string): string | undefined {
  const context = entriesOf(kubeconfig, 'contexts').find((entry) => entry.get('name') === name)
  const extensions = context?.getIn(['context', 'extensions'])
  if (!isSeq(extensions)) return undefined
  const ours = extensions.items.find((item): item is YAMLMap => isMap(item) && item.get('name') === EXTENSION)
  const previous = ours?.getIn(['extension', 'previousContext'])
  return typeof previous === 'string' && previous !== '' ? previous : undefined
}

const entriesOf = (kubeconfig: Kubeconfig, list: string): YAMLMap[] => {
  const entries = kubeconfig.get(list)
  return isSeq(entries) ? entries.items.filter((item): item is YAMLMap => isMap(item)) : []
}

function upsert(kubeconfig: Kubeconfig, list: string, name: string, fields: Record<string, unknown>): void {
  const existing = entriesOf(kubeconfig, list).find((entry) => entry.get('name') === name)
  if (existing !== undefined) {
    for (const [field, value] of Object.entries(fields)) existing.set(field, kubeconfig.createNode(value))
    return
  }
  if (!isSeq(kubeconfig.get(list))) kubeconfig.set(list, kubeconfig.createNode([]))
  const entries = kubeconfig.get(list) as YAMLSeq
  if (entries.items.length === 0) entries.flow = false
  entries.add(kubeconfig.createNode({ ...fields, name }))
}

function removeFrom(kubeconfig: Kubeconfig, list: string, name: string): boolean {
  const entries = kubeconfig.get(list)
  if (!isSeq(entries)) return false
  const kept = entries.items.filter((item) => !(isMap(item) && item.get('name') === name))
  const changed = kept.length !== entries.items.length
  entries.items = kept
  return changed
}

function readKubeconfig(file: string): Kubeconfig | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  const kubeconfig: Kubeconfig = parseDocument(text.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : text)
  const problem = kubeconfig.errors[0]?.message ?? (isMap(kubeconfig.contents) ? undefined : 'it is not a mapping')
  if (problem !== undefined) throw new Error(`${file} is not a kubeconfig: ${problem}`)
  return kubeconfig
}

// Renaming would replace a symbolic link by a file: what it points to is written instead. Keys are inside: private.
function writeAtomically(file: string, kubeconfig: Kubeconfig): void {
  const target = followLinks(file)
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
  const written = `${target}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(written, kubeconfig.toString({ lineWidth: 0 }), { mode: 0o600, flag: 'wx' })
    renameSync(written, target)
  } catch (error) {
    rmSync(written, { force: true })
    throw error
  }
}

function followLinks(file: string): string {
  let target = file
  for (let n = 0; n < LINKS_AT_MOST; n++) {
    try {
      target = resolve(dirname(target), readlinkSync(target))
    } catch {
      return target
    }
  }
  throw new Error(`${file}: too many levels of symbolic links`)
}

// The lock of client-go (tools/clientcmd/config.go), so that kubectl and this program exclude each other.
async function withLock<T>(file: string, work: () => T): Promise<T> {
  const lock = `${file}.lock`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  while (!takeLock(lock)) {
    breakStaleLock(lock)
    await sleep(LOCK_RETRY_MS)
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function takeLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx', 0o600))
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

// Moved away before it is removed: two that find the same stale lock cannot then remove each other's fresh one.
function breakStaleLock(lock: string): void {
  try {
    if (Date.now() - statSync(lock).mtimeMs < LOCK_STALE_MS) return
    const moved = `${lock}.${randomBytes(6).toString('hex')}`
    renameSync(lock, moved)
    rmSync(moved)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function exists(file: string): boolean {
  try {
    statSync(file)
    return true
  } catch {
    return false
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code
