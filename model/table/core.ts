// Rows of the smaller kinds of the core group.
import type {
  ComponentStatus,
  ConfigMap,
  Namespace,
  PodTemplate,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from '../schema/kinds/core-v1.ts'
import { AGE, age, byText, column, NAME, nameOf, printer } from './columns.ts'
import { labelsText } from './labels.ts'
import { templateCells } from './workloads.ts'

const sizeOf = (map: Readonly<Record<string, unknown>> | undefined): number => Object.keys(map ?? {}).length

export const configMaps = printer<ConfigMap>([NAME, column('Data', 'How many keys it has.'), AGE], (map, nowMs) => [
  nameOf(map),
  sizeOf(map.data) + sizeOf(map.binaryData),
  age(map, nowMs),
])

export const secrets = printer<Secret>(
  [NAME, column('Type', 'What it is for.'), column('Data', 'How many keys it has.'), AGE],
  (secret, nowMs) => [nameOf(secret), secret.type ?? '', sizeOf(secret.data), age(secret, nowMs)],
)

export const serviceAccounts = printer<ServiceAccount>([NAME, AGE], (account, nowMs) => [nameOf(account), age(account, nowMs)])

export const namespaces = printer<Namespace>(
  [NAME, column('Status', 'Active, or Terminating while it is emptied.'), AGE],
  (namespace, nowMs) => [nameOf(namespace), namespace.status?.phase ?? '', age(namespace, nowMs)],
)

export const podTemplates = printer<PodTemplate>(
  [
    NAME,
    column('Containers', 'Names of the containers of the template.'),
    column('Images', 'Images of the containers of the template.'),
    column('Pod Labels', 'Labels of the template.'),
  ],
  ({ metadata, template }) => [nameOf({ metadata }), ...templateCells(template), labelsText(template?.metadata?.labels)],
)

export const resourceQuotas = printer<ResourceQuota>(
  [
    NAME,
    column('Request', 'What is used and allowed, of all but limits.'),
    column('Limit', 'What is used and allowed, of limits.'),
    AGE,
  ],
  (quota, nowMs) => {
    const hard = quota.status?.hard ?? {}
    const used = quota.status?.used ?? {}
    const names = Object.keys(hard).sort(byText)
    const text = (chosen: readonly string[]) =>
      chosen.map((name) => `${name}: ${used[name] ?? '0'}/${hard[name] ?? '0'}`).join(', ')
    return [
      nameOf(quota),
      text(names.filter((name) => !name.startsWith('limits.'))),
      text(names.filter((name) => name.startsWith('limits.'))),
      age(quota, nowMs),
    ]
  },
)

export const componentStatuses = printer<ComponentStatus>(
  [
    NAME,
    column('Status', 'Whether it is healthy.'),
    column('Message', 'What it says of itself.'),
    column('Error', 'What went wrong in asking it.'),
  ],
  (component) => {
    const healthy = component.conditions?.find((condition) => condition.type === 'Healthy')
    const status = healthy === undefined ? 'Unknown' : healthy.status === 'True' ? 'Healthy' : 'Unhealthy'
    return [nameOf(component), status, healthy?.message ?? '', healthy?.error ?? '']
  },
)
