// Actor logic with its input already given: for parts that a machine invokes by name and whoever composes it completes.
import type { AnyActorLogic } from 'xstate'

export function bound<L extends AnyActorLogic>(logic: L, input: unknown): L {
  return Object.create(logic, {
    getInitialSnapshot: { value: (scope: Parameters<L['getInitialSnapshot']>[0]) => logic.getInitialSnapshot(scope, input) },
  }) as L
}
