// Which pods each Service selects, kept up to date from changes of both, so that one pod's change does not cost a walk
// through all pods of its namespace.

import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject } from '../../../../model/object.ts'
import type { Pod, Service } from '../../../../model/schema/kinds/core-v1.ts'
import { selectorOfMap } from '../../../../model/selectors.ts'
import type { Change, View } from '../../../ports/view.ts'
import { keyOf, partsOf } from '../controller.ts'

/** A Service without a selector has endpoints that somebody else writes. */
export const selectorOf = (service: Service): Readonly<Record<string, string>> | undefined => {
  const { selector, type } = service.spec ?? {}
  return type === 'ExternalName' || selector === undefined || Object.keys(selector).length === 0 ? undefined : selector
}

export class Members {
  readonly #podsOf = new Map<string, Set<string>>()

  /** Returns the key of the Service. */
  serviceChanged({ type, object, previous }: Change, view: View): string {
    const service = object as unknown as Service
    const key = keyOf(object)
    const selector = selectorOf(service)
    if (type === 'DELETED' || selector === undefined) this.#podsOf.delete(key)
    else if (
      !this.#podsOf.has(key) ||
      previous === undefined ||
      !semanticallyEqual(selectorOf(previous as unknown as Service), selector)
    ) {
      const names = new Set<string>()
      const wanted = selectorOfMap(selector)
      for (const pod of view.list<Pod>('pods', object.metadata.namespace))
        if (wanted.matches(pod.metadata.labels)) names.add(pod.metadata.name ?? '')
      this.#podsOf.set(key, names)
    }
    return key
  }

  /** Returns the keys of the Services that select the pod or did so before. */
  podChanged({ type, object }: Change, view: View): string[] {
    const { name = '', namespace = '', labels } = object.metadata
    const keys: string[] = []
    for (const service of view.list<KubeObject>('services', namespace)) {
      const selector = selectorOf(service as unknown as Service)
      if (selector === undefined) continue
      const key = keyOf(service)
      const names = this.#podsOf.get(key)
      const selected = type !== 'DELETED' && selectorOfMap(selector).matches(labels)
      const before = names?.has(name) === true
      if (selected) names?.add(name)
      else names?.delete(name)
      if (selected || before) keys.push(key)
    }
    return keys
  }

  *podsOf(key: string, view: View): Iterable<Pod> {
    const { namespace } = partsOf(key)
    for (const name of this.#podsOf.get(key) ?? []) {
      const pod = view.get<Pod>('pods', namespace, name)
      if (pod !== undefined) yield pod
    }
  }
}
