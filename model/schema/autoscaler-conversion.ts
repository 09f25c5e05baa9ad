// HorizontalPodAutoscaler between autoscaling/v1 and v2. What v1 has no fields for (metrics other than CPU utilization,
// conditions, behaviour) travels in annotations, as Kubernetes keeps it, so that nothing is lost on the way back.
import type { Json, JsonObject } from '../object.ts'

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const ANNOTATIONS = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR]

export function podAutoscalerToV1(object: JsonObject): JsonObject {
  const { metrics, behavior, ...spec } = objectOf(object.spec)
  const { currentMetrics, conditions, ...status } = objectOf(object.status)
  const [cpu, otherMetrics] = partition(listOf(metrics), isCpuUtilization)
  const [currentCpu, otherCurrent] = partition(listOf(currentMetrics), isCpuUtilization)
  const annotations = definedOnly({
    ...objectOf(objectOf(object.metadata).annotations),
    [METRICS]: annotation(otherMetrics.map((metric) => flatMetric(metric, 'target'))),
    [CURRENT_METRICS]: annotation(otherCurrent.map((metric) => flatMetric(metric, 'current'))),
    [CONDITIONS]: annotation(listOf(conditions)),
    [BEHAVIOR]: behavior === undefined ? undefined : behaviorText(objectOf(behavior)),
  })
  return {
    ...object,
    metadata: withAnnotations(objectOf(object.metadata), annotations),
    spec: definedOnly({ ...spec, targetCPUUtilizationPercentage: amountOf(cpu, 'target').averageUtilization }),
    status: definedOnly({ ...status, currentCPUUtilizationPercentage: amountOf(currentCpu, 'current').averageUtilization }),
  }
}

/** Without what the annotations hold if `trustAnnotations` is false: anybody may have written them. */
export function podAutoscalerToV2(object: JsonObject, trustAnnotations = true): JsonObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = objectOf(object.spec)
  const { currentCPUUtilizationPercentage: current, ...status } = objectOf(object.status)
  const all = objectOf(objectOf(object.metadata).annotations)
  const annotations = trustAnnotations ? all : {}
  const kept = Object.fromEntries(Object.entries(all).filter(([name]) => !ANNOTATIONS.includes(name)))
  const metrics = [...cpuMetric('target', target), ...parsedList(annotations[METRICS]).map((m) => nestedMetric(m, 'target'))]
  const currentMetrics = [
    ...cpuMetric('current', current),
    ...parsedList(annotations[CURRENT_METRICS]).map((m) => nestedMetric(m, 'current')),
  ]
  return {
    ...object,
    metadata: withAnnotations(objectOf(object.metadata), kept),
    spec: definedOnly({ ...spec, metrics: nonEmpty(metrics), behavior: uncapitalized(parsed(annotations[BEHAVIOR])) }),
    status: definedOnly({
      ...status,
      currentMetrics: nonEmpty(currentMetrics),
      conditions: nonEmpty(parsedList(annotations[CONDITIONS])),
    }),
  }
}

type Side = 'target' | 'current'
type Partial = { readonly [key: string]: Json | undefined }

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
const listOf = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.map(objectOf) : [])
const nonEmpty = (list: readonly JsonObject[]): Json | undefined => (list.length === 0 ? undefined : list)
const annotation = (list: readonly JsonObject[]): string | undefined => (list.length === 0 ? undefined : JSON.stringify(list))

function definedOnly(object: Partial): JsonObject {
  const defined = Object.entries(object).filter((entry): entry is [string, Json] => entry[1] !== undefined)
  return Object.fromEntries(defined)
}

function withAnnotations({ annotations: _, ...metadata }: JsonObject, annotations: JsonObject): JsonObject {
  return Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations }
}

/** An annotation that somebody else wrote may hold anything: what is not JSON is dropped, as Kubernetes does. */
function parsed(text: Json | undefined): Json | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const parsedList = (text: Json | undefined): readonly JsonObject[] => listOf(parsed(text))

