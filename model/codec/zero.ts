// What stands for "nobody set it": which zero values Go writes, which it leaves out, and what they are.
import { type Field, type Shape, typeOf } from '../schema/types.ts'

/** Whether Go writes the field although nobody set it: `omitempty` does not reach structs, and Quantity is one. */
export function isWrittenWhenAbsent({ always, pointer, shape }: Field): boolean {
  if (always || pointer) return always
  return shape.kind === 'message' || (shape.kind === 'scalar' && shape.scalar === 'Quantity')
}

/** Whether a zero that was set stays: a pointer tells it from an absent value. */
export const keepsZero = ({ always, pointer }: Field): boolean => always || pointer

/** A zero that `omitempty` leaves out. */
export const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false

/** The field as Go writes it when nobody set it. */
export const absentValue = (field: Field): unknown => (field.pointer ? null : zeroOf(field.shape))

/** What Go has where nothing was said. */
export function zeroOf(shape: Shape): unknown {
  if (shape.kind === 'message') return emptyMessage(shape.type)
  if (shape.kind !== 'scalar') return null
  switch (shape.scalar) {
    case 'string':
    case 'bytes':
      return ''
    case 'bool':
      return false
    case 'int32':
    case 'int64':
    case 'double':
    case 'IntOrString':
      return 0
    case 'Quantity':
      return '0'
    case 'Duration':
      return '0s'
    default:
      return null
  }
}

/** Ends, because a struct that contains itself does so by pointer, list or map. */
function emptyMessage(name: string): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  for (const field of typeOf(name).fields.values()) if (isWrittenWhenAbsent(field)) message[field.name] = absentValue(field)
  return message
}
