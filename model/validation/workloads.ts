// Deployments, replica sets, replication controllers, stateful sets and daemon sets.
import { semanticallyEqual } from '../equality.ts'
import { type Errors, forbiddenField, invalidValue, notSupported, Path, required } from '../field.ts'
import type {
  DaemonSet,
  DaemonSetUpdateStrategy,
  Deployment,
  DeploymentStrategy,
  ReplicaSet,
  StatefulSet,
  StatefulSetSpec,
} from '../schema/kinds/apps-v1.ts'
import type { ReplicationController } from '../schema/kinds/core-v1.ts'
import { checkNotNegative, IMMUTABLE, keysOf } from './checks.ts'
import { checkLabels } from './metadata.ts'
import {
  checkAtMostAll,
  checkCountOrPercentage,
  checkEndlessTemplate,
  checkSelectedTemplate,
  checkTemplateLabels,
  isNone,
} from './templates.ts'

const SPEC = Path.of('spec')

export function checkDeployment(errors: Errors, { spec }: Deployment): void {
  checkNotNegative(errors, spec?.replicas, SPEC, 'replicas')
  checkSelectedTemplate(errors, spec ?? {}, SPEC, 'deployment')
  if (spec?.strategy) checkRollout(errors, spec.strategy, SPEC.child('strategy'))
  checkNotNegative(errors, spec?.minReadySeconds, SPEC, 'minReadySeconds')
  checkNotNegative(errors, spec?.revisionHistoryLimit, SPEC, 'revisionHistoryLimit')
  checkNotNegative(errors, spec?.progressDeadlineSeconds, SPEC, 'progressDeadlineSeconds')
  const deadline = spec?.progressDeadlineSeconds
  if (typeof deadline === 'number' && deadline <= (spec?.minReadySeconds ?? 0)) {
    errors.push(invalidValue(SPEC.child('progressDeadlineSeconds'), deadline, 'must be greater than minReadySeconds'))
  }
}

export function checkDeploymentUpdate(errors: Errors, deployment: Deployment, old: Deployment): void {
  checkDeployment(errors, deployment)
  checkSameSelector(errors, deployment, old)
}

function checkRollout(errors: Errors, { type, rollingUpdate }: DeploymentStrategy, path: Path): void {
  const at = path.child('rollingUpdate')
  if (type === 'Recreate') {
    if (rollingUpdate) errors.push(forbiddenField(at, "may not be specified when strategy `type` is 'Recreate'"))
    return
  }
  if (type !== 'RollingUpdate') {
    errors.push(notSupported(path.child('type'), type ?? '', ['Recreate', 'RollingUpdate']))
    return
  }
  if (!rollingUpdate) {
    errors.push(required(at, 'this should be defaulted and never be nil'))
    return
  }
  const { maxSurge, maxUnavailable } = rollingUpdate
  checkCountOrPercentage(errors, maxUnavailable, at.child('maxUnavailable'))
  checkCountOrPercentage(errors, maxSurge, at.child('maxSurge'))
  if (isNone(maxUnavailable) && isNone(maxSurge)) {
    errors.push(invalidValue(at.child('maxUnavailable'), maxUnavailable ?? null, 'may not be 0 when `maxSurge` is 0'))
  }
  checkAtMostAll(errors, maxUnavailable, at.child('maxUnavailable'))
}

export function checkReplicaSet(errors: Errors, { spec }: ReplicaSet): void {
  checkNotNegative(errors, spec?.replicas, SPEC, 'replicas')
  checkNotNegative(errors, spec?.minReadySeconds, SPEC, 'minReadySeconds')
  checkSelectedTemplate(errors, spec ?? {}, SPEC, 'deployment')
}

export function checkReplicaSetUpdate(errors: Errors, set: ReplicaSet, old: ReplicaSet): void {
  checkReplicaSet(errors, set)
  checkSameSelector(errors, set, old)
}

export function checkReplicationController(errors: Errors, { spec }: ReplicationController): void {
  checkNotNegative(errors, spec?.minReadySeconds, SPEC, 'minReadySeconds')
  const selector = spec?.selector ?? {}
  if (keysOf(selector).length === 0) errors.push(required(SPEC.child('selector')))
  else checkLabels(errors, selector, SPEC.child('selector'))
  checkNotNegative(errors, spec?.replicas, SPEC, 'replicas')
  const template = SPEC.child('template')
  if (!spec?.template) {
    errors.push(required(template))
    return
  }
  checkTemplateLabels(errors, { matchLabels: selector }, spec.template, template)
  checkEndlessTemplate(errors, spec.template, template)
}

