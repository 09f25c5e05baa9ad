// Tells which pods stand behind each Service: as EndpointSlices, and as the older Endpoints that some clients still read.

import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject } from '../../../../model/object.ts'
import type { EndpointAddress, EndpointSubset, Endpoints, Node, Service } from '../../../../model/schema/kinds/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../../../model/schema/kinds/discovery-v1.ts'
import type { View } from '../../../ports/view.ts'
import {
  type Controller,
  causeOf,
  type Decision,
  keyOf,
  NOTHING,
  partsOf,
  reason,
  serviceAccountUser,
  type Wish,
} from '../controller.ts'
import { difference } from '../difference.ts'
import { controllerReference } from '../ownership.ts'
import { asJson, create, patch, remove } from '../requests.ts'
import { type EndpointGroup, groupEndpoints } from './endpoints.ts'
import { Members, wantedLabels } from './members.ts'
import { planSlices, type SliceContent } from './slices.ts'

const SLICES = 'endpointslices.discovery.k8s.io'
const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'endpointslice-controller.k8s.io'
const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const ENDPOINTS_MANAGER = 'endpoint-controller'
const HEADLESS = 'service.kubernetes.io/headless'
const ZONE = 'topology.kubernetes.io/zone'
/** The older object holds no more than this; Kubernetes truncates as well. */
const MAX_ADDRESSES = 1000

export function endpointSliceController(): Controller {
  const members = new Members()
  return {
    name: 'endpoint-slice-controller',
    user: serviceAccountUser('endpointslice-controller'),
    observes: [
      { resource: 'services', keysOf: (change, view) => [members.serviceChanged(change, view)] },
      { resource: 'pods', keysOf: (change) => members.podChanged(change) },
      {
        resource: SLICES,
        keysOf: ({ type, object }) => {
          const service = object.metadata.labels?.[SERVICE_NAME]
          // Our own writes come back here too; they decide to nothing.
          return service !== undefined && type !== 'ADDED' ? [`${object.metadata.namespace}/${service}`] : []
        },
      },
      { resource: 'endpoints', keysOf: ({ type, object }) => (type === 'ADDED' ? [] : [keyOf(object)]) },
    ],
    decide: (key, { view }) => decideEndpoints(key, members, view),
  }
}

function decideEndpoints(key: string, members: Members, view: View): Decision {
  const { namespace, name } = partsOf(key)
  const service = view.get<Service>('services', namespace, name)
  // Slices name their Service as owner and are collected as garbage; the older object names nobody.
  if (service === undefined) return withoutService(namespace, name, view)
  if (service.metadata.deletionTimestamp !== undefined || wantedLabels(service) === undefined) return NOTHING
  if (view.get<KubeObject>('namespaces', '', namespace)?.metadata.deletionTimestamp !== undefined) return NOTHING
  const pods = [...members.podsOf(key, view)].toSorted((a, b) => ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1))
  const zoneOf = (nodeName: string): string | undefined => view.get<Node>('nodes', '', nodeName)?.metadata.labels?.[ZONE]
  const groups = groupEndpoints(service, pods, zoneOf)
  return { wishes: [...sliceWishes(service, groups, view), ...endpointsWishes(service, groups, view)] }
}

function withoutService(namespace: string, name: string, view: View): Decision {
  const left = view.get<Endpoints>('endpoints', namespace, name)
  if (left?.metadata.labels?.[ENDPOINTS_MANAGED_BY] !== ENDPOINTS_MANAGER) return NOTHING
  const why = reason('Deleted', `its service ${namespace}/${name} is gone`, causeOf('endpoints', left))
  return { wishes: [{ request: remove('endpoints', left, why), tolerate: ['NotFound'] }] }
}

