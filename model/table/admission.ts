// Rows of what has a say in admission: webhooks, policies and their bindings.
import { AGE, age, column, count, NAME, type Named, nameOf, printer, UNSET } from './columns.ts'

interface WebhookConfiguration extends Named {
  readonly webhooks?: readonly unknown[]
}

export const webhookConfigurations = printer<WebhookConfiguration>(
  [NAME, count('Webhooks', 'How many it calls.'), AGE],
  (configuration, nowMs) => [nameOf(configuration), configuration.webhooks?.length ?? 0, age(configuration, nowMs)],
)

interface AdmissionPolicy extends Named {
  readonly spec?: {
    readonly validations?: readonly unknown[]
    readonly mutations?: readonly unknown[]
    readonly paramKind?: { readonly apiVersion: string; readonly kind: string }
  }
}

const PARAM_KIND = column('ParamKind', 'The kind of its parameters.')
const paramKind = ({ spec }: AdmissionPolicy): string =>
  spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : UNSET

export const validatingAdmissionPolicies = printer<AdmissionPolicy>(
  [NAME, count('Validations', 'How many rules it has.'), PARAM_KIND, AGE],
  (policy, nowMs) => [nameOf(policy), policy.spec?.validations?.length ?? 0, paramKind(policy), age(policy, nowMs)],
)

export const mutatingAdmissionPolicies = printer<AdmissionPolicy>(
  [NAME, count('Mutations', 'How many changes it makes.'), PARAM_KIND, AGE],
  (policy, nowMs) => [nameOf(policy), policy.spec?.mutations?.length ?? 0, paramKind(policy), age(policy, nowMs)],
)

interface PolicyBinding extends Named {
  readonly spec?: { readonly policyName?: string; readonly paramRef?: { readonly namespace?: string; readonly name?: string } }
}

export const policyBindings = printer<PolicyBinding>(
  [NAME, column('PolicyName', 'The policy that it puts into force.'), column('ParamRef', 'The parameters.'), AGE],
  (binding, nowMs) => {
    const reference = binding.spec?.paramRef
    const name = reference?.name ?? ''
    const parameters = reference?.namespace ? `${reference.namespace}/${name}` : name
    return [nameOf(binding), binding.spec?.policyName ?? '', reference ? parameters : UNSET, age(binding, nowMs)]
  },
)
