// Roles and bindings: who may do what.
import { semanticallyEqual } from '../equality.ts'
import { type Errors, invalidValue, notSupported, Path, required } from '../field.ts'
import { isDns1123Subdomain } from '../names.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { addWords, listed } from './checks.ts'
import { checkLabelSelector } from './selectors.ts'

const GROUP = 'rbac.authorization.k8s.io'
const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group']

interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

export interface Role {
  readonly rules?: readonly Rule[] | null
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] }
}

export interface RoleBinding {
  readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string }
  readonly subjects?: readonly {
    readonly kind: string
    readonly apiGroup?: string
    readonly name: string
    readonly namespace?: string
  }[]
}

export const checkRole = (errors: Errors, { rules }: Role): void => checkRules(errors, listed(rules), true)

export function checkClusterRole(errors: Errors, { rules, aggregationRule }: Role): void {
  checkRules(errors, listed(rules), false)
  if (!aggregationRule) return
  const path = Path.of('aggregationRule').child('clusterRoleSelectors')
  const selectors = listed(aggregationRule.clusterRoleSelectors)
  if (selectors.length === 0) {
    errors.push(required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'))
  }
  for (const [i, selector] of selectors.entries()) {
    const before = errors.length
    checkLabelSelector(errors, selector, path.at(i))
    if (errors.length > before) errors.push(invalidValue(path.at(i), 'null', 'invalid label selector.'))
  }
}

function checkRules(errors: Errors, rules: readonly Rule[], namespaced: boolean): void {
  for (const [i, rule] of rules.entries()) {
    const at = Path.of('rules').at(i)
    const [groups, resources, urls] = [listed(rule.apiGroups), listed(rule.resources), listed(rule.nonResourceURLs)]
    if (listed(rule.verbs).length === 0) errors.push(required(at.child('verbs'), 'verbs must contain at least one value'))
    if (urls.length > 0) {
      if (namespaced) {
        errors.push(invalidValue(at.child('nonResourceURLs'), urls, 'namespaced rules cannot apply to non-resource URLs'))
      } else if (groups.length + resources.length > 0) {
        const words = 'rules cannot apply to both regular resources and non-resource URLs'
        errors.push(invalidValue(at.child('nonResourceURLs'), urls, words))
      }
      continue
    }
    if (groups.length === 0) errors.push(required(at.child('apiGroups'), 'resource rules must supply at least one api group'))
    if (resources.length === 0) errors.push(required(at.child('resources'), 'resource rules must supply at least one resource'))
  }
}

export const checkRoleBinding = (errors: Errors, binding: RoleBinding): void =>
  checkBinding(errors, binding, ['Role', 'ClusterRole'], true)
export const checkClusterRoleBinding = (errors: Errors, binding: RoleBinding): void =>
  checkBinding(errors, binding, ['ClusterRole'], false)

export function checkBindingUpdate(errors: Errors, binding: RoleBinding, old: RoleBinding): void {
  if (!semanticallyEqual(binding.roleRef, old.roleRef)) {
    errors.push(invalidValue(Path.of('roleRef'), binding.roleRef, 'cannot change roleRef'))
  }
}

function checkBinding(errors: Errors, { roleRef, subjects }: RoleBinding, kinds: readonly string[], namespaced: boolean): void {
  const at = Path.of('roleRef')
  if (roleRef.apiGroup !== GROUP) errors.push(notSupported(at.child('apiGroup'), roleRef.apiGroup ?? '', [GROUP]))
  if (!kinds.includes(roleRef.kind)) errors.push(notSupported(at.child('kind'), roleRef.kind ?? '', kinds))
  if (!roleRef.name) errors.push(required(at.child('name')))
  for (const [i, { kind, apiGroup = '', name, namespace }] of listed(subjects).entries()) {
    const path = Path.of('subjects').at(i)
    if (!name) errors.push(required(path.child('name')))
    if (!SUBJECT_KINDS.includes(kind)) {
      errors.push(notSupported(path.child('kind'), kind ?? '', SUBJECT_KINDS))
      continue
    }
    const group = kind === 'ServiceAccount' ? '' : GROUP
    if (apiGroup !== group) errors.push(notSupported(path.child('apiGroup'), apiGroup, [group]))
    if (kind !== 'ServiceAccount') continue
    if (name) addWords(errors, isDns1123Subdomain(name), path.child('name'), name)
    if (!namespaced && !namespace) errors.push(required(path.child('namespace')))
  }
}
