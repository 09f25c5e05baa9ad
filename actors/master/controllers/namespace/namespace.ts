// Empties a namespace that is being deleted, pods first, and lets it go when nothing is left.
import type { KubeObject } from '../../../../model/object.ts'
import type { Namespace, NamespaceCondition } from '../../../../model/schema/kinds/core-v1.ts'
import { allResources, type ResourceInfo } from '../../../../model/schema/resources.ts'
import { formatTime } from '../../../../model/time.ts'
import type { View } from '../../../ports/view.ts'
import { type Controller, causeOf, type Decision, keyOf, NOTHING, reason, serviceAccountUser, type Wish } from '../controller.ts'
import { difference } from '../difference.ts'
import { patchOwn, remove, update } from '../requests.ts'

const FINALIZER = 'kubernetes'
/** Deleted one by one in a decision; what is left follows in the next. */
const BURST = 500

interface Remaining {
  readonly info: ResourceInfo
  readonly objects: readonly KubeObject[]
}

export function namespaceController(): Controller {
  const byStorage = new Map(
    allResources()
      .filter(({ namespaced, verbs }) => namespaced && verbs.has('delete'))
      .map((info) => [info.storageName, info]),
  )
  // A secret or a service that goes before the pods that use it would make them fail in their last seconds.
  const resources = [...byStorage.values()].toSorted((a, b) => Number(b.plural === 'pods') - Number(a.plural === 'pods'))
  return {
    name: 'namespace-controller',
    user: serviceAccountUser('namespace-controller'),
    observes: [
      { resource: 'namespaces', keysOf: ({ type, object }) => (type !== 'DELETED' && isEnding(object) ? [keyOf(object)] : []) },
      ...resources.map(({ storageName }) => ({
        resource: storageName,
        keysOf: ({ object }: { object: KubeObject }, view: View) => {
          const name = object.metadata.namespace ?? ''
          const namespace = view.get<KubeObject>('namespaces', '', name)
          return namespace !== undefined && isEnding(namespace) ? [name] : []
        },
      })),
    ],
    decide: (name, { view, nowMs }) => {
      const namespace = view.get<Namespace>('namespaces', '', name)
      if (namespace === undefined || namespace.metadata.deletionTimestamp === undefined) return NOTHING
      if (!(namespace.spec?.finalizers ?? []).includes(FINALIZER)) return NOTHING
      return decideEnding(namespace, remainingIn(name, resources, view), nowMs)
    },
  }
}

const isEnding = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined

function remainingIn(name: string, resources: readonly ResourceInfo[], view: View): readonly Remaining[] {
  return resources
    .map((info) => ({ info, objects: [...view.list(info.storageName, name)] }))
    .filter(({ objects }) => objects.length > 0)
}

function decideEnding(namespace: Namespace, remaining: readonly Remaining[], nowMs: number): Decision {
  const conditions = conditionsOf(namespace, remaining, nowMs)
  const changes = difference(namespace.status, { ...namespace.status, conditions })
  const status: Wish[] =
    changes === undefined
      ? []
      : [{ request: patchOwn('namespaces', namespace, { status: changes }, undefined, 'status'), tolerate: ['NotFound'] }]
  if (remaining.length === 0) {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER)
    const why = reason('Finalized', 'nothing is left in it', causeOf('namespaces', namespace))
    const emptied = { ...namespace, spec: { ...namespace.spec, finalizers } } as unknown as KubeObject
    return { wishes: [{ request: update('namespaces', emptied, why, 'finalize'), tolerate: ['NotFound'] }] }
  }
  const why = reason('Deleted', `its namespace ${namespace.metadata.name} is being deleted`, causeOf('namespaces', namespace))
  const [first] = remaining
  const now = first?.info.plural === 'pods' ? [first] : remaining
  const deletions = now
    .flatMap(({ info, objects }) =>
      objects
        .filter((object) => object.metadata.deletionTimestamp === undefined)
        .map(
          (object): Wish => ({
            request: remove(info.storageName, object, why, { propagationPolicy: 'Background' }),
            tolerate: ['NotFound'],
          }),
        ),
    )
    .slice(0, BURST)
  return { wishes: [...status, ...deletions] }
}

function conditionsOf(namespace: Namespace, remaining: readonly Remaining[], nowMs: number): readonly NamespaceCondition[] {
  const counts = remaining.map(({ info, objects }) => `${info.storageName} has ${objects.length} resource instances`)
  const finalizers = new Map<string, number>()
  for (const { objects } of remaining)
    for (const { metadata } of objects)
      for (const finalizer of metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1)
  const held = [...finalizers].toSorted().map(([name, count]) => `${name} in ${count} resource instances`)
  const wanted: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
    ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'],
    ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    [
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ],
    counts.length > 0
      ? ['NamespaceContentRemaining', 'True', 'SomeResourcesRemain', `Some resources are remaining: ${counts.join(', ')}`]
      : ['NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed'],
    held.length > 0
      ? [
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
        ]
      : ['NamespaceFinalizersRemaining', 'False', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
  ]
  const before = namespace.status?.conditions ?? []
  return wanted.map(([type, status, reason, message]) => {
    const known = before.find((condition) => condition.type === type)
    if (known?.status === status && known.reason === reason && known.message === message) return known
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : formatTime(nowMs)
    return { type, status, lastTransitionTime, reason, message }
  })
}
