// What became of a patch: the patched value, or the Status that says why it could not be applied.
import type { Json } from '../object.ts'
import { badRequest, failure, type Status } from '../status.ts'

export type PatchOutcome = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly status: Status }

/** A patch that does not fit the object. Kubernetes keeps the reason to itself and says this. */
export const UNFIT: Status = failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

export const refusedPatch = (message: string): PatchOutcome => ({ ok: false, status: badRequest(message) })
