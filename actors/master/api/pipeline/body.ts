// The object that a request brings: decoded in the version of the request, checked against its path, and brought into the
// version in which it is stored.
import { type DecodedBody, decodeBody, decodeValue, strictDecodingError } from '../../../../model/codec/request-body.ts'
import { apiVersionOf, type JsonObject, type KubeObject } from '../../../../model/object.ts'
import { convert } from '../../../../model/schema/conversion.ts'
import type { ResourceInfo } from '../../../../model/schema/resources.ts'
import { badRequest, failure, type Status } from '../../../../model/status.ts'
import type { RequestBody, RequestOptions } from '../../../ports/api.ts'

export type Body<T = KubeObject> =
  | { readonly ok: true; readonly object: T; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly status: Status }

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Any kind: the resource's own, or that of a subresource (Scale, Binding, Eviction, DeleteOptions). */
export function decode(body: RequestBody | undefined, kind: Kind, options: RequestOptions | undefined): Body<JsonObject> {
  if (!body) return { ok: false, status: badRequest('the request needs a body') }
  const decoded: DecodedBody =
    'bytes' in body ? decodeBody(body.contentType, body.bytes, kind) : decodeValue(body.value as unknown as JsonObject, kind)
  return checked(decoded, kind, options)
}

/** What a patch has made is checked like a body; what is no such object is the patch's fault. */
export function decodePatched(value: JsonObject, kind: Kind, options: RequestOptions | undefined): Body<JsonObject> {
  const decoded = decodeValue(value, kind)
  if (decoded.ok || decoded.status.code !== BAD_REQUEST) return checked(decoded, kind, options)
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(value))}: ${decoded.status.message}`
  const cause = { reason: 'FieldValueInvalid', message, field: 'patch' }
  return { ok: false, status: failure(422, 'Invalid', ` "" is invalid: patch: ${message}`, { causes: [cause] }) }
}

const BAD_REQUEST = 400

function checked(decoded: DecodedBody, kind: Kind, options: RequestOptions | undefined): Body<JsonObject> {
  if (!decoded.ok) return decoded
  const { object, problems } = decoded
  const validation = options?.fieldValidation ?? 'Warn'
  if (problems.length > 0 && validation === 'Strict') return { ok: false, status: strictDecodingError(kind, problems) }
  return { ok: true, object, warnings: validation === 'Warn' ? problems : [] }
}

/** Checked against the path and with the namespace of the path, in the stored version. */
export function placed(object: JsonObject, resource: ResourceInfo, namespace: string, name: string | undefined): Body {
  const { metadata } = object as unknown as KubeObject
  const given = metadata ?? {}
  if (resource.namespaced && given.namespace && given.namespace !== namespace) {
    return {
      ok: false,
      status: badRequest('the namespace of the provided object does not match the namespace sent on the request'),
    }
  }
  if (name !== undefined && !given.name) {
    const undeterminable = `the name of the object (${name} based on URL) was undeterminable: name must be provided`
    return { ok: false, status: badRequest(undeterminable) }
  }
  if (name !== undefined && given.name !== name) {
    return {
      ok: false,
      status: badRequest(`the name of the object (${given.name}) does not match the name on the URL (${name})`),
    }
  }
  // Of a cluster-scoped kind a namespace is not taken.
  const { namespace: _, ...rest } = given
  const inPlace = {
    ...(object as unknown as KubeObject),
    metadata: { ...rest, ...(name === undefined ? {} : { name }), ...(resource.namespaced ? { namespace } : {}) },
  }
  return { ok: true, object: convert(inPlace, storedVersion(resource)), warnings: [] }
}

const storedVersion = ({ storage }: ResourceInfo): string => apiVersionOf(storage.group, storage.version)

export const storedKind = ({ storage, kind }: ResourceInfo) => ({ ...storage, kind })
