// `kinora why KIND/NAME`: the decisions that were taken about an object, newest last.
import { allResources } from '../model/schema/resources.ts'
import { adminAccess } from './api-client.ts'
import { readCluster } from './cluster.ts'
import { EXIT, Failure } from './failure.ts'
import type { ClusterPaths } from './paths.ts'

export interface Why {
  readonly object: string
  readonly reasons: readonly {
    readonly time: string
    readonly revision: number
    readonly actor: string
    readonly decision: string
    readonly message: string
    readonly cause: string
    readonly perNode?: Readonly<Record<string, string>>
  }[]
}

export async function why(paths: ClusterPaths, object: string, namespace: string): Promise<Why> {
  const cluster = readCluster(paths)
  if (!cluster) throw new Failure('no-cluster', `there is no cluster ${paths.name}`, 'kinora up')
  const [word = '', name = ''] = object.split('/')
  const resource = findByWord(word.toLowerCase())
  if (!resource || name === '') {
    throw new Failure('object-unknown', `"${object}" is not KIND/NAME, such as pod/web-1`, undefined, EXIT.usage)
  }
  const api = adminAccess(paths, cluster.port)
  try {
    const inNamespace = resource.namespaced ? namespace : '-'
    const reply = await api.call('GET', `/kinora/v1/why/${resource.storageName}/${inNamespace}/${encodeURIComponent(name)}`)
    if (reply.code !== 200) throw new Failure('why-failed', `the API answered ${reply.code}`)
    const reasons = (reply.body as Partial<Why>).reasons ?? []
    return { object: `${resource.singular}/${name}`, reasons }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('api-unreachable', `the API does not answer: ${(error as Error).message}`, 'kinora status')
  } finally {
    api.close()
  }
}

const findByWord = (word: string) =>
  allResources().find(
    (resource) =>
      resource.plural === word ||
      resource.singular === word ||
      resource.kind.toLowerCase() === word ||
      resource.shortNames.includes(word),
  )
