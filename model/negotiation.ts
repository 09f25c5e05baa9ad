// In which form a client wants its answer: the media type, and whether as a table, as metadata only, or as aggregated
// discovery. Understands the Accept header as Kubernetes does: clauses by quality, each with the parameters as, g and v.
import { badRequest, failure, notAcceptable, type Status } from './status.ts'
import type { MetaVersion } from './table/partial.ts'
import { INCLUDE_OBJECT, type IncludeObject } from './table/table.ts'

export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf'

/** In the order of preference when a client does not care. */
const MEDIA_TYPES: readonly MediaType[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** What an object can be turned into, as the parameters of a clause name it. */
export type Transform =
  | { readonly as: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; readonly version: MetaVersion }
  | { readonly as: 'APIGroupDiscoveryList'; readonly version: 'v2' | 'v2beta1' }

export interface AnswerForm {
  readonly mediaType: MediaType
  /** Absent: the object itself. */
  readonly transform?: Transform
  /** `pretty=1` within the header; the query parameter of that name is the caller's to read. */
  readonly pretty: boolean
}

export type Endpoint = 'resource' | 'discovery' | 'other'

/** Clauses of one Accept header that are looked at; clients send at most a handful. */
const MAX_CLAUSES = 32

/** The form of the answer, or 406. An endpoint that can be transformed says so. */
export function negotiate(
  accept: string | undefined,
  endpoint: Endpoint = 'resource',
  offered: readonly MediaType[] = MEDIA_TYPES,
): AnswerForm | { readonly refused: Status } {
  const clauses = parseAccept(accept)
  if (clauses.length === 0) return { mediaType: offered[0] ?? 'application/json', pretty: false }
  for (const { type, parameters } of clauses) {
    const mediaType = offered.find((candidate) => covers(type, candidate))
    if (mediaType === undefined) continue
    const transform = transformOf(parameters, endpoint)
    if (transform === 'impossible') continue
    const pretty = isTrue(parameters.get('pretty'))
    return transform === undefined ? { mediaType, pretty } : { mediaType, transform, pretty }
  }
  return { refused: notAcceptable(offered) }
}

interface Clause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

function parseAccept(accept: string | undefined): Clause[] {
  const clauses = (accept ?? '')
    .split(',', MAX_CLAUSES)
    .map(parseClause)
    .filter(({ type, quality }) => type !== '' && quality > 0)
  return clauses.sort((a, b) => b.quality - a.quality || wildcards(a.type) - wildcards(b.type))
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';')
  const parameters = new Map<string, string>()
  for (const parameter of rest) {
    const equals = parameter.indexOf('=')
    if (equals > 0) parameters.set(parameter.slice(0, equals).trim(), parameter.slice(equals + 1).trim())
  }
  const quality = Number(parameters.get('q') ?? '1')
  return { type: type.trim().toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 1 }
}

/** Of two clauses of the same quality the more specific one counts. */
const wildcards = (type: string): number => (type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0)

const covers = (wanted: string, offered: string): boolean =>
  wanted === offered || wanted === '*/*' || (wanted.endsWith('/*') && offered.startsWith(wanted.slice(0, -1)))

const isTrue = (text: string | undefined): boolean => text === '1' || text === 'true'

function transformOf(parameters: ReadonlyMap<string, string>, endpoint: Endpoint): Transform | undefined | 'impossible' {
  const as = parameters.get('as')
  if (as === undefined || as === '') return undefined
  const [group, version] = [parameters.get('g'), parameters.get('v')]
  switch (as) {
    case 'Table':
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      if (endpoint !== 'resource' || group !== 'meta.k8s.io') return 'impossible'
      return version === 'v1' || version === 'v1beta1' ? { as, version } : 'impossible'
    case 'APIGroupDiscoveryList':
      if (endpoint !== 'discovery' || group !== 'apidiscovery.k8s.io') return 'impossible'
      return version === 'v2' || version === 'v2beta1' ? { as, version } : 'impossible'
    default:
      return 'impossible'
  }
}

/** The header of the answer. Aggregated discovery must name its form, or clients take it for the old one. */
export function contentTypeOf({ mediaType, transform }: AnswerForm): string {
  return transform?.as === 'APIGroupDiscoveryList'
    ? `${mediaType};g=apidiscovery.k8s.io;v=${transform.version};as=APIGroupDiscoveryList`
    : mediaType
}

/** A list asked for as metadata of one object, or the reverse: 406. `kind` is what was asked for. */
export function refuseShape({ as }: Transform, kind: string, isList: boolean): Status | undefined {
  if (as === 'PartialObjectMetadata' && isList) {
    return failure(406, 'NotAcceptable', `you requested PartialObjectMetadata, but the requested object is a list (${kind})`)
  }
  if (as === 'PartialObjectMetadataList' && !isList) {
    const message = `you requested PartialObjectMetadataList, but the requested object is not a list (${kind})`
    return failure(406, 'NotAcceptable', message)
  }
  return undefined
}

/** The query parameter includeObject of a table. */
export function parseIncludeObject(text: string | undefined): IncludeObject | { readonly refused: Status } {
  if (text === undefined || text === '') return 'Metadata'
  if (INCLUDE_OBJECT.includes(text)) return text as IncludeObject
  const reason = `includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`
  return { refused: badRequest(`Unable to convert to Table as requested: ${reason}`) }
}
