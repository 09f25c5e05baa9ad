// What can be done at which path: the operations of a resource and of its subresources, in terms from which both dialects of
// OpenAPI are written.
import type { ResourceInfo } from '../schema/resources.ts'
import { type MessageType, typeForKind, typeOf } from '../schema/types.ts'
import { type GroupVersionKind, PATCH_TYPE } from './schemas.ts'

export interface Operation {
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch'
  readonly id: string
  readonly tag: string
  /** As the extension x-kubernetes-action says it. */
  readonly action: 'get' | 'list' | 'put' | 'post' | 'delete' | 'deletecollection' | 'patch' | 'connect'
  readonly kind: GroupVersionKind
  readonly query: readonly QueryParameter[]
  readonly bodyTypes?: readonly string[]
  /** The name of the type of the body. */
  readonly body?: string
  /** The name of the type of the answer; absent for streams and text. */
  readonly answer?: string
  readonly created: boolean
}

export interface PathOperations {
  readonly path: string
  readonly variables: readonly ('namespace' | 'name' | 'path')[]
  readonly operations: readonly Operation[]
}

export interface QueryParameter {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean'
  readonly description: string
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'

const text = (name: string, description: string): QueryParameter => ({ name, type: 'string', description })
const flag = (name: string, description: string): QueryParameter => ({ name, type: 'boolean', description })
const number = (name: string, description: string): QueryParameter => ({ name, type: 'integer', description })

const PRETTY = text('pretty', 'Indent the answer if true.')
const RESOURCE_VERSION = text('resourceVersion', 'The version that the answer must have reached, or must have exactly.')
const listing: readonly QueryParameter[] = [
  PRETTY,
  flag('allowWatchBookmarks', 'Ask for events of type BOOKMARK now and then.'),
  text('continue', 'Where the page before this one ended.'),
  text('fieldSelector', 'Take only objects whose fields are as said.'),
  text('labelSelector', 'Take only objects whose labels are as said.'),
  number('limit', 'The most objects in one page.'),
  RESOURCE_VERSION,
  text('resourceVersionMatch', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  flag('sendInitialEvents', 'Begin a watch with what exists, ended by a bookmark.'),
  number('timeoutSeconds', 'End the request after this time.'),
]
const WATCH = flag('watch', 'Go on telling of changes.')
const writing: readonly QueryParameter[] = [
  PRETTY,
  text('dryRun', 'All: do everything but store.'),
  text('fieldManager', 'Who makes the change, for the record of who owns which field.'),
  text('fieldValidation', 'What becomes of unknown and duplicate fields: Ignore, Warn or Strict.'),
]
const patching = [...writing, flag('force', 'Take over fields that others own; only of apply.')]
const deleting: readonly QueryParameter[] = [
  PRETTY,
  text('dryRun', 'All: do everything but store.'),
  number('gracePeriodSeconds', 'How long the object may take to end; 0 is at once.'),
  flag('ignoreStoreReadErrorWithClusterBreakingPotential', 'Delete what can no longer be read.'),
  flag('orphanDependents', 'Deprecated: leave dependents.'),
  text('propagationPolicy', 'What becomes of dependents: Orphan, Background or Foreground.'),
]

const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** Types that every group version speaks of. */
export const SHARED_KINDS: readonly GroupVersionKind[] = ['DeleteOptions', 'Status', 'WatchEvent'].map((kind) => ({
  group: '',
  version: 'v1',
  kind,
}))

export const rootOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? `/api/${version}` : `/apis/${group}/${version}`

export function operationsOf(resource: ResourceInfo): PathOperations[] {
  const root = rootOf(resource)
  const inNamespace = resource.namespaced ? `${root}/namespaces/{namespace}` : root
  const namespace = resource.namespaced ? (['namespace'] as const) : []
  const type = typeForKind(resource.group, resource.version, resource.kind)
  const list = typeForKind(resource.group, resource.version, resource.listKind)
  const writer = new Writer(resource, resource.namespaced ? 'Namespaced' : '')
  const paths: PathOperations[] = [
    {
      path: `${inNamespace}/${resource.plural}`,
      variables: namespace,
      operations: writer.collection(type, list),
    },
    {
      path: `${inNamespace}/${resource.plural}/{name}`,
      variables: [...namespace, 'name'],
      operations: writer.item(resource.verbs, resource, type, ''),
    },
    ...Object.values(resource.subresources).map((subresource) => ({
      path: `${inNamespace}/${resource.plural}/{name}/${subresource.name}`,
      variables: [...namespace, 'name'] as const,
      operations: subresource.kind.endsWith('Options')
        ? writer.connect(subresource, type)
        : writer.item(
            new Set(subresource.verbs),
            subresource,
            subresource.name === 'log' ? undefined : typeForKind(subresource.group, subresource.version, subresource.kind),
            capital(subresource.name),
          ),
    })),
  ]
  if (resource.namespaced && resource.verbs.has('list')) {
    paths.push({ path: `${root}/${resource.plural}`, variables: [], operations: [writer.listAll(list)] })
  }
  return paths.filter(({ operations }) => operations.length > 0)
}

type Kind = GroupVersionKind

/** Writes the operations of one resource; knows how their names are put together. */
class Writer {
  readonly #resource: ResourceInfo
  readonly #scope: string
  readonly #tag: string
  readonly #place: string

  constructor(resource: ResourceInfo, scope: string) {
    const words = resource.group === '' ? ['core'] : resource.group.replace(/\.k8s\.io$/, '').split('.')
    this.#resource = resource
    this.#scope = scope
    this.#tag = `${words.map((word, i) => (i === 0 ? word : capital(word))).join('')}_${resource.version}`
    this.#place = `${words.map(capital).join('')}${capital(resource.version)}`
  }

  collection(type: MessageType | undefined, list: MessageType | undefined): Operation[] {
    const { verbs } = this.#resource
    return [
      ...(verbs.has('list') ? [this.#operation('get', 'list', 'list', '', [...listing, WATCH], { answer: list?.name })] : []),
      ...(verbs.has('create') ? [this.#write('post', 'create', this.#resource, type, '')] : []),
      ...(verbs.has('deletecollection')
        ? [
            this.#operation('delete', 'deletecollection', 'delete', '', merge(deleting, listing), {
              body: `${META}.DeleteOptions`,
              answer: `${META}.Status`,
            }),
          ]
        : []),
    ]
  }

  listAll(list: MessageType | undefined): Operation {
    const operation = this.#operation('get', 'list', 'list', '', [...listing, WATCH], { answer: list?.name })
    return { ...operation, id: `list${this.#place}${this.#resource.kind}ForAllNamespaces` }
  }

  item(verbs: ReadonlySet<string>, kind: Kind, type: MessageType | undefined, suffix: string): Operation[] {
    const operations: Operation[] = []
    const write = (method: 'put' | 'post' | 'patch', verb: string) =>
      operations.push(this.#write(method, verb, kind, type, suffix))
    if (verbs.has('get')) operations.push(this.#operation('get', 'get', 'read', suffix, [PRETTY], { answer: type?.name, kind }))
    if (verbs.has('update')) write('put', 'replace')
    // Of a resource itself, create belongs to the collection.
    if (verbs.has('create') && suffix !== '') write('post', 'create')
    if (verbs.has('delete')) {
      const body = `${META}.DeleteOptions`
      operations.push(this.#operation('delete', 'delete', 'delete', suffix, deleting, { body, answer: `${META}.Status`, kind }))
    }
    if (verbs.has('patch')) write('patch', 'patch')
    return operations
  }

  /** Streams and proxies: the fields of their options are query parameters. */
  connect(
    subresource: Kind & { readonly name: string; readonly verbs: readonly string[] },
    owner: MessageType | undefined,
  ): Operation[] {
    const options = owner && typeOf(`${owner.name.slice(0, owner.name.lastIndexOf('.'))}.${subresource.kind}`)
    const query = [...(options?.fields.values() ?? [])].map(({ name, shape }): QueryParameter => {
      const type = shape.kind === 'scalar' && shape.scalar === 'bool' ? 'boolean' : 'string'
      return { name, type, description: '' }
    })
    return [...new Set(subresource.verbs.map((verb) => connectMethods[verb]))].flatMap((method) =>
      method === undefined
        ? []
        : [
            this.#operation(method, 'connect', `connect${capital(method)}`, capital(subresource.name), query, {
              kind: subresource,
            }),
          ],
    )
  }

  #write(method: 'put' | 'post' | 'patch', verb: string, kind: Kind, type: MessageType | undefined, suffix: string): Operation {
    const body = method === 'patch' ? { body: PATCH_TYPE, bodyTypes: PATCHES } : { body: type?.name }
    return this.#operation(method, method, verb, suffix, method === 'patch' ? patching : writing, {
      ...body,
      answer: type?.name,
      kind,
    })
  }

  #operation(
    method: Operation['method'],
    action: Operation['action'],
    verb: string,
    suffix: string,
    query: readonly QueryParameter[],
    more: { body?: string; bodyTypes?: readonly string[]; answer?: string; kind?: Kind },
  ): Operation {
    const { group, version, kind } = more.kind ?? this.#resource
    const collection = action === 'deletecollection' ? 'Collection' : ''
    return {
      method,
      action,
      query,
      id: `${verb}${this.#place}${collection}${this.#scope}${this.#resource.kind}${suffix}`,
      tag: this.#tag,
      kind: { group, version, kind },
      body: more.body,
      bodyTypes: more.bodyTypes,
      answer: more.answer,
      created: method !== 'get' && method !== 'delete' && action !== 'connect',
    }
  }
}

const connectMethods: Readonly<Record<string, Operation['method']>> = {
  create: 'post',
  delete: 'delete',
  get: 'get',
  patch: 'patch',
  update: 'put',
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** Both lists, each name once. */
const merge = (a: readonly QueryParameter[], b: readonly QueryParameter[]): QueryParameter[] => [
  ...new Map([...a, ...b].map((parameter) => [parameter.name, parameter])).values(),
]
