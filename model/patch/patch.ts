// A patch of any of the types that are told apart by media type; server-side apply is not among them.
import type { Json, JsonObject } from '../object.ts'
import type { MessageType } from '../schema/types.ts'
import { unsupportedMediaType } from '../status.ts'
import { applyJsonPatch } from './json-patch.ts'
import { isObject } from './members.ts'
import { applyMergePatch } from './merge-patch.ts'
import { type PatchOutcome, refusedPatch } from './outcome.ts'
import { applyStrategicPatch } from './strategic.ts'

export const JSON_PATCH = 'application/json-patch+json'
export const MERGE_PATCH = 'application/merge-patch+json'
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json'

/**
 * `type` is that of the object, undefined for custom resources, which strategic merge patches do not fit. The outcome is JSON
 * that has yet to be decoded as the kind: a patch may have made anything of it.
 */
export function applyPatch(contentType: string, object: JsonObject, patch: Json, type: MessageType | undefined): PatchOutcome {
  switch (contentType) {
    case JSON_PATCH:
      return applyJsonPatch(object, patch)
    case MERGE_PATCH:
      if (!isObject(patch)) return refusedPatch('error decoding patch: the patch must be a JSON object')
      return { ok: true, value: applyMergePatch(object, patch) }
    case STRATEGIC_MERGE_PATCH:
      if (type) return applyStrategicPatch(object, patch, type)
      return { ok: false, status: unsupportedMediaType([JSON_PATCH, MERGE_PATCH]) }
    default:
      return { ok: false, status: unsupportedMediaType([JSON_PATCH, MERGE_PATCH, ...(type ? [STRATEGIC_MERGE_PATCH] : [])]) }
  }
}
