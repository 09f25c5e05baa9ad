// What a DELETE says about how: in its query, in its body, or in both, where the body counts more.
import type { KubeObject } from '../../../../model/object.ts'
import { type FieldError, invalid, type Status } from '../../../../model/status.ts'
import { decode } from './body.ts'
import type { Asked } from './write.ts'

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: string
  readonly orphanDependents?: boolean
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: readonly string[]
}

const KIND = { group: '', version: 'v1', kind: 'DeleteOptions' }
const POLICIES = ['Foreground', 'Background', 'Orphan']

export function deleteOptions({ request }: Asked): { options: DeleteOptions } | { refused: Status } {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, dryRun } = request.options ?? {}
  let options: DeleteOptions = {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  }
  if (request.body && !('bytes' in request.body && request.body.bytes.byteLength === 0)) {
    const body = decode(request.body, KIND, { fieldValidation: 'Ignore' })
    if (!body.ok) return { refused: body.status }
    options = { ...options, ...(body.object as unknown as KubeObject & DeleteOptions) }
  }
  const problems = problemsOf(options)
  return problems.length > 0 ? { refused: invalid({ group: 'meta.k8s.io', kind: KIND.kind }, '', problems) } : { options }
}

function problemsOf({ propagationPolicy: policy, orphanDependents, dryRun = [] }: DeleteOptions): FieldError[] {
  const problems: FieldError[] = []
  if (policy !== undefined && orphanDependents !== undefined) {
    problems.push({
      type: 'FieldValueInvalid',
      field: 'propagationPolicy',
      detail: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
    })
  } else if (policy !== undefined && !POLICIES.includes(policy)) {
    problems.push({
      type: 'FieldValueNotSupported',
      field: 'propagationPolicy',
      detail: `Unsupported value: ${JSON.stringify(policy)}: supported values: ${[...POLICIES, 'nil'].map((each) => JSON.stringify(each)).join(', ')}`,
    })
  }
  if (dryRun.some((each) => each !== 'All')) {
    const given = dryRun.map((each) => JSON.stringify(each)).join(', ')
    problems.push({
      type: 'FieldValueNotSupported',
      field: 'dryRun',
      detail: `Unsupported value: []string{${given}}: supported values: "All"`,
    })
  }
  return problems
}
