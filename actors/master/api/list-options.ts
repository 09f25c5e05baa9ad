// Which options of lists and watches go together. After Kubernetes' ValidateListOptions.
import { type FieldError, invalid, type Status } from '../../../model/status.ts'
import type { RequestOptions } from '../../ports/api.ts'

const NOT_OLDER_THAN = 'NotOlderThan'
const MATCHES = ['Exact', NOT_OLDER_THAN]

export function listProblem({
  resourceVersion,
  resourceVersionMatch: match,
  continue: token,
}: RequestOptions): Status | undefined {
  const problems: FieldError[] = []
  if (!match) return undefined
  if (!resourceVersion) problems.push(forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided'))
  if (token) problems.push(forbidden('resourceVersionMatch is forbidden when continue is provided'))
  if (!MATCHES.includes(match)) problems.push(notSupported(match, [...MATCHES, '']))
  else if (match === 'Exact' && resourceVersion === '0')
    problems.push(forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  return refusal(problems)
}

/** A list by watching needs to be told how old its start may be. */
export function watchProblem(
  { resourceVersionMatch: match, continue: token }: RequestOptions,
  sendInitialEvents: boolean | undefined,
): Status | undefined {
  const problems: FieldError[] = []
  if (sendInitialEvents !== undefined && match !== NOT_OLDER_THAN)
    problems.push(forbidden(`sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER_THAN}`))
  if (match) {
    if (sendInitialEvents === undefined)
      problems.push(forbidden('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'))
    if (match !== NOT_OLDER_THAN) problems.push(notSupported(match, [NOT_OLDER_THAN]))
    if (token) problems.push(forbidden('resourceVersionMatch is forbidden when continue is provided'))
  }
  return refusal(problems)
}

const refusal = (problems: readonly FieldError[]): Status | undefined =>
  problems.length > 0 ? invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems) : undefined

const FIELD = 'resourceVersionMatch'

const forbidden = (detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field: FIELD,
  detail: `Forbidden: ${detail}`,
})

const notSupported = (value: string, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field: FIELD,
  detail: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((each) => JSON.stringify(each)).join(', ')}`,
})
