// Rows of events, in the form of the core group and in that of events.k8s.io, which names the same facts differently.
import type { EventSource, Event as KubeEvent, ObjectReference } from '../schema/kinds/core-v1.ts'
import { column, NAME, type Named, nameOf, printer, since, wide } from './columns.ts'

const columns = [
  column('Last Seen', 'How long ago it happened last.'),
  column('Type', 'Normal or Warning.'),
  column('Reason', 'What happened, in one word.'),
  column('Object', 'Whom it happened to.'),
  wide('Subobject', 'Which part of the object.'),
  wide('Source', 'Who tells it.'),
  column('Message', 'What happened, for people.'),
  wide('First Seen', 'How long ago it happened first.'),
  wide('Count', 'How often it happened.'),
  { ...NAME, priority: 1 },
]

interface NewEvent extends Named {
  readonly type?: string
  readonly reason?: string
  readonly note?: string
  readonly regarding?: ObjectReference
  readonly eventTime?: string
  readonly series?: KubeEvent['series']
  readonly reportingController?: string
  readonly reportingInstance?: string
  readonly deprecatedCount?: number
  readonly deprecatedFirstTimestamp?: string
  readonly deprecatedLastTimestamp?: string
  readonly deprecatedSource?: EventSource
}

/** The facts of either form. */
type Facts = Omit<KubeEvent, 'apiVersion' | 'kind' | 'involvedObject'> & { readonly involvedObject?: ObjectReference }

function cells(event: Facts, nowMs: number) {
  const { firstTimestamp, lastTimestamp, eventTime, series } = event
  const first = since(firstTimestamp || eventTime, nowMs)
  const last = series ? since(series.lastObservedTime, nowMs) : lastTimestamp ? since(lastTimestamp, nowMs) : first
  return [
    last,
    event.type ?? '',
    event.reason ?? '',
    objectText(event.involvedObject),
    event.involvedObject?.fieldPath ?? '',
    sourceText(event),
    (event.message ?? '').trim(),
    first,
    series ? (series.count ?? 0) : event.count || 1,
    nameOf(event),
  ]
}

function objectText(object: ObjectReference | undefined): string {
  const kind = (object?.kind ?? '').toLowerCase()
  return object?.name ? `${kind}/${object.name}` : kind
}

function sourceText({ source, reportingComponent, reportingInstance }: Facts): string {
  const component = source?.component || reportingComponent || ''
  const instance = source?.host || reportingInstance
  return instance ? `${component}, ${instance}` : component
}

export const events = printer<KubeEvent>(columns, cells)

export const newEvents = printer<NewEvent>(columns, (event, nowMs) =>
  cells(
    {
      metadata: event.metadata,
      type: event.type,
      reason: event.reason,
      message: event.note,
      involvedObject: event.regarding,
      eventTime: event.eventTime,
      series: event.series,
      reportingComponent: event.reportingController,
      reportingInstance: event.reportingInstance,
      count: event.deprecatedCount,
      firstTimestamp: event.deprecatedFirstTimestamp,
      lastTimestamp: event.deprecatedLastTimestamp,
      source: event.deprecatedSource,
    },
    nowMs,
  ),
)