function sliceWishes(service: Service, groups: readonly EndpointGroup[], view: View): Wish[] {
  const existing: EndpointSlice[] = []
  for (const slice of view.ownedBy<EndpointSlice>(SLICES, service.metadata.uid ?? ''))
    if (slice.metadata.labels?.[MANAGED_BY] === MANAGER && slice.metadata.deletionTimestamp === undefined) existing.push(slice)
  const plan = planSlices(groups, existing)
  const why = (decision: string, endpoints: readonly Endpoint[]) => {
    const ready = endpoints.filter((endpoint) => endpoint.conditions?.ready).length
    return reason(decision, `${ready} of ${endpoints.length} endpoints are ready`, causeOf('services', service))
  }
  const labels = sliceLabels(service)
  const written = new Set([...plan.update.map(({ slice }) => slice), ...plan.remove])
  return [
    ...plan.create.map(
      (content): Wish => ({ request: create(SLICES, newSlice(service, labels, content), why('Created', content.endpoints)) }),
    ),
    ...plan.update.map(({ slice, content }): Wish => {
      const changes = {
        endpoints: asJson(content.endpoints),
        ports: asJson(content.ports),
        metadata: { labels: difference(slice.metadata.labels, labels) ?? {} },
      }
      return { request: patch(SLICES, slice, changes, why('Updated', content.endpoints)), tolerate: ['NotFound'] }
    }),
    ...existing
      .filter((slice) => !written.has(slice))
      .flatMap((slice): Wish[] => {
        const changed = difference(slice.metadata.labels, labels)
        if (changed === undefined) return []
        return [{ request: patch(SLICES, slice, { metadata: { labels: changed } }), tolerate: ['NotFound'] }]
      }),
    ...plan.remove.map((slice): Wish => ({ request: remove(SLICES, slice, why('Deleted', [])), tolerate: ['NotFound'] })),
  ]
}

const isHeadless = (service: Service): boolean => service.spec?.clusterIP === 'None'

const sliceLabels = (service: Service): Readonly<Record<string, string>> => ({
  ...service.metadata.labels,
  ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
  [SERVICE_NAME]: service.metadata.name ?? '',
  [MANAGED_BY]: MANAGER,
})

const owner = (service: Service) => ({ apiVersion: 'v1', kind: 'Service', metadata: service.metadata })

const newSlice = (
  service: Service,
  labels: Readonly<Record<string, string>>,
  { ports, endpoints }: SliceContent,
): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    generateName: `${service.metadata.name}-`,
    namespace: service.metadata.namespace,
    labels,
    ownerReferences: [controllerReference(owner(service))],
  },
  addressType: 'IPv4',
  endpoints,
  ports,
})

function endpointsWishes(service: Service, groups: readonly EndpointGroup[], view: View): Wish[] {
  const { name = '', namespace = '' } = service.metadata
  const existing = view.get<Endpoints>('endpoints', namespace, name)
  const subsets = groups.map(subsetOf).filter((subset) => subset !== undefined)
  const labels = {
    ...service.metadata.labels,
    ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
    [ENDPOINTS_MANAGED_BY]: ENDPOINTS_MANAGER,
  }
  if (existing === undefined) {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace, labels },
      ...(subsets.length > 0 ? { subsets } : {}),
    }
    return [{ request: create('endpoints', object), tolerate: ['AlreadyExists'] }]
  }
  const relabelled = difference(existing.metadata.labels, labels)
  if (semanticallyEqual(existing.subsets, subsets) && relabelled === undefined) return []
  const changes = { subsets: asJson(subsets), metadata: { labels: relabelled ?? {} } }
  return [{ request: patch('endpoints', existing, changes), tolerate: ['NotFound'] }]
}

function subsetOf({ endpoints, ports }: EndpointGroup): EndpointSubset | undefined {
  const addresses: EndpointAddress[] = []
  const notReadyAddresses: EndpointAddress[] = []
  for (const {
    addresses: [ip = ''],
    conditions,
    hostname,
    nodeName,
    targetRef,
  } of endpoints.slice(0, MAX_ADDRESSES)) {
    const address = { ...(hostname ? { hostname } : {}), ip, ...(nodeName ? { nodeName } : {}), targetRef }
    if (conditions?.ready) addresses.push(address)
    // The older object has no word for terminating: such a pod is left out.
    else if (!conditions?.terminating) notReadyAddresses.push(address)
  }
  if (addresses.length + notReadyAddresses.length === 0) return undefined
  return {
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ports: ports.map(({ name, ...port }) => ({ ...(name ? { name } : {}), ...port })),
  }
}
