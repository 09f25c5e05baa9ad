// Defaults of what makes pods from a template: Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob.
import { type Draft, ensurePart, fill, isAbsent, partOf, partsOf, textOf } from './draft.ts'
import { defaultPodTemplate } from './pods.ts'
import { defaultClaim } from './storage.ts'

export function defaultDeployment(deployment: Draft): void {
  const spec = ensurePart(deployment, 'spec')
  fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
  const strategy = ensurePart(spec, 'strategy')
  fill(strategy, { type: 'RollingUpdate' })
  if (strategy.type === 'RollingUpdate') fill(ensurePart(strategy, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' })
  defaultPodTemplate(partOf(spec, 'template'))
}

export function defaultReplicaSet(replicaSet: Draft): void {
  const spec = ensurePart(replicaSet, 'spec')
  fill(spec, { replicas: 1 })
  defaultPodTemplate(partOf(spec, 'template'))
}

/** The labels of its pods serve as its selector and its own labels. */
export function defaultReplicationController(controller: Draft): void {
  const spec = ensurePart(controller, 'spec')
  fill(spec, { replicas: 1 })
  const template = partOf(spec, 'template')
  const labels = labelsOf(template)
  if (labels) {
    if (isEmpty(partOf(spec, 'selector'))) spec.selector = { ...labels }
    labelAs(controller, labels)
  }
  defaultPodTemplate(template)
}

export function defaultStatefulSet(set: Draft): void {
  const spec = ensurePart(set, 'spec')
  fill(spec, { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady' })
  const strategy = ensurePart(spec, 'updateStrategy')
  fill(strategy, { type: 'RollingUpdate' })
  if (strategy.type === 'RollingUpdate') fill(ensurePart(strategy, 'rollingUpdate'), { partition: 0 })
  fill(ensurePart(spec, 'persistentVolumeClaimRetentionPolicy'), { whenDeleted: 'Retain', whenScaled: 'Retain' })
  for (const claim of partsOf(spec, 'volumeClaimTemplates')) {
    fill(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' })
    defaultClaim(claim)
  }
  defaultPodTemplate(partOf(spec, 'template'))
}

export function defaultDaemonSet(set: Draft): void {
  const spec = ensurePart(set, 'spec')
  fill(spec, { revisionHistoryLimit: 10 })
  const strategy = ensurePart(spec, 'updateStrategy')
  fill(strategy, { type: 'RollingUpdate' })
  if (strategy.type === 'RollingUpdate') fill(ensurePart(strategy, 'rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 })
  defaultPodTemplate(partOf(spec, 'template'))
}

/** As many retries as fit when each index counts its own. */
const UNLIMITED = 2 ** 31 - 1

export function defaultJob(job: Draft): void {
  const spec = ensurePart(job, 'spec')
  if (isAbsent(spec.completions) && isAbsent(spec.parallelism)) spec.completions = 1
  fill(spec, {
    parallelism: 1,
    backoffLimit: isAbsent(spec.backoffLimitPerIndex) ? 6 : UNLIMITED,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: isAbsent(spec.podFailurePolicy) ? 'TerminatingOrFailed' : 'Failed',
  })
  for (const rule of partsOf(partOf(spec, 'podFailurePolicy'), 'rules')) {
    for (const condition of partsOf(rule, 'onPodConditions')) fill(condition, { status: 'True' })
  }
  const labels = labelsOf(partOf(spec, 'template'))
  if (labels) labelAs(job, labels)
  defaultPodTemplate(partOf(spec, 'template'))
}

export function defaultCronJob(cronJob: Draft): void {
  const spec = ensurePart(cronJob, 'spec')
  fill(spec, { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 })
  defaultPodTemplate(partOf(partOf(partOf(spec, 'jobTemplate'), 'spec'), 'template'))
}

const isEmpty = (draft: Draft | undefined): boolean => draft === undefined || Object.keys(draft).length === 0

function labelsOf(template: Draft | undefined): Draft | undefined {
  const labels = partOf(partOf(template, 'metadata'), 'labels')
  return isEmpty(labels) ? undefined : labels
}

/** An object without labels takes those of its template. */
export function labelAs(object: Draft, labels: Draft): void {
  const metadata = ensurePart(object, 'metadata')
  if (isEmpty(partOf(metadata, 'labels'))) metadata.labels = { ...labels }
}

/** Of autoscaling/v1 and v2: one replica at least, and 80 % of the requested CPU as the aim. */
export function defaultAutoscaler(autoscaler: Draft): void {
  const spec = ensurePart(autoscaler, 'spec')
  fill(spec, { minReplicas: 1 })
  if (textOf(autoscaler, 'apiVersion') === 'autoscaling/v1') {
    const annotations = partOf(partOf(autoscaler, 'metadata'), 'annotations')
    if (isAbsent(annotations?.['autoscaling.alpha.kubernetes.io/metrics'])) fill(spec, { targetCPUUtilizationPercentage: 80 })
    return
  }
  if (partsOf(spec, 'metrics').length === 0) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]
  }
  const behavior = partOf(spec, 'behavior')
  if (!behavior) return
  defaultScalingRules(ensurePart(behavior, 'scaleUp'), 0, SCALE_UP)
  defaultScalingRules(ensurePart(behavior, 'scaleDown'), undefined, SCALE_DOWN)
}

const SCALE_UP = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
]
const SCALE_DOWN = [{ type: 'Percent', value: 100, periodSeconds: 15 }]

function defaultScalingRules(rules: Draft, stabilizationWindowSeconds: number | undefined, policies: readonly Draft[]): void {
  if (stabilizationWindowSeconds !== undefined) fill(rules, { stabilizationWindowSeconds })
  fill(rules, { selectPolicy: 'Max' })
  if (isAbsent(rules.policies)) rules.policies = policies.map((policy) => ({ ...policy }))
}
