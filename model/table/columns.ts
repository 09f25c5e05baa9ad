// What a printer is: the columns of a Table for one kind, and the cells of one object under them.
import type { KubeObject, ObjectMeta } from '../object.ts'
import { humanDuration, parseTime } from '../time.ts'

export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  /** `name` marks the column by which clients know the object; empty otherwise. */
  readonly format: string
  readonly description: string
  /** 0 is always shown, 1 only by `-o wide`. */
  readonly priority: number
}

export type Cell = string | number | boolean

/** Why a row may be left out by who asks for live objects: pods that have ended. */
export interface RowCondition {
  readonly type: 'Completed'
  readonly status: 'True'
  readonly reason: string
  readonly message: string
}

export interface Printer {
  readonly columns: readonly Column[]
  cells(object: KubeObject, nowMs: number): readonly Cell[]
  conditions?(object: KubeObject): readonly RowCondition[] | undefined
}

/** A printer of objects of one kind; the registry sees to it that it is given no other. */
export function printer<T>(
  columns: readonly Column[],
  cells: (object: T, nowMs: number) => readonly Cell[],
  conditions?: (object: T) => readonly RowCondition[] | undefined,
): Printer {
  return { columns, cells, conditions } as unknown as Printer
}

export const column = (name: string, description: string, type: Column['type'] = 'string'): Column => ({
  name,
  type,
  format: '',
  description,
  priority: 0,
})

export const count = (name: string, description: string): Column => column(name, description, 'integer')

/** Shown by `-o wide` only. */
export const wide = (name: string, description: string): Column => ({ ...column(name, description), priority: 1 })

export const NAME: Column = { ...column('Name', 'Unique among the objects of this kind in its namespace.'), format: 'name' }
export const AGE: Column = column('Age', 'How long ago the object was created.')
export const CONTAINERS: Column = wide('Containers', 'Names of the containers of the template.')
export const IMAGES: Column = wide('Images', 'Images of the containers of the template.')
export const SELECTOR: Column = wide('Selector', 'Labels by which pods are found.')

export const NONE = '<none>'
export const UNSET = '<unset>'

export interface Named {
  readonly metadata: ObjectMeta
}

/**
 * Absent or null, which mean the same: objects that clients wrote as JSON may hold either.
 */
export const isAbsent = (value: unknown): value is undefined | null => value === undefined || value === null

export const isBeingDeleted = ({ metadata }: Named): boolean => !isAbsent(metadata.deletionTimestamp)

export const nameOf = ({ metadata }: Named): string => metadata.name ?? ''

export const age = ({ metadata }: Named, nowMs: number): string => since(metadata.creationTimestamp, nowMs)

/** The time that has passed since, `<unknown>` where there is none. */
export function since(time: string | null | undefined, nowMs: number): string {
  const then = time ? parseTime(time) : undefined
  return then === undefined ? '<unknown>' : humanDuration(nowMs - then)
}

/** Addresses, ports, hosts and the like of one object that a table shows at most. */
export const MOST_SHOWN = 3

/** `a,b + 2 more...`: the first few of a list, and how many are left out. */
export function firstOf(list: readonly string[], most: number, separator = ','): string {
  const shown = list.slice(0, most).join(separator)
  return list.length > most ? `${shown} + ${list.length - most} more...` : shown
}

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
