// The `Status` that an API server answers when a request fails, and one function for each reason that we give.
// Shapes and words: k8s.io/apimachinery/pkg/api/errors.

interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Record<string, never>
  readonly status: 'Failure' | 'Success'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code: number
}

/** What a request failed on; `resource` is the plural, as in Kubernetes' messages. */
export interface Subject {
  readonly group: string
  readonly resource: string
  readonly name?: string
}

export function failure(code: number, reason: string | undefined, message: string, details?: StatusDetails): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  }
}

const qualified = ({ group, resource }: Subject): string => (group === '' ? resource : `${resource}.${group}`)
const detailsOf = ({ name, group, resource }: Subject): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(group ? { group } : {}),
  kind: resource,
})

export const notFound = (subject: Subject): Status =>
  failure(404, 'NotFound', `${qualified(subject)} "${subject.name ?? ''}" not found`, detailsOf(subject))

/** The path itself does not exist: an unknown group, version or resource. */
export const noSuchPath = (): Status => failure(404, 'NotFound', 'the server could not find the requested resource', {})

export const alreadyExists = (subject: Subject): Status =>
  failure(409, 'AlreadyExists', `${qualified(subject)} "${subject.name ?? ''}" already exists`, detailsOf(subject))

export const conflict = (subject: Subject, message: string): Status =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ''}": ${message}`,
    detailsOf(subject),
  )

/** The words for an update whose resourceVersion is not the newest. */
export const OBJECT_MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

export const badRequest = (message: string): Status => failure(400, 'BadRequest', message)

export const forbidden = (subject: Subject, message: string): Status =>
  failure(403, 'Forbidden', `${qualified(subject)} "${subject.name ?? ''}" is forbidden: ${message}`, detailsOf(subject))

export const unauthorized = (): Status => failure(401, 'Unauthorized', 'Unauthorized')

export const methodNotAllowed = (message = 'the server does not allow this method on the requested resource'): Status =>
  failure(405, 'MethodNotAllowed', message, {})

export const notAcceptable = (offered: readonly string[]): Status =>
  failure(406, 'NotAcceptable', `only the following media types are accepted: ${offered.join(', ')}`)

export const unsupportedMediaType = (accepted: readonly string[]): Status =>
  failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

export const tooLarge = (message: string): Status => failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`)

export const expired = (message: string): Status => failure(410, 'Expired', message)

export const internalError = (message: string): Status =>
  failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })

export const serviceUnavailable = (message: string, retryAfterSeconds = 1): Status =>
  failure(503, 'ServiceUnavailable', message, { retryAfterSeconds })

/** A full disk: reads go on, writes are refused at once (limits.md). */
export const insufficientStorage = (message: string): Status => failure(507, 'InsufficientStorage', message)

export const timeout = (message: string): Status => failure(504, 'Timeout', message)

/** One thing wrong with one field; see field.ts for the makers. */
export interface FieldError {
  /** The reason of the Status cause: FieldValueRequired, FieldValueInvalid, … */
  readonly type: string
  readonly field: string
  /** What follows `field: `, for example `Required value` or `Invalid value: "x": must be …`. */
  readonly detail: string
}

/** 422 with all causes at once; `kind` is the Kind, not the plural. */
export function invalid(kind: { group: string; kind: string }, name: string, errors: readonly FieldError[]): Status {
  const text = errors.map((e) => `${e.field}: ${e.detail}`)
  const joined = text.length === 1 ? text[0] : `[${text.join(', ')}]`
  const qualifiedKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`
  return failure(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${joined}`, {
    ...(name ? { name } : {}),
    ...(kind.group ? { group: kind.group } : {}),
    kind: kind.kind,
    causes: errors.map((e) => ({ reason: e.type, message: e.detail, field: e.field })),
  })
}
