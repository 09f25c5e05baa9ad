// Rows of what gives requests their turn: flow schemas and priority levels.
import { AGE, age, column, NAME, type Named, NONE, nameOf, printer } from './columns.ts'

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
