// Which transitions of a chart the tests of a file have taken: an untested one is a defect of the tests.
import type { AnyStateMachine, InspectionEvent } from 'xstate'

type Transition = {
  readonly source: { readonly id: string }
  readonly eventType: string
  readonly target?: readonly { id: string }[]
}

const name = ({ source, eventType, target }: Transition): string =>
  `${source.id} —${eventType}→ ${(target ?? []).map(({ id }) => id).join(' ') || 'stays'}`

/** `*` wildcards and `init` aside, everything the machine declares. */
function declared(machine: AnyStateMachine): Set<string> {
  const names = new Set<string>()
  const visit = (node: AnyStateMachine['root']): void => {
    for (const transitions of node.transitions.values()) for (const transition of transitions) names.add(name(transition))
    for (const transition of node.always ?? []) names.add(name(transition))
    for (const child of Object.values(node.states)) visit(child)
  }
  visit(machine.root)
  return names
}

export class TakenTransitions {
  readonly #left: Set<string>
  readonly #rootId: string

  constructor(machine: AnyStateMachine) {
    this.#left = declared(machine)
    this.#rootId = machine.root.id
  }

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return
    for (const transition of event._transitions as unknown as Transition[])
      if (transition.source.id === this.#rootId || transition.source.id.startsWith(`${this.#rootId}.`))
        this.#left.delete(name(transition))
  }

  /** Empty when every transition has been taken. */
  get untaken(): string[] {
    return [...this.#left].toSorted()
  }
}
