// The resources that the API serves, from the table of Kubernetes 1.36: what each is called, what it can do, and in which
// form it is stored.
import { apiVersionOf, parseApiVersion, type ResourceName, resourceName } from '../object.ts'
import table from './resources.json' with { type: 'json' }

export interface SubresourceInfo {
  readonly name: string
  /** The kind of its body, in a group and version of its own for `scale`, `eviction` and `token`. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Whether the table names a group: discovery prints group and version only then. */
  readonly foreign: boolean
  readonly verbs: readonly string[]
}

export interface GroupVersion {
  readonly group: string
  readonly version: string
}

export interface ResourceInfo extends GroupVersion {
  /** `apps/v1`, or `v1` in the core group. */
  readonly apiVersion: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly verbs: ReadonlySet<string>
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: Readonly<Record<string, SubresourceInfo>>
  /** Resources that are served in several versions are stored in one form; `convert` leads to it. */
  readonly storage: GroupVersion
  /** The key of what is stored: `events` for both kinds of events. */
  readonly storageName: ResourceName
}

interface ResourceRow {
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly singular: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: Readonly<Record<string, { kind: string; group?: string; version?: string; verbs: readonly string[] }>>
}

/** Groups in the order in which a Kubernetes API server lists them; what is not named comes last, by name. */
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

const groupRank = (group: string): number => {
  const rank = GROUP_ORDER.indexOf(group)
  return rank < 0 ? GROUP_ORDER.length : rank
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Kubernetes' priority of versions: v2, v1, v1beta2, v1beta1, v1alpha3, and names of another form last, by name.
 * Negative if `a` is preferred.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionRank(a), versionRank(b)]
  if (!left || !right) return left ? -1 : right ? 1 : byText(a, b)
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor
}

function versionRank(version: string): { stability: number; major: number; minor: number } | undefined {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version)
  if (!match) return undefined
  return {
    stability: match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0,
    major: Number(match[1]),
    minor: Number(match[3] ?? 0),
  }
}

/** Both kinds of events are one resource, stored as the core group's. */
const storedElsewhere: Readonly<Record<string, GroupVersion>> = {
  'events.events.k8s.io': { group: '', version: 'v1' },
}

const rows = table.groupVersions as unknown as Readonly<Record<string, Readonly<Record<string, ResourceRow>>>>

const served: readonly GroupVersion[] = Object.keys(rows)
  .map(parseApiVersion)
  .sort((a, b) => groupRank(a.group) - groupRank(b.group) || byText(a.group, b.group) || compareVersions(a.version, b.version))

const rowsOf = ({ group, version }: GroupVersion): Readonly<Record<string, ResourceRow>> =>
  rows[apiVersionOf(group, version)] ?? {}

const resources: readonly ResourceInfo[] = served.flatMap((groupVersion) =>
  Object.entries(rowsOf(groupVersion)).map(([plural, row]) => describe(groupVersion, plural, row)),
)

const byPath = new Map(resources.map((resource) => [pathKey(resource.apiVersion, resource.plural), resource]))
const byKind = new Map(resources.map((resource) => [pathKey(resource.apiVersion, resource.kind), resource]))

function pathKey(apiVersion: string, name: string): string {
  return `${apiVersion}/${name}`
}

function describe(groupVersion: GroupVersion, plural: string, row: ResourceRow): ResourceInfo {
  const { group, version } = groupVersion
  const storage = storageOf(group, plural)
  const subresources: Record<string, SubresourceInfo> = {}
  for (const [name, subresource] of Object.entries(row.subresources ?? {})) {
    subresources[name] = {
      name,
      group: subresource.group ?? group,
      version: subresource.version ?? version,
      kind: subresource.kind,
      foreign: subresource.group !== undefined,
      verbs: subresource.verbs,
    }
  }
  return {
    group,
    version,
    apiVersion: apiVersionOf(group, version),
    plural,
    singular: row.singular,
    kind: row.kind,
    listKind: `${row.kind}List`,
    namespaced: row.namespaced,
    verbs: new Set(row.verbs),
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    subresources,
    storage,
    storageName: resourceName(plural, storage.group),
  }
}

/** The most preferred version of its group that serves the resource. */
function storageOf(group: string, plural: string): GroupVersion {
  const elsewhere = storedElsewhere[resourceName(plural, group)]
  if (elsewhere) return elsewhere
  const home = served.find((candidate) => candidate.group === group && plural in rowsOf(candidate))
  return home ?? { group, version: 'v1' }
}

export const findResource = (group: string, version: string, plural: string): ResourceInfo | undefined =>
  byPath.get(pathKey(apiVersionOf(group, version), plural))

/** In the order of discovery: groups as Kubernetes lists them, preferred versions first, resources by name. */
export const allResources = (): readonly ResourceInfo[] => resources

export const resourceForKind = (apiVersion: string, kind: string): ResourceInfo | undefined =>
  byKind.get(pathKey(apiVersion, kind))

/** All that are served, in the order of `allResources`. */
export const groupVersions = (): readonly GroupVersion[] => served

export const preferredVersion = (group: string): string | undefined =>
  served.find((groupVersion) => groupVersion.group === group)?.version

/** Where a resource is stored, by the name under which it is stored. */
export const storedResource = (storageName: ResourceName): ResourceInfo | undefined => byStorageName.get(storageName)

const byStorageName = new Map(
  resources
    .filter(({ group, version, storage }) => group === storage.group && version === storage.version)
    .map((resource) => [resource.storageName, resource]),
)
