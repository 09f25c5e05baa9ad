// Members of JSON objects while patching: only own ones are seen, and one called `__proto__` is a member like any other.
import type { Json, JsonObject } from '../object.ts'

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value)

export const memberOf = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/** A shallow copy that may be written to; spreading keeps an own `__proto__` a member. */
export const copyOf = (object: JsonObject): Record<string, Json> => ({ ...object })
