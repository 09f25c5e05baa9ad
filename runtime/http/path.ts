// What a URL's path asks for, before anybody asks whether it exists: a resource, or a path of another kind.
import type { ResourcePath } from '../../actors/ports/api.ts'

export type Target =
  | {
      readonly type: 'resource'
      readonly path: ResourcePath
      /** What follows `…/proxy`, with its leading slash; and of other subresources nothing. */
      readonly rest: string
      /** The old form of watches, `/api/v1/watch/…`. */
      readonly watch: boolean
    }
  | { readonly type: 'other'; readonly segments: readonly string[] }

/** No target when an escape in the path is not UTF-8. `path` is without the query. */
export function parsePath(path: string): Target | undefined {
  const segments = path.split('/')
  segments.shift()
  const [prefix, first, second] = segments
  if (prefix === 'api' && segments.length > 2 && first) return parseResource('', first, segments.slice(2))
  if (prefix === 'apis' && segments.length > 3 && first && second) return parseResource(first, second, segments.slice(3))
  return { type: 'other', segments }
}

/**
 * `pods` · `pods/web` · `namespaces/default/pods/web/status` · `namespaces/default` · `namespaces/default/finalize`
 */
function parseResource(group: string, version: string, encoded: string[]): Target | undefined {
  const watch = encoded[0] === 'watch'
  if (watch) encoded.shift()
  if (encoded.at(-1) === '' && encoded[2] !== 'proxy' && encoded[4] !== 'proxy') encoded.pop()
  let segments: string[]
  try {
    segments = encoded.map((segment) => (segment.includes('%') ? decodeURIComponent(segment) : segment))
  } catch {
    return undefined
  }
  let namespace: string | undefined
  let at = 0
  // `namespaces/x/status` is a subresource of the namespace, `namespaces/x/pods` are pods in it.
  const [head, second, third] = segments
  if (head === 'namespaces' && second && third && !(NAMESPACE_SUBRESOURCES.has(third) && segments.length === 3)) {
    namespace = second
    at = 2
  }
  const named = segments.slice(at, at + 3)
  const [resource = '', name, subresource] = named
  const rest = encoded.slice(at + 3)
  // An escaped slash separates as any other, and leads nowhere.
  if (named.some((segment) => segment.includes('/'))) return { type: 'resource', path: UNKNOWN, rest: '', watch }
  if (resource === '' || (rest.length > 0 && subresource !== 'proxy')) return { type: 'resource', path: UNKNOWN, rest: '', watch }
  return {
    type: 'resource',
    path: {
      group,
      version,
      resource,
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
      ...(subresource ? { subresource } : {}),
    },
    rest: rest.length > 0 ? `/${rest.join('/')}` : '',
    watch,
  }
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])
/** Deeper than any resource goes: nothing answers to it. */
const UNKNOWN: ResourcePath = { group: '', version: '', resource: '' }
