// Pods: what one has to be to be created, and the little of it that may change afterwards.
import { semanticallyEqual } from '../equality.ts'
import { type Errors, forbiddenField, invalidValue, Path } from '../field.ts'
import { isDns1123Subdomain } from '../names.ts'
import type { Container, Pod, PodSpec, PodTemplate, Toleration } from '../schema/kinds/core-v1.ts'
import { addWords, keysOf, listed } from './checks.ts'
import { checkPodSpec, checkPodTemplate } from './pod-spec.ts'
import { checkTolerations } from './scheduling.ts'

const SPEC = Path.of('spec')
const MIRROR = 'kubernetes.io/config.mirror'

export function checkPod(errors: Errors, pod: Pod): void {
  const mirror = pod.metadata.annotations?.[MIRROR]
  if (mirror !== undefined && !pod.spec?.nodeName) {
    const at = Path.of('metadata').child('annotations').at(MIRROR)
    errors.push(invalidValue(at, mirror, 'must set spec.nodeName if mirror pod annotation is set'))
  }
  checkPodSpec(errors, pod.spec, SPEC)
  if (listed(pod.spec?.ephemeralContainers).length > 0) {
    errors.push(forbiddenField(SPEC.child('ephemeralContainers'), 'cannot be set on create'))
  }
  if (pod.spec?.nodeName && listed(pod.spec.schedulingGates).length > 0) {
    errors.push(forbiddenField(SPEC.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'))
  }
}

export const checkPodTemplateObject = (errors: Errors, { template }: PodTemplate): void =>
  checkPodTemplate(errors, template, Path.of('template'))

const MAY_CHANGE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export function checkPodUpdate(errors: Errors, pod: Pod, old: Pod): void {
  const [spec, before] = [pod.spec, old.spec]
  if (!spec || !before) return
  const had = errors.length
  for (const list of ['containers', 'initContainers'] as const) {
    if (listed(spec[list]).length !== listed(before[list]).length) {
      errors.push(forbiddenField(SPEC.child(list), 'pod updates may not add or remove containers'))
    }
    checkImages(errors, listed(spec[list]), SPEC.child(list))
  }
  if (errors.length > had) return
  checkDeadline(errors, spec, before)
  checkAddedTolerations(errors, listed(spec.tolerations), listed(before.tolerations))
  const gated = checkRemovedGates(errors, spec, before)
  if (errors.length > had) return
  const rest = settled(spec, before, gated)
  if (semanticallyEqual(rest, before)) return
  errors.push(forbiddenField(SPEC, `${MAY_CHANGE}\n${changedFields(rest, before).join('\n')}`))
}

/** Of `status`: a pod may be promised a node, and that must be the name of one. */
export function checkPodStatusUpdate(errors: Errors, pod: Pod): void {
  const { nominatedNodeName } = pod.status ?? {}
  if (nominatedNodeName) {
    addWords(errors, isDns1123Subdomain(nominatedNodeName), Path.of('status').child('nominatedNodeName'), nominatedNodeName)
  }
}

function checkImages(errors: Errors, containers: readonly Container[], path: Path): void {
  for (const [i, { image = '' }] of containers.entries()) {
    if (image !== image.trim()) {
      errors.push(invalidValue(path.at(i).child('image'), image, 'must not have leading or trailing whitespace'))
    }
  }
}

/** A deadline may come nearer, not go away. */
function checkDeadline(errors: Errors, spec: PodSpec, before: PodSpec): void {
  const [deadline, earlier] = [spec.activeDeadlineSeconds ?? undefined, before.activeDeadlineSeconds ?? undefined]
  if (deadline === earlier) return
  const at = SPEC.child('activeDeadlineSeconds')
  if (deadline === undefined) errors.push(invalidValue(at, null, 'must not update from a positive integer to nil value'))
  else if (deadline < 0) errors.push(invalidValue(at, deadline, 'must be between 0 and 2147483647, inclusive'))
  else if (earlier !== undefined && deadline > earlier) {
    errors.push(invalidValue(at, deadline, 'must be less than or equal to previous value'))
  }
}

function checkAddedTolerations(errors: Errors, tolerations: readonly Toleration[], before: readonly Toleration[]): void {
  const same = (a: Toleration, b: Toleration): boolean =>
    (a.key ?? '') === (b.key ?? '') &&
    (a.operator ?? '') === (b.operator ?? '') &&
    (a.value ?? '') === (b.value ?? '') &&
    (a.effect ?? '') === (b.effect ?? '')
  const added = tolerations.filter((toleration) => !before.some((each) => same(each, toleration)))
  if (!before.every((each) => tolerations.some((toleration) => same(each, toleration)))) {
    errors.push(forbiddenField(SPEC.child('tolerations'), 'existing toleration can not be modified except its tolerationSeconds'))
  } else if (added.length > 0) {
    checkTolerations(errors, tolerations, SPEC.child('tolerations'))
  }
}

/** Answers whether the pod was held back before, when more of it may change. */
function checkRemovedGates(errors: Errors, spec: PodSpec, before: PodSpec): boolean {
  const earlier = listed(before.schedulingGates)
  for (const [i, { name }] of listed(spec.schedulingGates).entries()) {
    if (!earlier.some((gate) => gate.name === name)) {
      const words = `only deletion is allowed, but found new scheduling gate '${name}'`
      errors.push(forbiddenField(SPEC.child('schedulingGates').at(i).child('name'), words))
    }
  }
  return earlier.length > 0
}

/** The spec with everything that may change as it was. */
function settled(spec: PodSpec, before: PodSpec, gated: boolean): PodSpec {
  const { activeDeadlineSeconds, tolerations, schedulingGates, ephemeralContainers } = before
  const images = (list: readonly Container[] | undefined, old: readonly Container[] | undefined) =>
    list?.map((container, i) => ({ ...container, image: old?.[i]?.image }))
  const containers = images(spec.containers, before.containers) ?? []
  const initContainers = images(spec.initContainers, before.initContainers)
  const grace =
    (before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
      ? { terminationGracePeriodSeconds: before.terminationGracePeriodSeconds }
      : {}
  const placement = gated && extendsMap(spec.nodeSelector, before.nodeSelector) ? { nodeSelector: before.nodeSelector } : {}
  const affinity = gated && !before.affinity ? { affinity: before.affinity } : {}
  return {
    ...spec,
    containers,
    initContainers,
    activeDeadlineSeconds,
    tolerations,
    schedulingGates,
    ephemeralContainers,
    ...grace,
    ...placement,
    ...affinity,
  }
}

const extendsMap = (map: PodSpec['nodeSelector'], before: PodSpec['nodeSelector']): boolean =>
  keysOf(before).every((key) => map?.[key] === before?.[key])

/** A line a field that differs, for the reader of the error. */
function changedFields(spec: PodSpec, before: PodSpec): string[] {
  const [after, old] = [new Map(Object.entries(spec)), new Map(Object.entries(before))]
  return [...new Set([...after.keys(), ...old.keys()])]
    .filter((field) => !semanticallyEqual(after.get(field), old.get(field)))
    .map((field) => `spec.${field}: ${JSON.stringify(old.get(field) ?? null)} → ${JSON.stringify(after.get(field) ?? null)}`)
}
