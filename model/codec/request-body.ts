// The body of a request as an object of the kind that its path asks for, from each of the three media types; or the Status
// that says why it is none.
import { apiVersionOf, type Json, type JsonObject, parseApiVersion } from '../object.ts'
import { type MessageType, typeForKind } from '../schema/types.ts'
import { badRequest, type Status, tooLarge, unsupportedMediaType } from '../status.ts'
import { CodecError } from './codec-error.ts'
import { decodeTyped } from './decode.ts'
import { OTHER_KINDS, OWN_KINDS, type ParsedText, parseJson } from './json.ts'
import { settleNumbers } from './number.ts'
import { decodeProtobuf } from './protobuf.ts'
import { parseYaml } from './yaml.ts'

const JSON_TYPE = 'application/json'
const YAML_TYPE = 'application/yaml'
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
const MEDIA_TYPES = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export type DecodedBody =
  | {
      readonly ok: true
      /** With `apiVersion` and `kind`, those of the expected kind where the body left them out. */
      readonly object: JsonObject
      /**
       * For `fieldValidation`: what is told as warnings by default and refuses the request if strict, in Kubernetes' words:
       * `unknown field "spec.foo"`, `duplicate field "spec.bar"`.
       */
      readonly problems: readonly string[]
    }
  | { readonly ok: false; readonly status: Status }

/** `contentType` may have parameters; an empty one is JSON. Kinds that are not in the table of types are left as they are. */
export function decodeBody(contentType: string, bytes: Uint8Array, expected: GroupVersionKind): DecodedBody {
  const type = typeForKind(expected.group, expected.version, expected.kind)
  switch (mediaType(contentType)) {
    case '':
    case JSON_TYPE:
      return decodeText(bytes, (text) => parseJson(text, type ? OWN_KINDS : OTHER_KINDS), expected, type)
    case YAML_TYPE:
      return decodeText(bytes, (text) => parseYaml(text, type ? OWN_KINDS : OTHER_KINDS), expected, type)
    case PROTOBUF_TYPE:
      // Custom resources have no protobuf form.
      return type ? decodeBytes(bytes, expected, type) : refused(unsupportedMediaType([JSON_TYPE, YAML_TYPE]))
    default:
      return refused(unsupportedMediaType(MEDIA_TYPES))
  }
}

/** As `decodeBody`, for a body that is an object already: from our own participants, or the outcome of a patch. */
export function decodeValue(value: Json | JsonObject, expected: GroupVersionKind): DecodedBody {
  return decodeParsed(
    { value: value as Json, problems: [] },
    expected,
    typeForKind(expected.group, expected.version, expected.kind),
  )
}

/** The Status for `fieldValidation=Strict`. */
export const strictDecodingError = ({ version, kind }: GroupVersionKind, problems: readonly string[]): Status =>
  badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${problems.join(', ')}`)

const mediaType = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()

const refused = (status: Status): DecodedBody => ({ ok: false, status })

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function decodeText(
  bytes: Uint8Array,
  parse: (text: string) => ParsedText,
  expected: GroupVersionKind,
  type: MessageType | undefined,
): DecodedBody {
  let parsed: ParsedText
  try {
    parsed = parse(utf8.decode(bytes))
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    if (error.fault === 'limit') return refused(tooLarge(error.message))
    const reason = error.message.startsWith('yaml:')
      ? error.message
      : `couldn't get version/kind; json parse error: ${error.message}`
    return refused(unrecognized(expected, reason, bytes))
  }
  return decodeParsed(parsed, expected, type)
}

