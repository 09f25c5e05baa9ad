// Written by scripts/generate-kinds.ts from the table of types. Do not edit.
import type * as metav1 from './meta-v1.ts'

export interface ContainerResourceMetricSource {
  readonly container?: string
  readonly name?: string
  readonly targetAverageUtilization?: number
  readonly targetAverageValue?: string
}

export interface ContainerResourceMetricStatus {
  readonly container?: string
  readonly currentAverageUtilization?: number
  readonly currentAverageValue?: string
  readonly name?: string
}

export interface CrossVersionObjectReference {
  readonly apiVersion?: string
  readonly kind: string
  readonly name: string
}

export interface ExternalMetricSource {
  readonly metricName?: string
  readonly metricSelector?: metav1.LabelSelector
  readonly targetAverageValue?: string
  readonly targetValue?: string
}

export interface ExternalMetricStatus {
  readonly currentAverageValue?: string
  readonly currentValue?: string
  readonly metricName?: string
  readonly metricSelector?: metav1.LabelSelector
}

export interface HorizontalPodAutoscaler {
  readonly apiVersion: 'autoscaling/v1'
  readonly kind: 'HorizontalPodAutoscaler'
  readonly metadata: metav1.ObjectMeta
  readonly spec: HorizontalPodAutoscalerSpec
  readonly status?: HorizontalPodAutoscalerStatus
}

export interface HorizontalPodAutoscalerCondition {
  readonly lastTransitionTime?: string
  readonly message?: string
  readonly reason?: string
  readonly status?: string
  readonly type?: string
}

export interface HorizontalPodAutoscalerSpec {
  readonly maxReplicas: number
  readonly minReplicas?: number
  readonly scaleTargetRef: CrossVersionObjectReference
  readonly targetCPUUtilizationPercentage?: number
}

export interface HorizontalPodAutoscalerStatus {
  readonly currentCPUUtilizationPercentage?: number
  readonly currentReplicas: number
  readonly desiredReplicas: number
  readonly lastScaleTime?: string
  readonly observedGeneration?: number
}

export interface MetricSpec {
  readonly containerResource?: ContainerResourceMetricSource
  readonly external?: ExternalMetricSource
  readonly object?: ObjectMetricSource
  readonly pods?: PodsMetricSource
  readonly resource?: ResourceMetricSource
  readonly type?: string
}

export interface MetricStatus {
  readonly containerResource?: ContainerResourceMetricStatus
  readonly external?: ExternalMetricStatus
  readonly object?: ObjectMetricStatus
  readonly pods?: PodsMetricStatus
  readonly resource?: ResourceMetricStatus
  readonly type?: string
}

export interface ObjectMetricSource {
  readonly averageValue?: string
  readonly metricName?: string
  readonly selector?: metav1.LabelSelector
  readonly target?: CrossVersionObjectReference
  readonly targetValue?: string
}

export interface ObjectMetricStatus {
  readonly averageValue?: string
  readonly currentValue?: string
  readonly metricName?: string
  readonly selector?: metav1.LabelSelector
  readonly target?: CrossVersionObjectReference
}

export interface PodsMetricSource {
  readonly metricName?: string
  readonly selector?: metav1.LabelSelector
  readonly targetAverageValue?: string
}

export interface PodsMetricStatus {
  readonly currentAverageValue?: string
  readonly metricName?: string
  readonly selector?: metav1.LabelSelector
}

export interface ResourceMetricSource {
  readonly name?: string
  readonly targetAverageUtilization?: number
  readonly targetAverageValue?: string
}

export interface ResourceMetricStatus {
  readonly currentAverageUtilization?: number
  readonly currentAverageValue?: string
  readonly name?: string
}

export interface Scale {
  readonly apiVersion: 'autoscaling/v1'
  readonly kind: 'Scale'
  readonly metadata: metav1.ObjectMeta
  readonly spec?: ScaleSpec
  readonly status?: ScaleStatus
}

export interface ScaleSpec {
  readonly replicas?: number
}

export interface ScaleStatus {
  readonly replicas: number
  readonly selector?: string
}
