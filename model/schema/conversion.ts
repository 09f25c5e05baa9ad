// The same object in another version of its group. Most versions of a resource have one shape and differ by name alone; both
// kinds of events and both versions of the HorizontalPodAutoscaler do not.
import type { JsonObject, KubeObject } from '../object.ts'
import { podAutoscalerToV1, podAutoscalerToV2 } from './autoscaler-conversion.ts'

/** Gives the object itself if it is of that version already. */
export function convert(object: KubeObject, toApiVersion: string): KubeObject {
  const { apiVersion, kind } = object
  if (apiVersion === toApiVersion) return object
  const step = steps[`${kind} ${apiVersion} ${toApiVersion}`]
  const converted = step ? step(object as unknown as JsonObject) : object
  return { ...converted, apiVersion: toApiVersion } as KubeObject
}

const steps: Readonly<Record<string, (object: JsonObject) => JsonObject>> = {
  'Event v1 events.k8s.io/v1': eventOfGroup,
  'Event events.k8s.io/v1 v1': eventOfCore,
  'HorizontalPodAutoscaler autoscaling/v1 autoscaling/v2': podAutoscalerToV2,
  'HorizontalPodAutoscaler autoscaling/v2 autoscaling/v1': podAutoscalerToV1,
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

/** What one of the two kinds writes even when nobody set it, and the other does not. */
const alwaysInCore: JsonObject = { involvedObject: {}, source: {}, reportingComponent: '', reportingInstance: '' }
const neverEmptyInGroup = new Set(['regarding', 'deprecatedSource', 'reportingController', 'reportingInstance'])

function renamed(object: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]))
}

function eventOfCore(object: JsonObject): JsonObject {
  return { ...alwaysInCore, ...renamed(object, coreNames) }
}

function eventOfGroup(object: JsonObject): JsonObject {
  const event = renamed(object, groupNames)
  return Object.fromEntries(Object.entries(event).filter(([key, value]) => !(neverEmptyInGroup.has(key) && value === '')))
}
