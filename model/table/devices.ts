// Rows of devices that pods can claim.
import { AGE, age, column, isBeingDeleted, NAME, type Named, nameOf, printer } from './columns.ts'

interface ResourceClaim extends Named {
  readonly status?: { readonly allocation?: object; readonly reservedFor?: readonly unknown[] }
}

export const resourceClaims = printer<ResourceClaim>(
  [NAME, column('State', 'Whether it has its devices, and whether somebody uses them.'), AGE],
  (claim, nowMs) => [nameOf(claim), claimState(claim), age(claim, nowMs)],
)

function claimState({ metadata, status }: ResourceClaim): string {
  const deleted = isBeingDeleted({ metadata })
  if (!status?.allocation) return deleted ? 'deleted' : 'pending'
  const reserved = (status.reservedFor ?? []).length > 0
  return [...(deleted ? ['deleted'] : []), 'allocated', ...(reserved ? ['reserved'] : [])].join(',')
}

interface ResourceSlice extends Named {
  readonly spec?: { readonly nodeName?: string; readonly driver?: string; readonly pool?: { readonly name?: string } }
}

export const resourceSlices = printer<ResourceSlice>(
  [
    NAME,
    column('Node', 'Where the devices are.'),
    column('Driver', 'Who offers them.'),
    column('Pool', 'What they belong to.'),
    AGE,
  ],
  (slice, nowMs) => [
    nameOf(slice),
    slice.spec?.nodeName ?? '',
    slice.spec?.driver ?? '',
    slice.spec?.pool?.name ?? '',
    age(slice, nowMs),
  ],
)

/** Kinds of whose objects only name and age are shown. */
export const namesAndAges = printer<Named>([NAME, AGE], (object, nowMs) => [nameOf(object), age(object, nowMs)])
