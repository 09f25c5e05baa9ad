// Files and folders of Kubernetes YAML, read and applied for `up --apply`: what is new is created, what differs is patched
// with what the file says. The annotation is kubectl's, so that a later `kubectl apply` takes over without a warning.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../model/object.ts'
import { parseApiVersion } from '../model/object.ts'
import { resourceForKind } from '../model/schema/resources.ts'
import type { Status } from '../model/status.ts'
import type { ApiAccess } from './api-client.ts'
import { EXIT, Failure } from './failure.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export interface Manifest {
  /** File and number of the document in it. */
  readonly from: string
  readonly object: KubeObject
}

/** Files of a folder in the order of their names, not deeper, as `kubectl apply -f` takes them. */
export function readManifests(paths: readonly string[]): Manifest[] {
  return paths.flatMap((path) => manifestFiles(path)).flatMap((file) => readFile(file))
}

function manifestFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    return readdirSync(path)
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .sort()
      .map((name) => join(path, name))
  } catch (error) {
    throw new Failure('manifest-unreadable', `${path} cannot be read: ${(error as Error).message}`, undefined, EXIT.usage)
  }
}

function readFile(file: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1', merge: false })
  const manifests: Manifest[] = []
  for (const [index, document] of [...documents].entries()) {
    const from = `${file}, document ${index + 1}`
    const error = document.errors[0]
    if (error) throw new Failure('manifest-invalid', `${from}: ${error.message}`)
    const value = document.toJS({ maxAliasCount: 0 }) as (KubeObject & { items?: KubeObject[] }) | null
    if (value === null) continue
    if (value.kind === 'List' && Array.isArray(value.items)) manifests.push(...value.items.map((object) => ({ from, object })))
    else if (typeof value.kind === 'string' && typeof value.apiVersion === 'string' && value.metadata?.name)
      manifests.push({ from, object: value })
    else throw new Failure('manifest-invalid', `${from}: an object needs apiVersion, kind and metadata.name`)
  }
  return manifests
}

/** Throws at the first object that the API refuses, with its place and the API's words. */
export async function applyManifests(manifests: readonly Manifest[], api: ApiAccess): Promise<KubeObject[]> {
  const applied: KubeObject[] = []
  for (const manifest of manifests) applied.push(await applyOne(manifest, api))
  return applied
}

async function applyOne({ from, object }: Manifest, api: ApiAccess): Promise<KubeObject> {
  const resource = resourceForKind(object.apiVersion, object.kind)
  if (!resource) throw new Failure('manifest-invalid', `${from}: there is no kind ${object.kind} in ${object.apiVersion}`)
  const { group, version } = parseApiVersion(object.apiVersion)
  const namespace = resource.namespaced ? `/namespaces/${object.metadata.namespace ?? 'default'}` : ''
  const collection = `${group === '' ? '/api' : `/apis/${group}`}/${version}${namespace}/${resource.plural}`
  const item = `${collection}/${encodeURIComponent(object.metadata.name ?? '')}`
  const query = '?fieldManager=kubectl-client-side-apply&fieldValidation=Strict'
  const lastApplied = `${JSON.stringify(object)}\n`
  const annotated = {
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [LAST_APPLIED]: lastApplied } },
  }
  const existing = await api.call('GET', item)
  if (existing.code === 200) {
    const found = existing.body as KubeObject
    if (found.metadata.annotations?.[LAST_APPLIED] === lastApplied) return found
  }
  const reply =
    existing.code === 404
      ? await api.call('POST', collection + query, annotated)
      : await api.call('PATCH', item + query, annotated, 'application/strategic-merge-patch+json')
  if (reply.code >= 300) {
    throw new Failure(
      'apply-refused',
      `${from}: ${(reply.body as Status | undefined)?.message ?? `the API answered ${reply.code}`}`,
    )
  }
  return reply.body as KubeObject
}
