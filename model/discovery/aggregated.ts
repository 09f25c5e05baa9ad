// Discovery in one document, `APIGroupDiscoveryList`: what kubectl and client-go ask for first, at /api and at /apis.
import { allResources, compareVersions, type ResourceInfo } from '../schema/resources.ts'

export type DiscoveryVersion = 'v2' | 'v2beta1'

interface ResponseKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

interface APISubresourceDiscovery {
  readonly subresource: string
  readonly responseKind: ResponseKind
  readonly verbs: readonly string[]
}

interface APIResourceDiscovery {
  readonly resource: string
  readonly responseKind: ResponseKind
  readonly scope: 'Namespaced' | 'Cluster'
  readonly singularResource: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: readonly APISubresourceDiscovery[]
}

interface APIVersionDiscovery {
  readonly version: string
  readonly resources: readonly APIResourceDiscovery[]
  readonly freshness: 'Current'
}

interface APIGroupDiscovery {
  readonly metadata: { readonly name: string; readonly creationTimestamp: null }
  readonly versions: readonly APIVersionDiscovery[]
}

export interface APIGroupDiscoveryList {
  readonly kind: 'APIGroupDiscoveryList'
  readonly apiVersion: `apidiscovery.k8s.io/${DiscoveryVersion}`
  readonly metadata: Record<string, never>
  readonly items: readonly APIGroupDiscovery[]
}

/** `core` is what /api answers, `named` what /apis does. */
export function apiGroupDiscoveryList(
  groups: 'core' | 'named',
  version: DiscoveryVersion,
  resources: readonly ResourceInfo[] = allResources(),
): APIGroupDiscoveryList {
  const names = new Set(resources.map(({ group }) => group).filter((group) => (group === '') === (groups === 'core')))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: [...names].map((name) => describeGroup(name, resources)),
  }
}

function describeGroup(name: string, all: readonly ResourceInfo[]): APIGroupDiscovery {
  const resources = all.filter(({ group }) => group === name)
  const versions = [...new Set(resources.map(({ version }) => version))].sort(compareVersions)
  return {
    metadata: { name, creationTimestamp: null },
    versions: versions.map((version) => ({
      version,
      resources: resources.filter((resource) => resource.version === version).map(describeResource),
      freshness: 'Current',
    })),
  }
}

function describeResource(resource: ResourceInfo): APIResourceDiscovery {
  const subresources = Object.values(resource.subresources).map(({ name, kind, group, version, foreign, verbs }) => ({
    subresource: name,
    responseKind: foreign ? { group, version, kind } : ownKind(kind),
    verbs,
  }))
  return {
    resource: resource.plural,
    responseKind: ownKind(resource.kind),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: [...resource.verbs],
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  }
}

/** Empty group and version mean those of the document around it. */
const ownKind = (kind: string): ResponseKind => ({ group: '', version: '', kind })