/** The annotation holds Kubernetes' internal form: capitalized, and with null for what is not set. */
function behaviorText({ scaleUp, scaleDown }: JsonObject): string {
  return JSON.stringify({ ScaleUp: internalRules(scaleUp), ScaleDown: internalRules(scaleDown) })
}

function internalRules(value: Json | undefined): Json {
  if (value === undefined || value === null) return null
  const { stabilizationWindowSeconds = null, selectPolicy = null, policies, tolerance } = objectOf(value)
  return definedOnly({
    StabilizationWindowSeconds: stabilizationWindowSeconds,
    SelectPolicy: selectPolicy,
    Policies: listOf(policies).map((policy) => ({
      Type: policy.type ?? '',
      Value: policy.value ?? 0,
      PeriodSeconds: policy.periodSeconds ?? 0,
    })),
    Tolerance: tolerance,
  })
}

function uncapitalized(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((element) => uncapitalized(element) ?? null)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [
    key.charAt(0).toLowerCase() + key.slice(1),
    uncapitalized(member),
  ])
  return Object.fromEntries(entries)
}

/** The first element that fits, and all others. */
function partition<T>(list: readonly T[], fits: (element: T) => boolean): [T | undefined, readonly T[]] {
  const found = list.findIndex(fits)
  return [list[found], list.filter((_, i) => i !== found)]
}

const amountOf = (metric: JsonObject | undefined, side: Side): JsonObject => objectOf(objectOf(metric?.resource)[side])

const isCpuUtilization = (metric: JsonObject): boolean =>
  metric.type === 'Resource' &&
  objectOf(metric.resource).name === 'cpu' &&
  [amountOf(metric, 'target'), amountOf(metric, 'current')].some(({ averageUtilization }) => averageUtilization !== undefined)

function cpuMetric(side: Side, percentage: Json | undefined): JsonObject[] {
  if (percentage === undefined || percentage === null) return []
  const amount = definedOnly({ type: side === 'target' ? 'Utilization' : undefined, averageUtilization: percentage })
  return [{ type: 'Resource', resource: { name: 'cpu', [side]: amount } }]
}

/** The field of a metric that has its details, by its type. */
const detailsOf: Readonly<Record<string, string>> = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
}

/** v2 says `target: {averageValue}`, v1 `targetAverageValue`; and v2 nests what v1 calls `metricName`. */
function flatMetric(metric: JsonObject, side: Side): JsonObject {
  const details = detailsOf[String(metric.type)]
  if (details === undefined) return metric
  const { metric: identity, [side]: amount, describedObject, ...rest } = objectOf(metric[details])
  const { name, selector } = objectOf(identity)
  const { value, averageValue, averageUtilization } = objectOf(amount)
  const isObject = details === 'object'
  const flat = definedOnly({
    ...rest,
    target: describedObject,
    metricName: name,
    [details === 'external' ? 'metricSelector' : 'selector']: selector,
    [`${side}Value`]: value,
    [isObject ? 'averageValue' : `${side}AverageValue`]: averageValue,
    [`${side}AverageUtilization`]: averageUtilization,
  })
  return { type: metric.type ?? '', [details]: flat }
}

function nestedMetric(metric: JsonObject, side: Side): JsonObject {
  const details = detailsOf[String(metric.type)]
  if (details === undefined) return metric
  const flat = objectOf(metric[details])
  const isObject = details === 'object'
  const named = details !== 'resource' && details !== 'containerResource'
  const averageValue = flat[isObject ? 'averageValue' : `${side}AverageValue`]
  const averageUtilization = flat[`${side}AverageUtilization`]
  // v1 writes a value of zero where there is only an average.
  const value = averageValue === undefined ? flat[`${side}Value`] : undefined
  const type = averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value'
  const selector = flat[details === 'external' ? 'metricSelector' : 'selector']
  return {
    type: metric.type ?? '',
    [details]: definedOnly({
      name: named ? undefined : flat.name,
      container: flat.container,
      describedObject: flat.target,
      metric: named ? definedOnly({ name: flat.metricName, selector }) : undefined,
      [side]: definedOnly({ type: side === 'target' ? type : undefined, value, averageValue, averageUtilization }),
    }),
  }
}
