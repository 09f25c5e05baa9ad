// `kinora up` on a cluster that runs: what it would have said, and the context entered again.
import { openPki } from '../runtime/identity/pki.ts'
import { adminAccess } from './api-client.ts'
import { readCluster } from './cluster.ts'
import { Failure } from './failure.ts'
import { kubeconfigFiles, upsertContext } from './kubeconfig.ts'
import { type ClusterPaths, contextName } from './paths.ts'
import { status } from './status.ts'
import { elapsedMs, type Ready, serviceUrls, type UpOptions } from './up.ts'

export async function alreadyUp(options: UpOptions, paths: ClusterPaths): Promise<Ready> {
  const cluster = readCluster(paths)
  if (!cluster) throw new Failure('starting', `${options.name} is being brought up by another command`, 'kinora status')
  const { nodes, server, store } = await status(options.name, paths)
  const context = contextName(options.name)
  const { authority, admin } = openPki({ directory: paths.pki })
  const { file, previousContext } = await upsertContext(
    kubeconfigFiles(process.env, process.env.HOME ?? '', options.kubeconfig),
    { name: context, server, authority, certificate: admin.certificate, key: admin.key },
    options.switchContext,
  )
  const api = adminAccess(paths, cluster.port)
  try {
    return {
      event: 'ready',
      name: options.name,
      server,
      kubeconfig: file,
      context,
      ...(previousContext ? { previousContext } : {}),
      dataDir: paths.data,
      store,
      nodes: nodes.filter(({ ready }) => ready).length,
      urls: await serviceUrls(api),
      elapsedMs: elapsedMs(),
    }
  } finally {
    api.close()
  }
}
