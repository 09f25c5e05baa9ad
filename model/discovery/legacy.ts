// Discovery in its old form: one document for each group and each version. Clients of today ask for it when they cannot have
// the aggregated one, and `kubectl drain` looks here for pods/eviction whatever else there is.
import { allResources, compareVersions, type ResourceInfo, type SubresourceInfo } from '../schema/resources.ts'

export interface APIVersions {
  readonly kind: 'APIVersions'
  readonly versions: readonly string[]
  readonly serverAddressByClientCIDRs: readonly { readonly clientCIDR: string; readonly serverAddress: string }[]
}

interface GroupVersionForDiscovery {
  readonly groupVersion: string
  readonly version: string
}

export interface APIGroup {
  readonly name: string
  readonly versions: readonly GroupVersionForDiscovery[]
  readonly preferredVersion: GroupVersionForDiscovery
}

export interface APIGroupList {
  readonly kind: 'APIGroupList'
  readonly apiVersion: 'v1'
  readonly groups: readonly APIGroup[]
}

interface APIResource {
  /** `pods` or `pods/eviction` */
  readonly name: string
  /** Empty for subresources. */
  readonly singularName: string
  readonly namespaced: boolean
  /** Where the kind is of another group and version than the list. */
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

export interface APIResourceList {
  readonly kind: 'APIResourceList'
  readonly apiVersion: 'v1'
  readonly groupVersion: string
  readonly resources: readonly APIResource[]
}

/** `/api`; the address is that under which this server is reached, `127.0.0.1:6443`. */
export const apiVersions = (serverAddress: string): APIVersions => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
})

/** `/apis`: every group but the core one, which has no name. */
export const apiGroupList = (resources: readonly ResourceInfo[] = allResources()): APIGroupList => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [...new Set(resources.map(({ group }) => group))]
    .filter((group) => group !== '')
    .map((group) => groupOf(group, resources)),
})

/** `/apis/<group>`; undefined where there is no such group. */
export function apiGroup(
  name: string,
  resources: readonly ResourceInfo[] = allResources(),
): ({ readonly kind: 'APIGroup'; readonly apiVersion: 'v1' } & APIGroup) | undefined {
  if (name === '' || !resources.some(({ group }) => group === name)) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name, resources) }
}

function groupOf(name: string, resources: readonly ResourceInfo[]): APIGroup {
  const names = new Set(resources.filter(({ group }) => group === name).map(({ version }) => version))
  const versions = [...names].sort(compareVersions).map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions, preferredVersion: versions[0] ?? { groupVersion: name, version: '' } }
}

/** `/api/v1`, `/apis/<group>/<version>`; undefined where there is no such version. */
export function apiResourceList(
  group: string,
  version: string,
  resources: readonly ResourceInfo[] = allResources(),
): APIResourceList | undefined {
  const served = resources.filter((resource) => resource.group === group && resource.version === version)
  const [first] = served
  if (!first) return undefined
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: first.apiVersion, resources: served.flatMap(entriesOf) }
}

const entriesOf = (resource: ResourceInfo): APIResource[] => [
  {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: [...resource.verbs],
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
  },
  ...Object.values(resource.subresources).map((subresource) => subresourceEntry(resource, subresource)),
]

const subresourceEntry = (resource: ResourceInfo, subresource: SubresourceInfo): APIResource => ({
  name: `${resource.plural}/${subresource.name}`,
  singularName: '',
  namespaced: resource.namespaced,
  ...(subresource.foreign ? { group: subresource.group, version: subresource.version } : {}),
  kind: subresource.kind,
  verbs: subresource.verbs,
})
