// Who may do what. Administrators and the Master's own controllers everything; a node what its pods need and what it says of
// itself; everybody else nothing, until RBAC comes. After Kubernetes' Node authorizer.
import type { Pod } from '../../../model/schema/kinds/core-v1.ts'
import { failure, type Status } from '../../../model/status.ts'
import type { ResourcePath } from '../../ports/api.ts'
import type { View } from '../../ports/view.ts'
import type { User } from './api.protocol.ts'

export interface Attributes extends ResourcePath {
  /** A verb of the API, `watch` included. */
  readonly verb: string
  /** Of a list or watch. */
  readonly fieldSelector?: string
}

const NODE_PREFIX = 'system:node:'
const CONTROLLER_PREFIX = 'system:serviceaccount:kube-system:'
const READS = new Set(['get', 'list', 'watch'])

export function authorise(user: User, asked: Attributes, view: View): Status | undefined {
  if (user.groups.includes('system:masters')) return undefined
  if (user.name.startsWith('system:kube-') || user.name.startsWith(CONTROLLER_PREFIX)) return undefined
  const node = nodeOf(user)
  if (node !== undefined && nodeMay(node, asked, view)) return undefined
  return refusal(user, asked)
}

/** The node that a user is, by its certificate. */
export const nodeOf = ({ name, groups }: User): string | undefined =>
  groups.includes('system:nodes') && name.startsWith(NODE_PREFIX) ? name.slice(NODE_PREFIX.length) : undefined

function nodeMay(
  node: string,
  { verb, group, resource, namespace = '', name = '', subresource = '', fieldSelector = '' }: Attributes,
  view: View,
): boolean {
  const reads = READS.has(verb)
  switch (group === '' ? resource : `${resource}.${group}`) {
    case 'nodes':
      return reads || verb === 'create' || (name === node && (verb === 'update' || verb === 'patch'))
    case 'leases.coordination.k8s.io':
      return namespace === 'kube-node-lease' && (verb === 'create' || name === node)
    case 'events':
    case 'events.events.k8s.io':
      return verb === 'create' || verb === 'patch' || verb === 'update'
    case 'services':
    case 'endpointslices.discovery.k8s.io':
      return reads
    case 'pods': {
      if (verb === 'list' || verb === 'watch') return fieldSelector.split(',').includes(`spec.nodeName=${node}`)
      const pod = view.get<Pod>('pods', namespace, name)
      if (pod?.spec?.nodeName !== node) return false
      return (
        verb === 'get' ||
        (verb === 'delete' && subresource === '') ||
        (subresource === 'status' && (verb === 'patch' || verb === 'update'))
      )
    }
    case 'configmaps':
    case 'secrets':
    case 'serviceaccounts':
      return verb === 'get' && isReferenced(node, resource, namespace, name, view)
    default:
      return false
  }
}

/** Whether a pod of the node refers to the object: in a volume, in an environment, as its account. */
function isReferenced(node: string, resource: string, namespace: string, name: string, view: View): boolean {
  for (const { metadata, spec } of view.podsOnNode<Pod>(node)) {
    if (metadata.namespace !== namespace || !spec) continue
    if (resource === 'serviceaccounts') {
      if (spec.serviceAccountName === name) return true
      continue
    }
    const isSecret = resource === 'secrets'
    if (isSecret && spec.imagePullSecrets?.some((reference) => reference.name === name)) return true
    for (const volume of spec.volumes ?? []) {
      const sources = [volume, ...(volume.projected?.sources ?? [])]
      for (const source of sources) {
        const found = isSecret
          ? ((source.secret as { secretName?: string; name?: string } | undefined)?.secretName ??
            (source.secret as { name?: string } | undefined)?.name)
          : (source.configMap as { name?: string } | undefined)?.name
        if (found === name) return true
      }
    }
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      if (container.envFrom?.some((from) => (isSecret ? from.secretRef : from.configMapRef)?.name === name)) return true
      if (
        container.env?.some(({ valueFrom }) => (isSecret ? valueFrom?.secretKeyRef : valueFrom?.configMapKeyRef)?.name === name)
      )
        return true
    }
  }
  return false
}

/** In the words of Kubernetes' authorisation filter. */
function refusal(user: User, { verb, group, resource, namespace, name, subresource }: Attributes): Status {
  const what = group === '' ? resource : `${resource}.${group}`
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope'
  const asked = subresource ? `${resource}/${subresource}` : resource
  return failure(
    403,
    'Forbidden',
    `${what}${name ? ` "${name}"` : ''} is forbidden: User "${user.name}" cannot ${verb} resource "${asked}" in API group "${group}" ${where}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource },
  )
}
