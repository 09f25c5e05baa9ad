// Where a pod may run: node selectors, affinities, tolerations, spreading, gates.
import { duplicate, type Errors, forbiddenField, invalidValue, notSupported, type Path, required } from '../field.ts'
import { isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName } from '../names.ts'
import type {
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from '../schema/kinds/core-v1.ts'
import { addWords, checkOneOfIfSaid, checkPositive, checkUnique, listed } from './checks.ts'
import { checkLabels } from './metadata.ts'
import { checkLabelSelector } from './selectors.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const OPERATORS = ['Equal', 'Exists', 'Gt', 'Lt']
const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway']
const INCLUSION = ['Honor', 'Ignore']

export function checkScheduling(errors: Errors, spec: PodSpec, path: Path): void {
  if (spec.nodeName) addWords(errors, isDns1123Subdomain(spec.nodeName), path.child('nodeName'), spec.nodeName)
  checkLabels(errors, spec.nodeSelector, path.child('nodeSelector'))
  if (spec.affinity) {
    const at = path.child('affinity')
    const { nodeAffinity, podAffinity, podAntiAffinity } = spec.affinity
    if (nodeAffinity) checkNodeAffinity(errors, nodeAffinity, at.child('nodeAffinity'))
    if (podAffinity) checkPodAffinity(errors, podAffinity, at.child('podAffinity'))
    if (podAntiAffinity) checkPodAffinity(errors, podAntiAffinity, at.child('podAntiAffinity'))
  }
  if (spec.tolerations) checkTolerations(errors, spec.tolerations, path.child('tolerations'))
  checkSpreading(errors, listed(spec.topologySpreadConstraints), path.child('topologySpreadConstraints'))
  const gates = new Set<unknown>()
  for (const [i, { name }] of listed(spec.schedulingGates).entries()) {
    const at = path.child('schedulingGates').at(i)
    addWords(errors, isQualifiedName(name ?? ''), at, name ?? '')
    checkUnique(errors, gates, name, () => at)
  }
  for (const [i, { conditionType }] of listed(spec.readinessGates).entries()) {
    const at = path.child('readinessGates').at(i).child('conditionType')
    addWords(errors, isQualifiedName(conditionType ?? ''), at, conditionType ?? '')
  }
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'
const WEIGHT_WRONG = 'must be in the range 1-100'

function checkNodeAffinity(errors: Errors, affinity: NodeAffinity, path: Path): void {
  const wanted = affinity[REQUIRED]
  if (wanted) checkNodeSelector(errors, wanted, path.child(REQUIRED))
  for (const [i, { weight, preference }] of listed(affinity[PREFERRED]).entries()) {
    const at = path.child(PREFERRED).at(i)
    if (!(weight >= 1 && weight <= 100)) errors.push(invalidValue(at.child('weight'), weight ?? 0, WEIGHT_WRONG))
    checkNodeTerm(errors, preference ?? {}, at.child('preference'))
  }
}

export function checkNodeSelector(errors: Errors, { nodeSelectorTerms }: NodeSelector, path: Path): void {
  const at = path.child('nodeSelectorTerms')
  const terms = listed(nodeSelectorTerms)
  if (terms.length === 0) errors.push(required(at, 'must have at least one node selector term'))
  for (const [i, term] of terms.entries()) checkNodeTerm(errors, term, at.at(i))
}

function checkNodeTerm(errors: Errors, term: NodeSelectorTerm, path: Path): void {
  for (const [i, requirement] of listed(term.matchExpressions).entries()) {
    const at = path.child('matchExpressions').at(i)
    checkNodeRequirement(errors, requirement, at)
    addWords(errors, isQualifiedName(requirement.key ?? ''), at.child('key'), requirement.key ?? '')
  }
  for (const [i, { key, operator, values }] of listed(term.matchFields).entries()) {
    const at = path.child('matchFields').at(i)
    if ((operator === 'In' || operator === 'NotIn') && listed(values).length !== 1) {
      errors.push(
        required(at.child('values'), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
      )
    } else if (operator !== 'In' && operator !== 'NotIn') {
      errors.push(invalidValue(at.child('operator'), operator ?? '', 'not a valid selector operator'))
    }
    if (key !== 'metadata.name') errors.push(invalidValue(at.child('key'), key ?? '', 'not a valid field selector key'))
    else
      for (const [j, value] of listed(values).entries())
        addWords(errors, isDns1123Subdomain(value), at.child('values').at(j), value)
  }
}

function checkNodeRequirement(errors: Errors, { operator, values }: NodeSelectorRequirement, path: Path): void {
  const count = listed(values).length
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (count === 0) errors.push(required(path.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"))
      break
    case 'Exists':
    case 'DoesNotExist':
      if (count > 0) {
        errors.push(forbiddenField(path.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
      }
      break
    case 'Gt':
    case 'Lt':
      if (count !== 1) {
        errors.push(required(path.child('values'), "must be specified single value when `operator` is 'Lt' or 'Gt'"))
      }
      break
    default:
      errors.push(invalidValue(path.child('operator'), operator ?? '', 'not a valid selector operator'))
  }
}

function checkPodAffinity(errors: Errors, affinity: PodAffinity, path: Path): void {
  for (const [i, term] of listed(affinity[REQUIRED]).entries()) checkPodTerm(errors, term, path.child(REQUIRED).at(i))
  for (const [i, { weight, podAffinityTerm }] of listed(affinity[PREFERRED]).entries()) {
    const at = path.child(PREFERRED).at(i)
    if (!(weight >= 1 && weight <= 100)) errors.push(invalidValue(at.child('weight'), weight ?? 0, WEIGHT_WRONG))
    checkPodTerm(errors, podAffinityTerm, at.child('podAffinityTerm'))
  }
}

function checkPodTerm(errors: Errors, term: PodAffinityTerm, path: Path): void {
  checkLabelSelector(errors, term.labelSelector, path.child('labelSelector'))
  checkLabelSelector(errors, term.namespaceSelector, path.child('namespaceSelector'))
  for (const namespace of listed(term.namespaces)) addWords(errors, isDns1123Label(namespace), path.child('namespace'), namespace)
  if (!term.topologyKey) errors.push(required(path.child('topologyKey'), 'can not be empty'))
  addWords(errors, isQualifiedName(term.topologyKey ?? ''), path.child('topologyKey'), term.topologyKey ?? '')
}

export function checkTolerations(errors: Errors, tolerations: readonly Toleration[], path: Path): void {
  for (const [i, toleration] of tolerations.entries()) checkToleration(errors, toleration, path.at(i))
}

function checkToleration(errors: Errors, toleration: Toleration, path: Path): void {
  const { key, operator, value = '', effect, tolerationSeconds } = toleration
  if (key) addWords(errors, isQualifiedName(key), path.child('key'), key)
  else if (operator !== 'Exists') {
    const words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(invalidValue(path.child('operator'), operator ?? '', words))
  }
  if (typeof tolerationSeconds === 'number' && effect !== 'NoExecute') {
    errors.push(invalidValue(path.child('effect'), effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"))
  }
  switch (operator || 'Equal') {
    case 'Equal':
      addWords(errors, isLabelValue(value), path.child('operator'), value)
      break
    case 'Exists':
      if (value) errors.push(invalidValue(path.child('operator'), toleration, "value must be empty when `operator` is 'Exists'"))
      break
    case 'Gt':
    case 'Lt':
      if (!/^-?(?:0|[1-9]\d*)$/.test(value)) errors.push(invalidValue(path.child('value'), value, 'must be an integer'))
      break
    default:
      errors.push(notSupported(path.child('operator'), operator, OPERATORS))
  }
  checkOneOfIfSaid(errors, effect, EFFECTS, path, 'effect')
}

function checkSpreading(errors: Errors, constraints: readonly TopologySpreadConstraint[], path: Path): void {
  for (const [i, constraint] of constraints.entries()) {
    const at = path.at(i)
    const { topologyKey, whenUnsatisfiable, minDomains } = constraint
    checkPositive(errors, constraint.maxSkew ?? 0, at, 'maxSkew')
    if (!topologyKey) errors.push(required(at.child('topologyKey'), 'can not be empty'))
    else addWords(errors, isQualifiedName(topologyKey), at.child('topologyKey'), topologyKey)
    if (!UNSATISFIABLE.includes(whenUnsatisfiable)) {
      errors.push(notSupported(at.child('whenUnsatisfiable'), whenUnsatisfiable ?? '', UNSATISFIABLE))
    }
    const twin = constraints.findIndex(
      (other, j) => j > i && other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
    )
    if (twin > 0) {
      errors.push(duplicate(at.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`))
    }
    if (typeof minDomains === 'number') {
      checkPositive(errors, minDomains, at, 'minDomains')
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const words = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
        errors.push(invalidValue(at.child('minDomains'), minDomains, words))
      }
    }
    checkOneOfIfSaid(errors, constraint.nodeAffinityPolicy, INCLUSION, at, 'nodeAffinityPolicy')
    checkOneOfIfSaid(errors, constraint.nodeTaintsPolicy, INCLUSION, at, 'nodeTaintsPolicy')
    checkLabelSelector(errors, constraint.labelSelector, at.child('labelSelector'))
  }
}
