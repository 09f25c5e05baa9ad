// Who is asking: the user of the certificate, or the one whom an administrator wants to be taken for. Without credentials
// only version and health are told; what a known user may do is for the engine to say.
import type { User } from '../../actors/master/api/api.protocol.ts'
import { failure, type Status, unauthorized } from '../../model/status.ts'
import { ANONYMOUS, isAdministrator } from '../identity/client-certificate.ts'
import type { HttpRequest } from './exchange.ts'
import { parsePath, type Target } from './path.ts'
import { isOpen } from './paths.ts'

export interface Admitted {
  readonly user: User
  readonly target: Target
}

/** Who is asking for what, or the refusal: 400, 401 or 403. */
export function admit(request: HttpRequest): Admitted | Status {
  const { user: shown, headers } = request
  if (shown === undefined || (shown === ANONYMOUS && headers.authorization !== undefined)) return unauthorized()
  const target = parsePath(request.path)
  if (target === undefined) return failure(400, 'BadRequest', 'the path is not valid UTF-8')
  const user = impersonated(shown, headers)
  if ('code' in user) return user
  if (user !== ANONYMOUS || (target.type === 'other' && isOpen(target.segments))) return { user, target }
  return forbiddenFor(user, request, target)
}

/** Whom an administrator wants to be taken for. */
function impersonated(user: User, headers: HttpRequest['headers']): User | Status {
  const name = headers['impersonate-user']
  const groups = headers['impersonate-group']
  if (name === undefined && groups === undefined) return user
  if (typeof name !== 'string' || name === '') {
    return failure(400, 'BadRequest', 'requested [] groups without impersonating a user')
  }
  if (!isAdministrator(user)) {
    return failure(
      403,
      'Forbidden',
      `users "${name}" is forbidden: User "${user.name}" cannot impersonate resource "users" in API group "" at the cluster scope`,
      {
        name,
        kind: 'users',
      },
    )
  }
  // Node joins headers of the same name; names of groups have no commas.
  const wanted = String(groups ?? '')
    .split(/,\s*/)
    .filter((group) => group !== '')
  return { name, groups: [...wanted, 'system:authenticated'] }
}

/** In the words of Kubernetes' authorisation filter. */
function forbiddenFor(user: User, { method, path: url }: HttpRequest, target: Target): Status {
  if (target.type === 'other') {
    return failure(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${method.toLowerCase()} path "${url}"`, {})
  }
  const { resource, group, namespace, name, subresource } = target.path
  const verb = verbFor(method, name)
  const what = group === '' ? resource : `${resource}.${group}`
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope'
  const asked = `${resource}${subresource ? `/${subresource}` : ''}`
  return failure(
    403,
    'Forbidden',
    `${what}${name ? ` "${name}"` : ''} is forbidden: User "${user.name}" cannot ${verb} resource "${asked}" in API group "${group}" ${where}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource },
  )
}

function verbFor(method: string, name: string | undefined): string {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return name ? 'delete' : 'deletecollection'
    default:
      return name ? 'get' : 'list'
  }
}
