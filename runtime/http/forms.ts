// The form in which a client wants an object, a list or an event: as stored, as a Table, or its metadata alone.
import type { Entry } from '../../actors/master/api/api.protocol.ts'
import { type AnswerForm, parseIncludeObject, refuseShape } from '../../model/negotiation.ts'
import type { ListMeta } from '../../model/schema/kinds/meta-v1.ts'
import type { ResourceInfo } from '../../model/schema/resources.ts'
import type { Status } from '../../model/status.ts'
import { partialMetadata, partialMetadataList } from '../../model/table/partial.ts'
import { type IncludeObject, renderTable } from '../../model/table/table.ts'
import { answer, answerBytes, type Encoding, JSON_TYPE, statusAnswer } from './answers.ts'
import type { HttpResponse } from './exchange.ts'
import { listAnswer } from './list-body.ts'

export interface Wanted {
  readonly form: AnswerForm
  readonly encoding: Encoding
  readonly includeObject: IncludeObject
}

/** What the client wants, or why it cannot be. */
export function wantedForm(
  form: AnswerForm,
  pretty: boolean,
  includeObject: string | undefined,
): Wanted | { readonly refused: Status } {
  const included = form.transform?.as === 'Table' ? parseIncludeObject(includeObject) : 'Metadata'
  if (typeof included !== 'string') return included
  // Protobuf answers are never made: clients that prefer them take JSON too.
  const mediaType = form.mediaType === 'application/yaml' ? form.mediaType : JSON_TYPE
  return { form, encoding: { mediaType, pretty: pretty || form.pretty }, includeObject: included }
}

export function objectAnswer(
  code: number,
  resource: ResourceInfo,
  { bytes, object }: Entry,
  wanted: Wanted,
  nowMs: number,
): HttpResponse {
  const { form, encoding, includeObject } = wanted
  const { transform } = form
  if (transform === undefined || transform.as === 'APIGroupDiscoveryList') {
    return encoding.pretty || encoding.mediaType !== JSON_TYPE ? answer(code, object, encoding) : answerBytes(code, bytes)
  }
  // What a deletion answers.
  if (object.kind === 'Status') return answer(code, object, encoding)
  const refused = refuseShape(transform, object.kind, false)
  if (refused !== undefined) return statusAnswer(refused, encoding)
  if (transform.as !== 'Table') return answer(code, partialMetadata(object, transform.version), encoding)
  const listMeta = { resourceVersion: object.metadata.resourceVersion ?? '' }
  const { group, version, plural } = resource
  const printed = { group, version, plural, ...(object.kind === 'Scale' ? { subresource: 'scale' } : {}) }
  return answer(
    code,
    renderTable({ resource: printed, objects: [object], nowMs, includeObject, listMeta, version: transform.version }),
    encoding,
  )
}

export function objectsAnswer(
  resource: ResourceInfo,
  entries: readonly Entry[],
  listMeta: ListMeta,
  wanted: Wanted,
  nowMs: number,
): HttpResponse {
  const { form, encoding, includeObject } = wanted
  const { transform } = form
  const { apiVersion, listKind: kind } = resource
  const objects = () => entries.map(({ object }) => object)
  if (transform === undefined || transform.as === 'APIGroupDiscoveryList') {
    if (!encoding.pretty && encoding.mediaType === JSON_TYPE) {
      const heads = typeMetaHeads(resource)
      return listAnswer(
        { kind, apiVersion, metadata: listMeta },
        entries.map(({ bytes }) => withoutTypeMeta(bytes, heads)),
      )
    }
    const items = objects().map(({ apiVersion: _, kind: __, ...item }) => item)
    return answer(200, { kind, apiVersion, metadata: listMeta, items }, encoding)
  }
  const refused = refuseShape(transform, kind, true)
  if (refused !== undefined) return statusAnswer(refused, encoding)
  if (transform.as !== 'Table') return answer(200, partialMetadataList(objects(), listMeta, transform.version), encoding)
  return answer(
    200,
    renderTable({ resource, objects: objects(), nowMs, includeObject, listMeta, version: transform.version }),
    encoding,
  )
}

/** Events of one watch: the first Table has the columns, the others leave them out. */
export function eventEncoder(
  resource: ResourceInfo,
  { form, includeObject }: Wanted,
): (entry: Entry, nowMs: number) => Uint8Array {
  const { transform } = form
  let columns = true
  return (entry, nowMs) => {
    if (transform === undefined || transform.as === 'APIGroupDiscoveryList') return entry.bytes
    const { object } = entry
    if (transform.as !== 'Table') return Buffer.from(JSON.stringify(partialMetadata(object, transform.version)))
    const listMeta = { resourceVersion: object.metadata.resourceVersion ?? '' }
    const table = renderTable({
      resource,
      objects: [object],
      nowMs,
      includeObject,
      listMeta,
      version: transform.version,
      columns,
    })
    columns = false
    return Buffer.from(JSON.stringify(table))
  }
}

// The items of a list do not repeat apiVersion and kind, which stand first in what is stored. Without the opening brace.
function withoutTypeMeta(bytes: Uint8Array, heads: readonly Buffer[]): Uint8Array {
  const head = heads.find((each) => each.equals(bytes.subarray(0, each.length)))
  return bytes.subarray(head === undefined ? 1 : head.length)
}

const typeMetaHeads = ({ apiVersion, kind }: ResourceInfo): readonly Buffer[] => [
  Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}",`),
  Buffer.from(`{"apiVersion":"${apiVersion}","kind":"${kind}",`),
]
