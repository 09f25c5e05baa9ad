// A patch of any of the types that are told apart by media type; server-side apply is not among them.
import type { Json, KubeObject } from '../object.ts'
import { typeForKind } from '../schema/types.ts'
import { type Status, unsupportedMediaType } from '../status.ts'
import { applyJsonPatch } from './json-patch.ts'
import { isObject } from './members.ts'
import { applyMergePatch } from './merge-patch.ts'
import { type PatchOutcome, refusedPatch, UNFIT } from './outcome.ts'
import { applyStrategicPatch } from './strategic.ts'

export const JSON_PATCH = 'application/json-patch+json'
export const MERGE_PATCH = 'application/merge-patch+json'
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json'
const APPLY_PATCH = 'application/apply-patch+yaml'

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** The object has yet to be decoded as its kind, because a patch may have made anything of it, of `metadata` too. */
export type PatchedObject = { readonly ok: true; readonly object: KubeObject } | { readonly ok: false; readonly status: Status }

/**
 * `gvk` is the kind in whose form `original` is. A kind that is not in the table of types is a custom resource, which a
 * strategic merge patch does not fit. Neither argument is changed; what the patch does not touch is shared with the result.
 */
export function applyPatch(contentType: string, original: KubeObject, patch: Json, gvk: GroupVersionKind): PatchedObject {
  const outcome = patched(contentType, original as unknown as Json, patch, gvk)
  if (!outcome.ok) return outcome
  return isObject(outcome.value) ? { ok: true, object: outcome.value as unknown as KubeObject } : { ok: false, status: UNFIT }
}

function patched(contentType: string, original: Json, patch: Json, { group, version, kind }: GroupVersionKind): PatchOutcome {
  if (contentType === JSON_PATCH) return applyJsonPatch(original, patch)
  if (contentType === MERGE_PATCH) {
    return isObject(patch) ? { ok: true, value: applyMergePatch(original, patch) } : refusedPatch(NOT_AN_OBJECT)
  }
  const type = typeForKind(group, version, kind)
  if (contentType === STRATEGIC_MERGE_PATCH && type) {
    return isObject(patch) && isObject(original) ? applyStrategicPatch(original, patch, type) : refusedPatch(NOT_AN_OBJECT)
  }
  return { ok: false, status: unsupportedMediaType(acceptedTypes(type !== undefined)) }
}

/** Of a type that no patch has; asked before the object is looked for, which need not exist for server-side apply. */
export function refusePatchType(contentType: string, { group, version, kind }: GroupVersionKind): Status | undefined {
  const accepted = acceptedTypes(typeForKind(group, version, kind) !== undefined)
  return contentType !== APPLY_PATCH && accepted.includes(contentType) ? undefined : unsupportedMediaType(accepted)
}

const acceptedTypes = (strategic: boolean): string[] => [
  JSON_PATCH,
  MERGE_PATCH,
  ...(strategic ? [STRATEGIC_MERGE_PATCH] : []),
  APPLY_PATCH,
]

const NOT_AN_OBJECT = 'error decoding patch: the patch must be a JSON object'
