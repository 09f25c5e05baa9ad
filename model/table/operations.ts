// Rows of the kinds by which a cluster is run: budgets, priorities, leases, runtimes, flow control, APIs and devices.
import type { Lease } from '../schema/kinds/coordination-v1.ts'
import {
  AGE,
  age,
  column,
  count,
  firstOf,
  isBeingDeleted,
  MOST_SHOWN,
  NAME,
  type Named,
  NONE,
  nameOf,
  printer,
  UNSET,
} from './columns.ts'

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

interface FlowSchema extends Named {
  readonly spec?: {
    readonly priorityLevelConfiguration?: { readonly name: string }
    readonly matchingPrecedence?: number
    readonly distinguisherMethod?: { readonly type: string }
  }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

export const flowSchemas = printer<FlowSchema>(
  [
    NAME,
    column('PriorityLevel', 'Where its requests queue.'),
    column('MatchingPrecedence', 'The lower, the sooner it is tried.'),
    column('DistinguisherMethod', 'What tells one flow from another.'),
    AGE,
    column('MissingPL', 'Whether that level does not exist.'),
  ],
  (schema, nowMs) => [
    nameOf(schema),
    schema.spec?.priorityLevelConfiguration?.name || NONE,
    schema.spec?.matchingPrecedence ?? 0,
    schema.spec?.distinguisherMethod?.type ?? NONE,
    age(schema, nowMs),
    schema.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ],
)

interface PriorityLevelConfiguration extends Named {
  readonly spec?: {
    readonly type?: string
    readonly limited?: {
      readonly nominalConcurrencyShares?: number
      readonly limitResponse?: {
        readonly queuing?: { readonly queues?: number; readonly handSize?: number; readonly queueLengthLimit?: number }
      }
    }
  }
}

export const priorityLevels = printer<PriorityLevelConfiguration>(
  [
    NAME,
    column('Type', 'Whether it is limited.'),
    column('NominalConcurrencyShares', 'Its share of the seats.'),
    column('Queues', 'How many queues it has.'),
    column('HandSize', 'Queues dealt to each flow.'),
    column('QueueLengthLimit', 'Requests that wait in one queue at most.'),
    AGE,
  ],
  (level, nowMs) => {
    const { limited } = level.spec ?? {}
    const queuing = limited?.limitResponse?.queuing
    return [
      nameOf(level),
      level.spec?.type ?? '',
      limited?.nominalConcurrencyShares ?? NONE,
      queuing?.queues ?? NONE,
      queuing?.handSize ?? NONE,
      queuing?.queueLengthLimit ?? NONE,
      age(level, nowMs),
    ]
  },
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

interface ResourceClaim extends Named {
  readonly status?: { readonly allocation?: object; readonly reservedFor?: readonly unknown[] }
}

export const resourceClaims = printer<ResourceClaim>(
  [NAME, column('State', 'Whether it has its devices, and whether somebody uses them.'), AGE],
  (claim, nowMs) => [nameOf(claim), claimState(claim), age(claim, nowMs)],
)

function claimState({ metadata, status }: ResourceClaim): string {
  const deleted = isBeingDeleted({ metadata })
  if (!status?.allocation) return deleted ? 'deleted' : 'pending'
  const reserved = (status.reservedFor ?? []).length > 0
  return [...(deleted ? ['deleted'] : []), 'allocated', ...(reserved ? ['reserved'] : [])].join(',')
}

interface ResourceSlice extends Named {
  readonly spec?: { readonly nodeName?: string; readonly driver?: string; readonly pool?: { readonly name?: string } }
}

export const resourceSlices = printer<ResourceSlice>(
  [
    NAME,
    column('Node', 'Where the devices are.'),
    column('Driver', 'Who offers them.'),
    column('Pool', 'What they belong to.'),
    AGE,
  ],
  (slice, nowMs) => [
    nameOf(slice),
    slice.spec?.nodeName ?? '',
    slice.spec?.driver ?? '',
    slice.spec?.pool?.name ?? '',
    age(slice, nowMs),
  ],
)

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

/** Kinds of whose objects only name and age are shown. */
export const namesAndAges = printer<Named>([NAME, AGE], (object, nowMs) => [nameOf(object), age(object, nowMs)])
