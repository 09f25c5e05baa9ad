// Rows of ingresses and their classes, network policies, and the ranges and addresses of services.
import { resourceName } from '../object.ts'
import type { LabelSelector } from '../schema/kinds/meta-v1.ts'
import { AGE, age, column, firstOf, isAbsent, MOST_SHOWN, NAME, type Named, NONE, nameOf, printer } from './columns.ts'
import { selectorText } from './labels.ts'
import { ingressPoints } from './services.ts'

interface Ingress extends Named {
  readonly spec?: {
    readonly ingressClassName?: string
    readonly rules?: readonly { readonly host?: string }[]
    readonly tls?: readonly unknown[]
  }
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] }
  }
}

export const ingresses = printer<Ingress>(
  [
    NAME,
    column('Class', 'Which controller serves it.'),
    column('Hosts', 'Names that its rules are for.'),
    column('Address', 'Where it answers.'),
    column('Ports', '80, and 443 with TLS.'),
    AGE,
  ],
  (ingress, nowMs) => {
    const hosts = (ingress.spec?.rules ?? []).map(({ host }) => host ?? '').filter((host) => host !== '')
    return [
      nameOf(ingress),
      ingress.spec?.ingressClassName ?? ingress.metadata.annotations?.['kubernetes.io/ingress.class'] ?? NONE,
      firstOf(hosts, MOST_SHOWN) || '*',
      ingressPoints(ingress.status?.loadBalancer).join(','),
      (ingress.spec?.tls ?? []).length > 0 ? '80, 443' : '80',
      age(ingress, nowMs),
    ]
  },
)

interface IngressClass extends Named {
  readonly spec?: {
    readonly controller?: string
    readonly parameters?: { readonly apiGroup?: string; readonly kind: string; readonly name: string }
  }
}

export const ingressClasses = printer<IngressClass>(
  [NAME, column('Controller', 'Who serves its ingresses.'), column('Parameters', 'An object that says how.'), AGE],
  (ingressClass, nowMs) => {
    const parameters = ingressClass.spec?.parameters
    const kind = isAbsent(parameters?.apiGroup) ? parameters?.kind : `${parameters.kind}.${parameters.apiGroup}`
    return [
      nameOf(ingressClass),
      ingressClass.spec?.controller ?? '',
      parameters ? `${kind}/${parameters.name}` : NONE,
      age(ingressClass, nowMs),
    ]
  },
)

interface NetworkPolicy extends Named {
  readonly spec?: { readonly podSelector?: LabelSelector }
}

export const networkPolicies = printer<NetworkPolicy>(
  [NAME, column('Pod-Selector', 'Labels of the pods it is for.'), AGE],
  (policy, nowMs) => [nameOf(policy), selectorText(policy.spec?.podSelector), age(policy, nowMs)],
)

interface ServiceCIDR extends Named {
  readonly spec?: { readonly cidrs?: readonly string[] }
}

export const serviceCIDRs = printer<ServiceCIDR>(
  [NAME, column('CIDRs', 'Ranges of addresses of services.'), AGE],
  (range, nowMs) => [nameOf(range), (range.spec?.cidrs ?? []).join(','), age(range, nowMs)],
)

interface IPAddress extends Named {
  readonly spec?: {
    readonly parentRef?: {
      readonly group?: string
      readonly resource?: string
      readonly namespace?: string
      readonly name?: string
    }
  }
}

export const ipAddresses = printer<IPAddress>([NAME, column('ParentRef', 'Whose address it is.')], (address) => {
  const parent = address.spec?.parentRef
  if (!parent) return [nameOf(address), NONE]
  const resource = resourceName(parent.resource ?? '', parent.group ?? '').toLowerCase()
  return [nameOf(address), [resource, parent.namespace, parent.name].filter(Boolean).join('/')]
})
