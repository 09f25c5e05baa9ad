// Collects what has lost its owners: in the background when an owner is gone, before the owner goes (foreground), or not at
// all (orphan). The view is complete and durable, so that an owner that it does not know does not exist.

import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject, OwnerReference } from '../../../../model/object.ts'
import { allResources, resourceForKind } from '../../../../model/schema/resources.ts'
import type { Reason } from '../../../ports/api.ts'
import type { Change, View } from '../../../ports/view.ts'
import {
  type Controller,
  causeOf,
  type Decision,
  keyOf,
  NOTHING,
  partsOf,
  reason,
  serviceAccountUser,
  type Wish,
} from '../controller.ts'
import { asJson, type DeleteOptions, patch, remove } from '../requests.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

/** `deployments.apps default/web`: keys reach over all resources. */
const keyIn = (resource: string, object: KubeObject): string => `${resource} ${keyOf(object)}`

export function garbageController(): Controller {
  const resources = new Set(
    allResources()
      .filter(({ verbs }) => verbs.has('delete'))
      .map(({ storageName }) => storageName),
  )
  resources.delete('events')
  return {
    name: 'garbage-collector-controller',
    user: serviceAccountUser('generic-garbage-collector'),
    observes: [...resources].map((resource) => ({ resource, keysOf })),
    decide: (key, { view }) => {
      const space = key.indexOf(' ')
      const resource = key.slice(0, space)
      const { namespace, name } = partsOf(key.slice(space + 1))
      const object = view.get<KubeObject>(resource, namespace, name)
      if (object === undefined) return NOTHING
      const finalizers = object.metadata.finalizers ?? []
      if (object.metadata.deletionTimestamp !== undefined) {
        if (finalizers.includes(ORPHAN)) return orphaning(resource, object, view)
        if (finalizers.includes(FOREGROUND)) return deletingDependents(resource, object, view)
      }
      return decideDependent(resource, object, view)
    },
  }
}

function* keysOf({ type, resource, object, previous }: Change, view: View): Iterable<string> {
  const { uid = '', ownerReferences = [], deletionTimestamp, finalizers = [] } = object.metadata
  if (type === 'DELETED') {
    for (const dependent of view.dependentsOf(uid)) yield keyIn(dependent.resource, dependent.object)
    for (const owner of ownerReferences) yield* keyOfOwner(owner, object)
    return
  }
  const ending = deletionTimestamp !== undefined && (finalizers.includes(ORPHAN) || finalizers.includes(FOREGROUND))
  const owned = ownerReferences.length > 0 && !semanticallyEqual(previous?.metadata.ownerReferences, ownerReferences)
  if (ending || owned) yield keyIn(resource, object)
  // An owner that waits for its dependents hears when one no longer names it.
  for (const owner of previous?.metadata.ownerReferences ?? [])
    if (!ownerReferences.some((reference) => reference.uid === owner.uid)) yield* keyOfOwner(owner, object)
}

function* keyOfOwner(owner: OwnerReference, dependent: KubeObject): Iterable<string> {
  const info = resourceForKind(owner.apiVersion, owner.kind)
  if (info !== undefined)
    yield `${info.storageName} ${info.namespaced ? `${dependent.metadata.namespace}/${owner.name}` : owner.name}`
}

/** Undefined if it is gone: another object of the same name is not the owner. A kind we do not know counts as there. */
function findOwner(owner: OwnerReference, dependent: KubeObject, view: View): KubeObject | 'unknown' | undefined {
  const info = resourceForKind(owner.apiVersion, owner.kind)
  if (info === undefined) return 'unknown'
  const found = view.get<KubeObject>(info.storageName, info.namespaced ? (dependent.metadata.namespace ?? '') : '', owner.name)
  return found?.metadata.uid === owner.uid ? found : undefined
}

const waitsForDependents = (owner: KubeObject): boolean =>
  owner.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(FOREGROUND) === true

function decideDependent(resource: string, object: KubeObject, view: View): Decision {
  const owners = object.metadata.ownerReferences ?? []
  if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) return NOTHING
  const found = owners.map((owner) => findOwner(owner, object, view))
  const solid = owners.filter((_, at) => {
    const owner = found[at]
    return owner === 'unknown' || (owner !== undefined && !waitsForDependents(owner))
  })
  if (solid.length === owners.length) return NOTHING
  const waiting = found.some((owner) => owner !== undefined && owner !== 'unknown' && waitsForDependents(owner))
  const names = owners.filter((owner) => !solid.includes(owner)).map(({ kind, name }) => `${kind} ${name}`)
  const why = reason(
    'Collected',
    `its owner ${names.join(', ')} is ${waiting ? 'being deleted' : 'gone'}`,
    causeOf(resource, object),
  )
  if (solid.length > 0)
    return {
      wishes: [
        { request: patch(resource, object, { metadata: { ownerReferences: asJson(solid) } }, why), tolerate: ['NotFound'] },
      ],
    }
  return { wishes: [deleting(resource, object, waiting, why, view)] }
}

/** Only what has dependents of its own needs to go in the foreground. */
function deleting(resource: string, object: KubeObject, foreground: boolean, why: Reason, view: View): Wish {
  const [first] = view.dependentsOf(object.metadata.uid ?? '')
  const propagationPolicy: DeleteOptions['propagationPolicy'] = foreground && first !== undefined ? 'Foreground' : 'Background'
  // Pinned to what was looked at: an adoption in between must win.
  return { request: remove(resource, object, why, { propagationPolicy, unchanged: true }), tolerate: ['NotFound'] }
}

function deletingDependents(resource: string, owner: KubeObject, view: View): Decision {
  const wishes: Wish[] = []
  let blocked = false
  for (const { resource: of, object } of view.dependentsOf(owner.metadata.uid ?? '')) {
    const reference = object.metadata.ownerReferences?.find(({ uid }) => uid === owner.metadata.uid)
    const decision = decideDependent(of, object, view)
    wishes.push(...decision.wishes)
    if (reference?.blockOwnerDeletion) blocked = true
  }
  return blocked ? { wishes } : { wishes: [...wishes, withoutFinalizer(resource, owner, FOREGROUND, 'its dependents are gone')] }
}

function orphaning(resource: string, owner: KubeObject, view: View): Decision {
  const wishes = [...view.dependentsOf(owner.metadata.uid ?? '')].map(({ resource: of, object }): Wish => {
    const kept = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid)
    const why = reason(
      'Orphaned',
      `its owner ${owner.kind} ${owner.metadata.name} was deleted and leaves it`,
      causeOf(resource, owner),
    )
    return {
      request: patch(of, object, { metadata: { ownerReferences: kept.length > 0 ? asJson(kept) : null } }, why),
      tolerate: ['NotFound'],
    }
  })
  return { wishes: wishes.length > 0 ? wishes : [withoutFinalizer(resource, owner, ORPHAN, 'its dependents have been left')] }
}

function withoutFinalizer(resource: string, object: KubeObject, finalizer: string, message: string): Wish {
  const kept = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer)
  return {
    request: patch(
      resource,
      object,
      { metadata: { finalizers: kept.length > 0 ? kept : null } },
      reason('Released', message, causeOf(resource, object)),
    ),
    tolerate: ['NotFound'],
  }
}
