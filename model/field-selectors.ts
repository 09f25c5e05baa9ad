// Field selectors (`spec.nodeName=n1,status.phase!=Running`) compiled to one predicate over objects, and the table of what each
// resource can be selected by.
import type { KubeObject, ResourceName } from './object.ts'
import { SelectorError } from './selector-error.ts'

interface FieldRequirement {
  readonly field: string
  readonly op: '=' | '!='
  readonly value: string
}

export interface FieldSelector {
  readonly matches: (object: KubeObject) => boolean
  /** The value that a field must have, for an index over it; undefined if the selector does not say. */
  readonly exact: (field: string) => string | undefined
  readonly requirements: readonly FieldRequirement[]
}

export type ParsedFieldSelector =
  | { readonly ok: true; readonly selector: FieldSelector }
  | { readonly ok: false; readonly message: string }

/** The message is that of the 400. `resource` is the name under which the objects are asked for. */
export function parseFieldSelector(text: string, resource: ResourceName): ParsedFieldSelector {
  try {
    return { ok: true, selector: compile(text, resource) }
  } catch (error) {
    if (error instanceof SelectorError) return { ok: false, message: error.message }
    throw error
  }
}

function compile(text: string, resource: ResourceName): FieldSelector {
  const requirements = parseTerms(text).map((term) => ({ ...term, field: canonicalField(term.field, resource) }))
  const tests = requirements.map(({ field, op, value }) => {
    const read = readerOf(field, resource)
    return (object: KubeObject): boolean => (read(object) === value) === (op === '=')
  })
  return {
    requirements,
    matches: (object) => {
      for (const test of tests) if (!test(object)) return false
      return true
    },
    exact: (field) => requirements.find((requirement) => requirement.op === '=' && requirement.field === field)?.value,
  }
}

type Reader = (object: KubeObject) => string

/** A field by its path, as text: absent is empty, `false` is `false`. */
function at(path: string, absent = ''): Reader {
  const steps = path.split('.')
  return (object) => {
    let value: unknown = object
    for (const step of steps) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return absent
      value = (value as Readonly<Record<string, unknown>>)[step]
    }
    return value === null || value === undefined ? absent : String(value)
  }
}

const plain = (...paths: string[]): Readonly<Record<string, Reader>> => Object.fromEntries(paths.map((path) => [path, at(path)]))

const everyResource = plain('metadata.name', 'metadata.namespace')

const eventFields: Readonly<Record<string, Reader>> = {
  ...plain(
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'type',
  ),
  source: (object) => at('source.component')(object) || at('reportingComponent')(object),
}

/** Resources with fields of their own; they have other words for a field that cannot be selected by. */
const selectable: Readonly<Record<ResourceName, Readonly<Record<string, Reader>>>> = {
  pods: {
    ...plain(
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ),
    'spec.hostNetwork': at('spec.hostNetwork', 'false'),
    'status.podIPs': at('status.podIP'),
  },
  events: eventFields,
  'events.events.k8s.io': eventFields,
  secrets: plain('type'),
  namespaces: plain('status.phase'),
  nodes: { 'spec.unschedulable': at('spec.unschedulable', 'false') },
  services: plain('spec.clusterIP', 'spec.type'),
  replicationcontrollers: { 'status.replicas': at('status.replicas', '0') },
  'replicasets.apps': { 'status.replicas': at('status.replicas', '0') },
  'jobs.batch': { 'status.successful': at('status.succeeded', '0') },
  'certificatesigningrequests.certificates.k8s.io': plain('spec.signerName'),
}

/** Older or other names of a field. */
const aliases: Readonly<Record<ResourceName, Readonly<Record<string, string>>>> = {
  pods: { 'spec.host': 'spec.nodeName' },
  'events.events.k8s.io': {
    'regarding.kind': 'involvedObject.kind',
    'regarding.namespace': 'involvedObject.namespace',
    'regarding.name': 'involvedObject.name',
    'regarding.uid': 'involvedObject.uid',
    'regarding.apiVersion': 'involvedObject.apiVersion',
    'regarding.resourceVersion': 'involvedObject.resourceVersion',
    'regarding.fieldPath': 'involvedObject.fieldPath',
    reportingController: 'reportingComponent',
  },
}

/** Their fields came to Kubernetes later than those of others, and their words stayed the general ones. */
const GENERAL_WORDS: ReadonlySet<ResourceName> = new Set(['services', 'replicasets.apps'])

function canonicalField(field: string, resource: ResourceName): string {
  const own = selectable[resource]
  const name = aliases[resource]?.[field] ?? field
  if (Object.hasOwn(everyResource, name) || (own !== undefined && Object.hasOwn(own, name))) return name
  if (own !== undefined && !GENERAL_WORDS.has(resource)) throw new SelectorError(`field label not supported: ${field}`)
  throw new SelectorError(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`)
}

const readerOf = (field: string, resource: ResourceName): Reader =>
  everyResource[field] ?? selectable[resource]?.[field] ?? at(field)

/** A backslash keeps `,` `=` and itself from ending a value. */
function parseTerms(text: string): FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => {
      const operator = /!=|==?/.exec(term)
      if (!operator) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`)
      const [sign] = operator
      const start = operator.index
      return { field: term.slice(0, start), op: sign === '!=' ? '!=' : '=', value: unescaped(term.slice(start + sign.length)) }
    })
}

const splitTerms = (text: string): string[] => text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []

function unescaped(value: string): string {
  return value.replace(/\\(.?)|[,=]/gs, (sign, escaped: string | undefined) => {
    if (escaped === undefined) throw new SelectorError(`invalid field selector: unescaped character in value: ${sign}`)
    if (escaped === '\\' || escaped === ',' || escaped === '=') return escaped
    throw new SelectorError(`invalid field selector: invalid escape sequence: ${sign}`)
  })
}
