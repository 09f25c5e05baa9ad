// Questions that are answered and never stored: who am I, may I. On the footing of client certificates: administrators may
// do everything, everybody else what authorise.ts says.
import type { JsonObject } from '../../../model/object.ts'
import { badRequest, type Status } from '../../../model/status.ts'
import type { View } from '../../ports/view.ts'
import type { User } from './api.protocol.ts'
import { authorise } from './authorise.ts'

interface AccessSpec {
  readonly user?: string
  readonly groups?: readonly string[]
  readonly resourceAttributes?: {
    readonly namespace?: string
    readonly verb?: string
    readonly group?: string
    readonly version?: string
    readonly resource?: string
    readonly subresource?: string
    readonly name?: string
  }
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
}

const REVIEWS: Readonly<Record<string, (body: JsonObject, user: User, view: View) => JsonObject | Status>> = {
  selfsubjectreviews: (body, { name, groups }) => ({ ...body, status: { userInfo: { username: name, groups } } }),
  selfsubjectaccessreviews: (body, user, view) => access(body, user, view),
  localsubjectaccessreviews: (body, _user, view) => access(body, subject(body), view),
  subjectaccessreviews: (body, _user, view) => access(body, subject(body), view),
  selfsubjectrulesreviews: (body, user) => ({ ...body, status: rules(user) }),
}

export const isReview = (resource: string): boolean => Object.hasOwn(REVIEWS, resource)

export const review = (resource: string, body: JsonObject, user: User, view: View): JsonObject | Status =>
  REVIEWS[resource]?.(body, user, view) ?? badRequest(`${resource} is not a review`)

const specOf = (body: JsonObject): AccessSpec => (body.spec ?? {}) as AccessSpec

function subject(body: JsonObject): User {
  const { user = '', groups } = specOf(body)
  return { name: user, groups: groups ?? [] }
}

function access(body: JsonObject, user: User, view: View): JsonObject {
  const { resourceAttributes, nonResourceAttributes } = specOf(body)
  const isAdministrator = user.groups.includes('system:masters')
  let allowed = isAdministrator
  if (!allowed && resourceAttributes && !nonResourceAttributes) {
    const { verb = '', group = '', version = '', resource = '', namespace, name, subresource } = resourceAttributes
    const refused = authorise(
      user,
      {
        verb,
        group,
        version,
        resource,
        ...(namespace ? { namespace } : {}),
        ...(name ? { name } : {}),
        ...(subresource ? { subresource } : {}),
      },
      view,
    )
    allowed = refused === undefined
  }
  return { ...body, status: { allowed } }
}

function rules({ groups }: User): JsonObject {
  const isAdministrator = groups.includes('system:masters')
  return {
    resourceRules: isAdministrator ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] : [],
    nonResourceRules: isAdministrator ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : [],
    incomplete: false,
  }
}
