// The same object in another version of its group. Most versions of a resource have one shape and differ by name alone; both
// kinds of events and both versions of the HorizontalPodAutoscaler do not.
import { decodeTyped } from '../codec/decode.ts'
import { type JsonObject, type KubeObject, parseApiVersion } from '../object.ts'
import { podAutoscalerToV1, podAutoscalerToV2 } from './autoscaler-conversion.ts'
import { typeForKind } from './types.ts'

/** Gives the object itself if it is of that version already. */
export function convert(object: KubeObject, toApiVersion: string): KubeObject {
  const { apiVersion, kind } = object
  if (apiVersion === toApiVersion) return object
  const step = steps[`${kind} ${apiVersion} ${toApiVersion}`]
  const converted = step ? step(object as unknown as JsonObject) : object
  return { ...converted, apiVersion: toApiVersion, kind } as KubeObject
}

const steps: Readonly<Record<string, (object: JsonObject) => JsonObject>> = {
  'Event v1 events.k8s.io/v1': (event) => normal(renamed(event, groupNames), 'events.k8s.io/v1', 'Event'),
  'Event events.k8s.io/v1 v1': (event) => normal(renamed(event, coreNames), 'v1', 'Event'),
  'HorizontalPodAutoscaler autoscaling/v1 autoscaling/v2': (object) => {
    try {
      return normal(podAutoscalerToV2(object), 'autoscaling/v2', 'HorizontalPodAutoscaler')
    } catch {
      return normal(podAutoscalerToV2(object, false), 'autoscaling/v2', 'HorizontalPodAutoscaler')
    }
  },
  'HorizontalPodAutoscaler autoscaling/v2 autoscaling/v1': (object) =>
    normal(podAutoscalerToV1(object), 'autoscaling/v1', 'HorizontalPodAutoscaler'),
}

/** What the two versions write of values that nobody set differs as well. */
function normal(object: JsonObject, apiVersion: string, kind: string): JsonObject {
  const { group, version } = parseApiVersion(apiVersion)
  const type = typeForKind(group, version, kind)
  return type === undefined ? object : decodeTyped(object, type).object
}

/** Fields of core/v1 Event, and what events.k8s.io/v1 calls them. */
const eventFields: readonly (readonly [core: string, group: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
]

const groupNames = new Map(eventFields)
const coreNames = new Map(eventFields.map(([core, group]) => [group, core]))

function renamed(object: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]))
}
