// Objects that nobody controls, by namespace: what a controller may adopt. Kept up to date from changes, so that a
// decision does not go through all objects of a namespace to find the few.
import { controllerOf } from '../../../model/object.ts'
import type { Change, View } from '../../ports/view.ts'

export class Orphans {
  readonly #names = new Map<string, Set<string>>()

  note({ type, object }: Change): void {
    const { namespace = '', name = '' } = object.metadata
    const names = this.#names.get(namespace)
    if (type !== 'DELETED' && controllerOf(object) === undefined) {
      if (names === undefined) this.#names.set(namespace, new Set([name]))
      else names.add(name)
    } else if (names?.delete(name) && names.size === 0) this.#names.delete(namespace)
  }

  *in<T>(view: View, resource: string, namespace: string): Iterable<T> {
    for (const name of this.#names.get(namespace) ?? []) {
      const object = view.get<T>(resource, namespace, name)
      if (object !== undefined) yield object
    }
  }
}
