// Names of images as people write them, and the full form that Docker gives them: `nginx` is `docker.io/library/nginx:latest`.

export interface ImageName {
  /** With the registry: `docker.io/library/nginx`. */
  readonly repository: string
  /** Absent where a digest says more. */
  readonly tag?: string
  readonly digest?: string
}

const REPOSITORY = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/

/**
 * | written                  | repository                  | tag    |
 * |--------------------------|-----------------------------|--------|
 * | nginx                    | docker.io/library/nginx     | latest |
 * | jocatalin/bootcamp:v2    | docker.io/jocatalin/bootcamp| v2     |
 * | localhost:5000/web       | localhost:5000/web          | latest |
 *
 * Undefined for what is no name of an image.
 */
export function parseImageName(written: string): ImageName | undefined {
  const at = written.indexOf('@')
  const digest = at < 0 ? undefined : written.slice(at + 1)
  const named = at < 0 ? written : written.slice(0, at)
  const colon = named.lastIndexOf(':')
  const hasTag = colon > named.lastIndexOf('/')
  const tag = hasTag ? named.slice(colon + 1) : undefined
  const repository = withRegistry(hasTag ? named.slice(0, colon) : named)
  if (!REPOSITORY.test(repository)) return undefined
  if (tag !== undefined && !TAG.test(tag)) return undefined
  if (digest !== undefined) return DIGEST.test(digest) ? { repository, digest } : undefined
  return { repository, tag: tag ?? 'latest' }
}

export const formatImageName = ({ repository, tag, digest }: ImageName): string =>
  digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`

function withRegistry(repository: string): string {
  const slash = repository.indexOf('/')
  const first = slash < 0 ? '' : repository.slice(0, slash)
  // Only what cannot be a user's name is a registry.
  const hasRegistry = first === 'localhost' || /[.:A-Z]/.test(first)
  const [registry, path] = hasRegistry ? [first, repository.slice(slash + 1)] : ['docker.io', repository]
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return `${registry}/${path}`
  return `docker.io/${path.includes('/') ? path : `library/${path}`}`
}
