// Objects as a meta.k8s.io Table, which is what `kubectl get` asks for: the server chooses columns and computes cells.
import type { KubeObject } from '../object.ts'
import type { ListMeta } from '../schema/kinds/meta-v1.ts'
import type { Cell, Column, RowCondition } from './columns.ts'
import { type MetaVersion, type PartialObjectMetadata, partialMetadata } from './partial.ts'
import { type Printed, printerOf } from './printers.ts'

/** The query parameter of the same name: how much of its object each row carries. */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

export const INCLUDE_OBJECT: readonly string[] = ['None', 'Metadata', 'Object'] satisfies IncludeObject[]

interface TableRow {
  readonly cells: readonly Cell[]
  readonly conditions?: readonly RowCondition[]
  readonly object: KubeObject | PartialObjectMetadata | null
}

export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: `meta.k8s.io/${MetaVersion}`
  readonly metadata: ListMeta
  readonly columnDefinitions: readonly Column[] | null
  readonly rows: readonly TableRow[]
}

export interface TableRequest {
  readonly resource: Printed
  readonly objects: readonly KubeObject[]
  readonly nowMs: number
  /** `Metadata` when the client does not say. */
  readonly includeObject?: IncludeObject
  /** Of the list; for a single object its resourceVersion. */
  readonly listMeta: ListMeta
  readonly version?: MetaVersion
  /** False for the events of a watch after its first: the columns are known by then. */
  readonly columns?: boolean
}

export const tableColumns = (resource: Printed): readonly Column[] => printerOf(resource).columns

export const tableRow = (object: KubeObject, resource: Printed, nowMs: number): readonly Cell[] =>
  printerOf(resource).cells(object, nowMs)

export function renderTable({
  resource,
  objects,
  nowMs,
  includeObject = 'Metadata',
  listMeta,
  version = 'v1',
  columns = true,
}: TableRequest): Table {
  const printer = printerOf(resource)
  const included = (object: KubeObject): TableRow['object'] => {
    if (includeObject === 'None') return null
    return includeObject === 'Object' ? object : partialMetadata(object, version)
  }
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: listMeta,
    columnDefinitions: columns ? printer.columns : null,
    rows: objects.map((object) => {
      const conditions = printer.conditions?.(object)
      const cells = printer.cells(object, nowMs)
      return conditions ? { cells, conditions, object: included(object) } : { cells, object: included(object) }
    }),
  }
}
