// Rows of the kinds by which a cluster is run: budgets, priorities, leases, runtimes and APIs.
import type { Lease } from '../schema/kinds/coordination-v1.ts'
import { AGE, age, column, count, firstOf, MOST_SHOWN, NAME, type Named, nameOf, printer, UNSET } from './columns.ts'

interface PodDisruptionBudget extends Named {
  readonly spec?: { readonly minAvailable?: number | string; readonly maxUnavailable?: number | string }
  readonly status?: { readonly disruptionsAllowed?: number }
}

export const podDisruptionBudgets = printer<PodDisruptionBudget>(
  [
    NAME,
    column('Min Available', 'Pods that must stay.'),
    column('Max Unavailable', 'Pods that may be missing.'),
    count('Allowed Disruptions', 'Pods that may be evicted now.'),
    AGE,
  ],
  (budget, nowMs) => [
    nameOf(budget),
    `${budget.spec?.minAvailable ?? 'N/A'}`,
    `${budget.spec?.maxUnavailable ?? 'N/A'}`,
    budget.status?.disruptionsAllowed ?? 0,
    age(budget, nowMs),
  ],
)

interface PriorityClass extends Named {
  readonly value?: number
  readonly globalDefault?: boolean
  readonly preemptionPolicy?: string
}

export const priorityClasses = printer<PriorityClass>(
  [
    NAME,
    count('Value', 'The higher, the sooner.'),
    column('Global-Default', 'Whether it is for pods that name none.', 'boolean'),
    AGE,
    column('PreemptionPolicy', 'Whether others make room.'),
  ],
  (priority, nowMs) => [
    nameOf(priority),
    priority.value ?? 0,
    priority.globalDefault ?? false,
    age(priority, nowMs),
    priority.preemptionPolicy ?? '',
  ],
)

export const leases = printer<Lease>([NAME, column('Holder', 'Who holds it.'), AGE], (lease, nowMs) => [
  nameOf(lease),
  lease.spec?.holderIdentity ?? '',
  age(lease, nowMs),
])

interface RuntimeClass extends Named {
  readonly handler?: string
}

export const runtimeClasses = printer<RuntimeClass>(
  [NAME, column('Handler', 'The configuration of the runtime.'), AGE],
  (runtime, nowMs) => [nameOf(runtime), runtime.handler ?? '', age(runtime, nowMs)],
)

interface APIService extends Named {
  readonly spec?: { readonly service?: { readonly namespace?: string; readonly name?: string } }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
  }
}

export const apiServices = printer<APIService>(
  [NAME, column('Service', 'Who serves it; Local is this server.'), column('Available', 'Whether it answers, or why not.'), AGE],
  (api, nowMs) => {
    const service = api.spec?.service
    const available = api.status?.conditions?.find(({ type }) => type === 'Available')
    const status = available?.status ?? 'Unknown'
    return [
      nameOf(api),
      service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local',
      status === 'True' || !available?.reason ? status : `${status} (${available.reason})`,
      age(api, nowMs),
    ]
  },
)

interface StorageVersion extends Named {
  readonly status?: {
    readonly commonEncodingVersion?: string
    readonly storageVersions?: readonly { readonly apiServerID?: string; readonly encodingVersion?: string }[]
  }
}

export const storageVersions = printer<StorageVersion>(
  [
    NAME,
    column('CommonEncodingVersion', 'The version in which all servers store.'),
    column('StorageVersions', 'What each server stores.'),
    AGE,
  ],
  ({ metadata, status }, nowMs) => [
    nameOf({ metadata }),
    status?.commonEncodingVersion ?? UNSET,
    firstOf((status?.storageVersions ?? []).map(storageVersionText), MOST_SHOWN) || UNSET,
    age({ metadata }, nowMs),
  ],
)

const storageVersionText = (version: { readonly apiServerID?: string; readonly encodingVersion?: string }): string =>
  `${version.apiServerID ?? ''}=${version.encodingVersion ?? ''}`

interface LeaseCandidate extends Named {
  readonly spec?: { readonly leaseName?: string; readonly binaryVersion?: string; readonly emulationVersion?: string }
}

export const leaseCandidates = printer<LeaseCandidate>(
  [
    NAME,
    column('LeaseName', 'The lease it would hold.'),
    column('BinaryVersion', 'Of the candidate.'),
    column('EmulationVersion', 'The version as which it behaves.'),
    AGE,
  ],
  (candidate, nowMs) => [
    nameOf(candidate),
    candidate.spec?.leaseName ?? '',
    candidate.spec?.binaryVersion ?? '',
    candidate.spec?.emulationVersion ?? '',
    age(candidate, nowMs),
  ],
)
