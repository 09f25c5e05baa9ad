// Which pods each Service selects, kept up to date from changes of both, so that one pod's change does not cost a walk
// through all pods of its namespace.
import { semanticallyEqual } from '../../../../model/equality.ts'
import type { Pod, Service } from '../../../../model/schema/kinds/core-v1.ts'
import { type Selector, selectorOfMap } from '../../../../model/selectors.ts'
import type { Change, View } from '../../../ports/view.ts'
import { keyOf, partsOf } from '../controller.ts'

interface Selected {
  readonly selector: Selector
  readonly podNames: Set<string>
}

/** A Service without a selector has endpoints that somebody else writes. */
export const wantedLabels = (service: Service): Readonly<Record<string, string>> | undefined => {
  const { selector, type } = service.spec ?? {}
  return type === 'ExternalName' || selector === undefined || Object.keys(selector).length === 0 ? undefined : selector
}

export class Members {
  /** By namespace, then by the Service's key. */
  readonly #services = new Map<string, Map<string, Selected>>()

  /** Returns the key of the Service. */
  serviceChanged({ type, object, previous }: Change, view: View): string {
    const service = object as unknown as Service
    const key = keyOf(object)
    const { namespace = '' } = object.metadata
    const labels = type === 'DELETED' ? undefined : wantedLabels(service)
    const services = this.#services.get(namespace) ?? new Map<string, Selected>()
    if (labels === undefined) {
      services.delete(key)
      if (services.size === 0) this.#services.delete(namespace)
      return key
    }
    const before = previous === undefined ? undefined : wantedLabels(previous as unknown as Service)
    if (!services.has(key) || !semanticallyEqual(before, labels)) {
      const selector = selectorOfMap(labels)
      const podNames = new Set<string>()
      for (const { metadata } of view.list<Pod>('pods', namespace))
        if (selector.matches(metadata.labels)) podNames.add(metadata.name ?? '')
      this.#services.set(namespace, services.set(key, { selector, podNames }))
    }
    return key
  }

  /** Returns the keys of the Services that select the pod or did so before. */
  podChanged({ type, object }: Change): string[] {
    const { name = '', namespace = '', labels } = object.metadata
    const keys: string[] = []
    for (const [key, { selector, podNames }] of this.#services.get(namespace) ?? []) {
      const selected = type !== 'DELETED' && selector.matches(labels)
      const before = podNames.has(name)
      if (selected) podNames.add(name)
      else podNames.delete(name)
      if (selected || before) keys.push(key)
    }
    return keys
  }

  *podsOf(key: string, view: View): Iterable<Pod> {
    const { namespace } = partsOf(key)
    for (const name of this.#services.get(namespace)?.get(key)?.podNames ?? []) {
      const pod = view.get<Pod>('pods', namespace, name)
      if (pod !== undefined) yield pod
    }
  }
}
