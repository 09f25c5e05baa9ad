// Which fields of a value its type does not have, with their paths in Kubernetes' words. Asked only when there are any.
import { type MessageType, type Shape, typeOf } from '../schema/types.ts'

/** As many as Kubernetes reports at most. */
const MAX_REPORTED = 100

export function unknownFields(value: unknown, type: MessageType): readonly string[] {
  const found: string[] = []
  visitMessage(value, type, '', found)
  return found.slice(0, MAX_REPORTED)
}

function visitMessage(value: unknown, type: MessageType, path: string, found: string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, member] of Object.entries(value)) {
    const inner = path === '' ? key : `${path}.${key}`
    const field = type.fields.get(key)
    if (field) visit(member, field.shape, inner, found)
    else if (!(type.hasTypeMeta && (key === 'apiVersion' || key === 'kind')) && member !== undefined) found.push(inner)
  }
}

function visit(value: unknown, shape: Shape, path: string, found: string[]): void {
  if (shape.kind === 'message') {
    visitMessage(value, typeOf(shape.type), path, found)
  } else if (shape.kind === 'list') {
    if (Array.isArray(value)) for (const [i, element] of value.entries()) visit(element, shape.of, `${path}[${i}]`, found)
  } else if (shape.kind === 'map') {
    if (typeof value !== 'object' || value === null) return
    for (const [key, member] of Object.entries(value)) visit(member, shape.of, `${path}.${key}`, found)
  } else if (shape.kind === 'schemaOr') {
    const schema = typeOf(shape.type)
    if (Array.isArray(value)) for (const [i, element] of value.entries()) visitMessage(element, schema, `${path}[${i}]`, found)
    else visitMessage(value, schema, path, found)
  }
}
