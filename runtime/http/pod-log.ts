// `pods/log`: the log of one container, as its node has it. Which container, and what may be asked: Kubernetes'
// pkg/registry/core/pod (LogLocation) and the validation of PodLogOptions.
import type { LogsRequest } from '../../actors/link.protocol.ts'
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import { badRequest, type FieldError, invalid, type Status, serviceUnavailable } from '../../model/status.ts'
import { type BodySink, type HttpResponse, NO_BODY, type StreamedBody } from './exchange.ts'
import { failureOf, type NodeStream, type NodeStreams } from './node-streams.ts'

const CONTENT_TYPE = { 'Content-Type': 'text/plain' }

/** Answers with the log as it grows, or with why there is none. */
export function servePodLog(
  pod: Pod,
  query: string,
  nodes: NodeStreams,
  cause: string,
  respond: (outcome: { response: HttpResponse } | { status: Status }) => void,
): void {
  const wanted = logsRequest(pod, new URLSearchParams(query))
  if ('status' in wanted) {
    respond(wanted)
    return
  }
  const nodeName = pod.spec?.nodeName
  // Nobody has the pod yet: there is nothing to say, and nothing wrong.
  if (!nodeName) {
    respond({ response: { status: 204, headers: {}, body: NO_BODY } })
    return
  }
  const stream = nodes.openStream(nodeName, 'logs', wanted.request, cause)
  if (stream === undefined) {
    respond({ status: serviceUnavailable(`the node "${nodeName}" is not connected`) })
    return
  }
  const log = new LogBody(stream)
  stream.onFrame = (frame) => {
    stream.onFrame = (next) => log.take(next)
    respond({ response: { status: 200, headers: CONTENT_TYPE, body: log } })
    return log.take(frame)
  }
  stream.onClosed = (body, lost) => {
    const status = failureOf(body) ?? (lost === undefined ? undefined : serviceUnavailable(lost))
    respond(status === undefined ? { response: { status: 200, headers: CONTENT_TYPE, body: NO_BODY } } : { status })
  }
}

/** What the node is asked for. */
function logsRequest(pod: Pod, query: URLSearchParams): { request: LogsRequest } | { status: Status } {
  const podName = pod.metadata?.name ?? ''
  const container = containerOf(pod, podName, query.get('container') || undefined)
  if (typeof container !== 'string') return container
  const problems: FieldError[] = []
  const integer = (name: string, least: number): number | undefined => {
    const text = query.get(name)
    if (!text) return undefined
    const value = Number(text)
    if (!Number.isSafeInteger(value)) problems.push(invalidValue(name, text, 'must be an integer'))
    else if (value < least) problems.push(invalidValue(name, text, `must be greater than or equal to ${least}`))
    return value
  }
  const flag = (name: string): boolean => {
    const text = query.get(name)
    return text !== null && text !== '0' && text.toLowerCase() !== 'false'
  }
  const request: LogsRequest = {
    podUid: pod.metadata?.uid ?? '',
    namespace: pod.metadata?.namespace ?? '',
    podName,
    container,
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    tailLines: integer('tailLines', 0),
    limitBytes: integer('limitBytes', 1),
    sinceSeconds: integer('sinceSeconds', 1),
    sinceTime: query.get('sinceTime') || undefined,
    waitingFor: waitingFor(pod, container),
  }
  if (request.sinceSeconds !== undefined && request.sinceTime !== undefined) {
    problems.push({
      type: 'FieldValueForbidden',
      field: '',
      detail: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    })
  }
  if (request.sinceTime !== undefined && Number.isNaN(Date.parse(request.sinceTime))) {
    problems.push(invalidValue('sinceTime', request.sinceTime, 'must be a time as in RFC 3339'))
  }
  return problems.length > 0 ? { status: invalid({ group: '', kind: 'PodLogOptions' }, podName, problems) } : { request }
}

/** The kubelet's words for the reason that the container's status gives. */
function waitingFor(pod: Pod, container: string): string | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
  const reason = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container)?.state?.waiting?.reason
  if (reason === 'ErrImagePull') return "image can't be pulled"
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image'
  return reason
}

function containerOf(pod: Pod, podName: string, named: string | undefined): string | { status: Status } {
  const names = (containers: readonly { name?: string }[] | undefined) => (containers ?? []).map(({ name }) => name ?? '')
  const [containers, init, ephemeral] = [pod.spec?.containers, pod.spec?.initContainers, pod.spec?.ephemeralContainers].map(names)
  if (named !== undefined) {
    if ([containers, init, ephemeral].some((group) => group?.includes(named))) return named
    return { status: badRequest(`container ${named} is not valid for pod ${podName}`) }
  }
  const only = containers?.length === 1 ? containers[0] : undefined
  if (only !== undefined) return only
  const others =
    (init?.length ? ` or one of the init containers: [${init.join(' ')}]` : '') +
    (ephemeral?.length ? ` or one of the ephemeral containers: [${ephemeral.join(' ')}]` : '')
  return {
    status: badRequest(
      `a container name must be specified for pod ${podName}, choose one of: [${containers?.join(' ')}]${others}`,
    ),
  }
}

const invalidValue = (field: string, value: string, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  detail: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
})

class LogBody implements StreamedBody {
  private readonly stream: NodeStream
  private sink: BodySink | undefined
  /** Came before the answer had begun. */
  private early: Uint8Array[] = []
  private untaken = 0

  constructor(stream: NodeStream) {
    this.stream = stream
  }

  start(sink: BodySink): void {
    this.sink = sink
    for (const frame of this.early) sink.write(frame)
    this.early = []
    this.stream.onClosed = (_body, lost) => (lost === undefined ? sink.end() : sink.abort())
  }

  take(frame: unknown): boolean {
    if (!(frame instanceof Uint8Array) || frame.length === 0) return true
    if (this.sink === undefined) {
      this.early.push(frame)
      return true
    }
    if (this.sink.write(frame)) return true
    this.untaken += 1
    return false
  }

  resume(): void {
    for (; this.untaken > 0; this.untaken--) this.stream.taken()
  }

  stop(): void {
    this.stream.close()
  }
}
