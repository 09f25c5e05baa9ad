// An object on its way in: decoded, not yet stored, ours to write to. Null stands for absent, as in Go's nil.

export type Draft = Record<string, unknown>

type Values = Readonly<Record<string, string | number | boolean>>

const isDraft = (value: unknown): value is Draft => typeof value === 'object' && value !== null && !Array.isArray(value)

export const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null

export function partOf(draft: Draft | undefined, field: string): Draft | undefined {
  const value = draft?.[field]
  return isDraft(value) ? value : undefined
}

/** As `partOf`; what is not there is made. */
export function ensurePart(draft: Draft, field: string): Draft {
  const present = partOf(draft, field)
  if (present) return present
  const made: Draft = {}
  draft[field] = made
  return made
}

const NONE: readonly Draft[] = []

export function partsOf(draft: Draft | undefined, field: string): readonly Draft[] {
  const value = draft?.[field]
  if (!Array.isArray(value)) return NONE
  return value.every(isDraft) ? value : value.filter(isDraft)
}

/** Gives each field its value where nothing was said; an empty text is nothing. */
export function fill(draft: Draft, values: Values): void {
  for (const field in values) {
    const present = draft[field]
    if (present === undefined || present === null || present === '') draft[field] = values[field]
  }
}

export const textOf = (draft: Draft | undefined, field: string): string => {
  const value = draft?.[field]
  return typeof value === 'string' ? value : ''
}