function decodeParsed({ value, problems }: ParsedText, expected: GroupVersionKind, type: MessageType | undefined): DecodedBody {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const reason = "couldn't get version/kind; json parse error: json: cannot unmarshal a value that is not an object"
    return refused(unrecognized(expected, reason, new TextEncoder().encode(JSON.stringify(value))))
  }
  const said = value as JsonObject
  const actual = kindOf(said.apiVersion, said.kind, expected)
  const status = wrongKind(actual, expected)
  if (status) return refused(status)
  const typeMeta = { apiVersion: apiVersionOf(actual.group, actual.version), kind: actual.kind }
  try {
    if (!type) return { ok: true, object: { ...(settleNumbers(said) as JsonObject), ...typeMeta }, problems }
    const { object, unknown } = decodeTyped(said, type)
    const notKnown = unknown.map((path) => `unknown field "${path}"`)
    return { ok: true, object: { ...typeMeta, ...object, ...typeMeta }, problems: [...notKnown, ...problems] }
  } catch (error) {
    return refused(cannotBeHandled(actual, expected, error))
  }
}

function decodeBytes(bytes: Uint8Array, expected: GroupVersionKind, type: MessageType): DecodedBody {
  let actual = expected
  try {
    const decoded = decodeProtobuf(bytes, type)
    actual = kindOf(decoded.apiVersion, decoded.kind, expected)
    const status = wrongKind(actual, expected)
    if (status) return refused(status)
    const typeMeta = { apiVersion: apiVersionOf(actual.group, actual.version), kind: actual.kind }
    return { ok: true, object: { ...typeMeta, ...decoded.object, ...typeMeta }, problems: [] }
  } catch (error) {
    return refused(cannotBeHandled(actual, expected, error))
  }
}

/** What the body says it is; where it says nothing, what is expected. */
function kindOf(apiVersion: Json | undefined, kind: Json | undefined, expected: GroupVersionKind): GroupVersionKind {
  const said = typeof apiVersion === 'string' && apiVersion !== '' ? parseApiVersion(apiVersion) : expected
  return { group: said.group, version: said.version, kind: typeof kind === 'string' && kind !== '' ? kind : expected.kind }
}

/** Options of a request belong to every group version. */
const isOptions = (kind: string): boolean => kind.endsWith('Options')

function wrongKind(actual: GroupVersionKind, expected: GroupVersionKind): Status | undefined {
  const version = apiVersionOf(actual.group, actual.version)
  const wanted = apiVersionOf(expected.group, expected.version)
  if (actual.kind === expected.kind && (version === wanted || isOptions(expected.kind))) return undefined
  const known = typeForKind(actual.group, actual.version, actual.kind) !== undefined
  // Whether another version of a custom resource exists is not for the tables to say.
  const custom = typeForKind(expected.group, expected.version, expected.kind) === undefined && actual.group === expected.group
  if (actual.kind === expected.kind && (known || custom)) {
    return badRequest(`the API version in the data (${version}) does not match the expected API version (${wanted})`)
  }
  const reason = known
    ? `converting (${actual.version}.${actual.kind}) to (${expected.group || 'core'}.${expected.kind}): unknown conversion`
    : `no kind "${actual.kind}" is registered for version "${version}"`
  return badRequest(`${actual.kind} in version "${actual.version}" cannot be handled as a ${expected.kind}: ${reason}`)
}

function cannotBeHandled(actual: GroupVersionKind, expected: GroupVersionKind, error: unknown): Status {
  if (error instanceof RangeError) return tooLarge(`nesting is limited to ${OTHER_KINDS.depth} levels`)
  if (!(error instanceof CodecError)) throw error
  if (error.fault === 'limit') return tooLarge(error.message)
  return badRequest(`${actual.kind} in version "${actual.version}" cannot be handled as a ${expected.kind}: ${error.message}`)
}

/** How much of a body that could not be read is repeated in the answer: as it is for JSON, in hexadecimal else. */
const SUMMARY_BYTES = 30

function unrecognized({ kind }: GroupVersionKind, reason: string, bytes: Uint8Array): Status {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${reason} (${summary(bytes)})`)
}

function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>'
  const start = bytes.subarray(0, SUMMARY_BYTES)
  const hex = (): string => Array.from(start, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${bytes[0] === 0x7b ? utf8.decode(start) : hex()}${bytes.length > SUMMARY_BYTES ? ' ...' : ''}`
}
