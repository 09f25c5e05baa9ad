// The query parameters of the Kubernetes API, read as the API server reads them: unknown ones are ignored, of repeated
// ones the first counts, and each kind of options has its own words for a value that cannot be.
import type { RequestOptions, Verb } from '../../actors/ports/api.ts'
import { badRequest, type FieldError, invalid, type Status } from '../../model/status.ts'

export interface Query {
  readonly options: RequestOptions
  readonly watch: boolean
  readonly allowWatchBookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
  readonly timeoutSeconds: number | undefined
  readonly pretty: boolean | undefined
  /** Of Tables: whether rows carry None, Metadata or the whole Object. */
  readonly includeObject: string | undefined
}

const NONE: Query = {
  options: {},
  watch: false,
  allowWatchBookmarks: false,
  sendInitialEvents: undefined,
  timeoutSeconds: undefined,
  pretty: undefined,
  includeObject: undefined,
}

/** `query` is what follows the question mark. */
export function parseQuery(
  query: string,
  verb: Verb,
  /** Of a patch: whether it is a server-side apply. */
  isApply = false,
): { readonly ok: true; readonly query: Query } | { readonly ok: false; readonly status: Status } {
  if (query === '') return { ok: true, query: NONE }
  const given = new URLSearchParams(query)
  const text = (name: string): string | undefined => given.get(name) || undefined
  // Kubernetes reads every text but these as true, the empty one included.
  const flag = (name: string): boolean | undefined => {
    const value = given.get(name)
    return value === null ? undefined : value !== '0' && value.toLowerCase() !== 'false'
  }
  let malformed: string | undefined
  const integer = (name: string): number | undefined => {
    const value = text(name)
    if (value === undefined) return undefined
    if (!/^[+-]?\d{1,18}$/.test(value)) malformed ??= value
    return Number(value)
  }

  const dryRun = given.getAll('dryRun').filter((value) => value !== '')
  const fieldValidation = text('fieldValidation')
  const problems: FieldError[] = []
  if (dryRun.some((value) => value !== 'All')) {
    problems.push(notSupported('dryRun', `[]string{${dryRun.map((value) => JSON.stringify(value)).join(', ')}}`, '"All"'))
  }
  if (fieldValidation !== undefined && !FIELD_VALIDATION.has(fieldValidation)) {
    problems.push(notSupported('fieldValidation', JSON.stringify(fieldValidation), '"", "Ignore", "Strict", "Warn"'))
  }
  problems.push(...fieldManagerProblems(text('fieldManager') ?? ''))
  const force = flag('force')
  if (verb === 'patch' && force !== undefined && !isApply) {
    problems.push({
      type: 'FieldValueForbidden',
      field: 'force',
      detail: 'Forbidden: may not be specified for non-apply patch',
    })
  }

  const options: RequestOptions = {
    fieldManager: text('fieldManager'),
    fieldValidation: fieldValidation as RequestOptions['fieldValidation'],
    dryRun: dryRun.length > 0 || undefined,
    force,
    labelSelector: text('labelSelector'),
    fieldSelector: text('fieldSelector'),
    resourceVersion: text('resourceVersion'),
    resourceVersionMatch: text('resourceVersionMatch'),
    limit: integer('limit'),
    continue: text('continue'),
    gracePeriodSeconds: integer('gracePeriodSeconds'),
    propagationPolicy: text('propagationPolicy'),
    orphanDependents: flag('orphanDependents'),
  }
  const parsed: Query = {
    options,
    watch: flag('watch') ?? false,
    allowWatchBookmarks: flag('allowWatchBookmarks') ?? false,
    sendInitialEvents: flag('sendInitialEvents'),
    timeoutSeconds: integer('timeoutSeconds'),
    pretty: flag('pretty'),
    includeObject: text('includeObject'),
  }
  if (malformed !== undefined) {
    return { ok: false, status: badRequest(`strconv.ParseInt: parsing ${JSON.stringify(malformed)}: invalid syntax`) }
  }
  if (problems.length > 0) {
    return { ok: false, status: invalid({ group: 'meta.k8s.io', kind: OPTIONS_KIND[verb] }, '', problems) }
  }
  return { ok: true, query: parsed }
}

const MAX_MANAGER_BYTES = 128

/** Who wrote a field is shown to people: no control characters, and not too long. */
function fieldManagerProblems(manager: string): FieldError[] {
  const problems: FieldError[] = []
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) {
    problems.push({
      type: 'FieldValueTooLong',
      field: 'fieldManager',
      detail: `Too long: must have at most ${MAX_MANAGER_BYTES} bytes`,
    })
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that nobody can see.
  const unseen = /[\u0000-\u001f\u007f-\u009f]/.exec(manager)
  if (unseen) {
    const code = unseen[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
    problems.push({
      type: 'FieldValueInvalid',
      field: 'fieldManager',
      detail: `Invalid value: ${quoted(manager)}: invalid character U+${code} (at position ${unseen.index})`,
    })
  }
  return problems
}

/** As Go quotes: it has short escapes that JSON has not. */
const quoted = (text: string): string => JSON.stringify(text).replaceAll('\\u0007', '\\a').replaceAll('\\u000b', '\\v')

const FIELD_VALIDATION = new Set(['Ignore', 'Warn', 'Strict'])

const OPTIONS_KIND: Record<Verb, string> = {
  get: 'GetOptions',
  list: 'ListOptions',
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'DeleteOptions',
}

const notSupported = (field: string, value: string, supported: string): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  detail: `Unsupported value: ${value}: supported values: ${supported}`,
})
