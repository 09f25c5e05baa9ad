// The phase of a pod, from what is known of its containers. A phase that has ended never changes again.
import type { Pod } from '../../model/schema/kinds/core-v1.ts'
import { type ContainerFacts, succeeded } from '../container/facts.ts'

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

export const hasEnded = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed'

/** By name. A container that is not among them has not been looked at yet. */
export type FactsByName = Readonly<Record<string, ContainerFacts>>

export const isSidecar = (container: { readonly restartPolicy?: string }): boolean => container.restartPolicy === 'Always'

/** An init container is done when it has succeeded for good, a sidecar when it has started. */
export const initDone = (container: { readonly name: string; readonly restartPolicy?: string }, facts: FactsByName): boolean => {
  const found = facts[container.name]
  return found !== undefined && (isSidecar(container) ? found.started || found.settled : found.settled && succeeded(found))
}

export function phaseOf(pod: Pod, facts: FactsByName): Phase {
  const { initContainers = [], containers = [] } = pod.spec ?? {}
  const failedInit = initContainers.some((container) => {
    const found = facts[container.name]
    return !isSidecar(container) && found?.settled === true && found.standing.kind === 'terminated' && !succeeded(found)
  })
  if (failedInit) return 'Failed'
  const known = containers.map(({ name }) => facts[name])
  const hasRun = known.some((found) => found && (found.standing.kind !== 'waiting' || found.last))
  if (!initContainers.every((container) => initDone(container, facts)) && !hasRun) return 'Pending'
  if (known.every((found) => found?.settled)) return known.every((found) => found && succeeded(found)) ? 'Succeeded' : 'Failed'
  return known.every((found) => found && (found.standing.kind !== 'waiting' || found.last)) ? 'Running' : 'Pending'
}
