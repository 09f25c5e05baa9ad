// The node's one watch: its own object, its pods, and all Services. Services go straight into the table that pods read when
// they start; what concerns the charts is told to them.
import type { Pod, Service } from '../../model/schema/kinds/core-v1.ts'
import type { ApiClient, Selection, Subscription } from '../ports/api.ts'
import type { KubeletEvent } from './kubelet.protocol.ts'

const CORE = { group: '', version: 'v1' } as const

const selections = (nodeName: string): Selection[] => [
  { ...CORE, resource: 'nodes', fieldSelector: `metadata.name=${nodeName}` },
  { ...CORE, resource: 'services' },
  { ...CORE, resource: 'pods', fieldSelector: `spec.nodeName=${nodeName}` },
]

/** Each call begins anew: what exists, then `watch.synced`, then changes until `watch.ended`. */
export function watchNode(
  client: ApiClient,
  nodeName: string,
  services: Map<string, Service>,
  tell: (event: KubeletEvent) => void,
): Subscription {
  const pods = new Set<string>()
  const servicesSeen = new Set<string>()
  let synced = false
  return client.watch(selections(nodeName), {
    changed: (event) => {
      if (event.type === 'SYNCED') {
        synced = true
        for (const key of services.keys()) if (!servicesSeen.has(key)) services.delete(key)
        return tell({ type: 'watch.synced', uids: pods })
      }
      if (!('object' in event)) return
      const { object } = event
      const isDeleted = event.type === 'DELETED'
      const { namespace, name, uid = '' } = object.metadata
      if (object.kind === 'Service') {
        const key = `${namespace}/${name}`
        if (!synced) servicesSeen.add(key)
        if (isDeleted) services.delete(key)
        else services.set(key, object as unknown as Service)
      } else if (object.kind === 'Node') {
        if (!isDeleted) tell({ type: 'node.seen', podCidr: (object.spec as { podCIDR?: string } | undefined)?.podCIDR })
      } else if (isDeleted) {
        if (!synced) pods.delete(uid)
        tell({ type: 'pod.lost', uid })
      } else {
        if (!synced) pods.add(uid)
        tell({ type: 'pod.seen', pod: object as unknown as Pod })
      }
    },
    ended: () => tell({ type: 'watch.ended' }),
  })
}
