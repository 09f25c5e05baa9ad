// Rows of horizontal pod autoscalers. Version 1 knows one metric only and says it in fields of its own.
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../schema/kinds/autoscaling-v1.ts'
import { AGE, age, column, firstOf, isAbsent, NAME, type Named, NONE, nameOf, printer, UNSET } from './columns.ts'

const MOST_METRICS = 2
const UNKNOWN = '<unknown>'

interface MetricValue {
  readonly value?: string
  readonly averageValue?: string
  readonly averageUtilization?: number
}

interface Metric {
  readonly type: string
  readonly [source: string]: string | MetricSource | undefined
}

interface MetricSource {
  readonly name?: string
  readonly target?: MetricValue
  readonly current?: MetricValue
}

interface Autoscaler extends Named {
  readonly spec?: {
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string }
    readonly minReplicas?: number
    readonly maxReplicas?: number
    readonly metrics?: readonly Metric[]
  }
  readonly status?: { readonly currentReplicas?: number; readonly currentMetrics?: readonly Metric[] | null }
}

const columns = [
  NAME,
  column('Reference', 'What is scaled.'),
  column('Targets', 'What is measured, and what it should be.'),
  column('MinPods', 'The fewest pods.'),
  column('MaxPods', 'The most pods.'),
  column('Replicas', 'Pods that exist.'),
  AGE,
]

const cells = (scaler: Pick<Autoscaler, 'metadata' | 'spec' | 'status'>, targets: string, nowMs: number) => [
  nameOf(scaler),
  `${scaler.spec?.scaleTargetRef?.kind ?? ''}/${scaler.spec?.scaleTargetRef?.name ?? ''}`,
  targets,
  isAbsent(scaler.spec?.minReplicas) ? UNSET : `${scaler.spec.minReplicas}`,
  scaler.spec?.maxReplicas ?? 0,
  scaler.status?.currentReplicas ?? 0,
  age(scaler, nowMs),
]

export const autoscalers = printer<Autoscaler>(columns, (scaler, nowMs) => {
  const current = scaler.status?.currentMetrics ?? []
  const metrics = (scaler.spec?.metrics ?? []).map((metric, i) => metricText(metric, current[i]))
  return cells(scaler, metrics.length === 0 ? NONE : firstOf(metrics, MOST_METRICS, ', '), nowMs)
})

export const autoscalersV1 = printer<AutoscalerV1>(columns, (scaler, nowMs) => {
  const target = scaler.spec?.targetCPUUtilizationPercentage
  const current = scaler.status?.currentCPUUtilizationPercentage
  const text = isAbsent(target) ? NONE : `cpu: ${percent(current, UNKNOWN)}/${percent(target, '<auto>')}`
  return cells(scaler, text, nowMs)
})

const percent = (value: number | undefined, absent: string): string => (isAbsent(value) ? absent : `${value}%`)

function metricText(metric: Metric, status: Metric | undefined): string {
  const field = `${metric.type.charAt(0).toLowerCase()}${metric.type.slice(1)}`
  const source = sourceOf(metric, field)
  const name = source.name ?? ''
  const target = source.target ?? {}
  const current = sourceOf(status, field).current ?? {}
  const average = `${current.averageValue ?? UNKNOWN}/${target.averageValue}`
  switch (metric.type) {
    case 'Pods':
      return average
    case 'Object':
    case 'External':
      return isAbsent(target.averageValue) ? `${current.value ?? UNKNOWN}/${target.value ?? ''}` : `${average} (avg)`
    case 'Resource':
    case 'ContainerResource':
      return isAbsent(target.averageValue)
        ? `${name}: ${percent(current.averageUtilization, UNKNOWN)}/${percent(target.averageUtilization, '<auto>')}`
        : `${name}: ${average}`
    default:
      return '<unknown type>'
  }
}

function sourceOf(metric: Metric | undefined, field: string): MetricSource {
  const source = metric?.[field]
  return isAbsent(source) || typeof source === 'string' ? {} : source
}