export function checkStatefulSet(errors: Errors, { spec }: StatefulSet): void {
  const { podManagementPolicy, updateStrategy, persistentVolumeClaimRetentionPolicy: retention } = spec ?? {}
  if (podManagementPolicy !== 'OrderedReady' && podManagementPolicy !== 'Parallel') {
    const at = SPEC.child('podManagementPolicy')
    errors.push(
      podManagementPolicy ? invalidValue(at, podManagementPolicy, "must be 'OrderedReady' or 'Parallel'") : required(at),
    )
  }
  if (updateStrategy) checkStatefulUpdates(errors, updateStrategy, SPEC.child('updateStrategy'))
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[field]
    if (policy && policy !== 'Retain' && policy !== 'Delete') {
      errors.push(notSupported(SPEC.child('persistentVolumeClaimRetentionPolicy').child(field), policy, ['Retain', 'Delete']))
    }
  }
  checkNotNegative(errors, spec?.replicas, SPEC, 'replicas')
  checkNotNegative(errors, spec?.minReadySeconds, SPEC, 'minReadySeconds')
  checkNotNegative(errors, spec?.revisionHistoryLimit, SPEC, 'revisionHistoryLimit')
  if (spec?.ordinals) checkNotNegative(errors, spec.ordinals.start, SPEC.child('ordinals'), 'start')
  checkSelectedTemplate(errors, spec ?? {}, SPEC, 'statefulset')
}

function checkStatefulUpdates(errors: Errors, strategy: NonNullable<StatefulSetSpec['updateStrategy']>, path: Path): void {
  const { type, rollingUpdate } = strategy
  const at = path.child('rollingUpdate')
  if (!type) errors.push(required(path))
  else if (type === 'OnDelete') {
    if (rollingUpdate) errors.push(invalidValue(at, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"))
  } else if (type !== 'RollingUpdate') {
    errors.push(invalidValue(path, strategy, "must be 'RollingUpdate' or 'OnDelete'"))
  } else {
    checkNotNegative(errors, rollingUpdate?.partition, at, 'partition')
    const maxUnavailable = rollingUpdate?.maxUnavailable
    checkCountOrPercentage(errors, maxUnavailable, at.child('maxUnavailable'))
    if (maxUnavailable !== undefined && maxUnavailable !== null && isNone(maxUnavailable)) {
      errors.push(invalidValue(at.child('maxUnavailable'), maxUnavailable, 'cannot be 0'))
    }
    checkAtMostAll(errors, maxUnavailable, at.child('maxUnavailable'))
  }
}

const STATEFUL_MAY_CHANGE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

export function checkStatefulSetUpdate(errors: Errors, set: StatefulSet, old: StatefulSet): void {
  checkStatefulSet(errors, set)
  if (equalExcept(set.spec, old.spec, STATEFUL_MAY_CHANGE)) return
  errors.push(
    forbiddenField(
      SPEC,
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  )
}

export function checkDaemonSet(errors: Errors, { spec }: DaemonSet): void {
  const { selector, template } = spec ?? {}
  if (selector) checkSelectedTemplate(errors, { selector, template }, SPEC, 'daemonset')
  else {
    checkTemplateLabels(errors, selector, template, SPEC.child('template'))
    checkEndlessTemplate(errors, template, SPEC.child('template'))
  }
  checkNotNegative(errors, spec?.minReadySeconds, SPEC, 'minReadySeconds')
  checkNotNegative(errors, spec?.revisionHistoryLimit, SPEC, 'revisionHistoryLimit')
  if (spec?.updateStrategy) checkDaemonUpdates(errors, spec.updateStrategy, SPEC.child('updateStrategy'))
}

export function checkDaemonSetUpdate(errors: Errors, set: DaemonSet, old: DaemonSet): void {
  checkDaemonSet(errors, set)
  checkSameSelector(errors, set, old)
}

function checkDaemonUpdates(errors: Errors, strategy: DaemonSetUpdateStrategy, path: Path): void {
  const { type, rollingUpdate } = strategy
  const at = path.child('rollingUpdate')
  if (type === 'OnDelete') return
  if (type !== 'RollingUpdate') {
    errors.push(notSupported(path, strategy, ['RollingUpdate', 'OnDelete']))
    return
  }
  if (!rollingUpdate) {
    errors.push(required(at))
    return
  }
  const { maxUnavailable, maxSurge } = rollingUpdate
  checkCountOrPercentage(errors, maxUnavailable, at.child('maxUnavailable'))
  checkCountOrPercentage(errors, maxSurge, at.child('maxSurge'))
  checkAtMostAll(errors, maxUnavailable, at.child('maxUnavailable'))
  checkAtMostAll(errors, maxSurge, at.child('maxSurge'))
  if (!isNone(maxUnavailable) && !isNone(maxSurge)) {
    errors.push(invalidValue(at.child('maxSurge'), maxSurge ?? null, 'may not be set when maxUnavailable is non-zero'))
  } else if (isNone(maxUnavailable) && isNone(maxSurge)) {
    errors.push(required(at.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'))
  }
}

type WithSelector = { readonly spec?: { readonly selector?: unknown } }

/** What an owner has made would be its own no more. */
function checkSameSelector(errors: Errors, object: WithSelector, old: WithSelector): void {
  if (semanticallyEqual(object.spec?.selector, old.spec?.selector)) return
  errors.push(invalidValue(SPEC.child('selector'), object.spec?.selector ?? null, IMMUTABLE))
}

export function equalExcept(object: object | undefined, old: object | undefined, except: readonly string[]): boolean {
  const rest = (whole: object | undefined) => Object.entries(whole ?? {}).filter(([field]) => !except.includes(field))
  return semanticallyEqual(Object.fromEntries(rest(object)), Object.fromEntries(rest(old)))
}
