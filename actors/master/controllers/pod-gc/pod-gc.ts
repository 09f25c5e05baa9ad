// Removes pods that nobody will ever end: those bound to a node that no longer exists, and those told to end before they
// had a node.
import type { KubeObject } from '../../../../model/object.ts'
import type { Pod } from '../../../../model/schema/kinds/core-v1.ts'
import type { View } from '../../../ports/view.ts'
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
import { hasEnded, isTerminating } from '../pods.ts'
import { patch, remove } from '../requests.ts'

/** A node may be deleted and registered again; as in Kubernetes. */
const QUARANTINE_MS = 40_000

const NODE = 'node '

export function podGcController(): Controller {
  const missingSinceMs = new Map<string, number>()
  return {
    name: 'pod-garbage-collector',
    user: serviceAccountUser('pod-garbage-collector'),
    observes: [
      { resource: 'nodes', keysOf: ({ type, object }) => (type === 'MODIFIED' ? [] : [`${NODE}${keyOf(object)}`]) },
      {
        resource: 'pods',
        keysOf: ({ type, object, previous }, view) => {
          const pod = object as unknown as Pod
          const nodeName = pod.spec?.nodeName
          if (type === 'DELETED') return []
          if (!nodeName) return isTerminating(pod) ? [keyOf(pod)] : []
          const bound = (previous as unknown as Pod | undefined)?.spec?.nodeName !== nodeName
          return bound && view.get('nodes', '', nodeName) === undefined ? [`${NODE}${nodeName}`] : []
        },
      },
    ],
    decide: (key, { view, nowMs }) =>
      key.startsWith(NODE) ? decideNode(key.slice(NODE.length), missingSinceMs, view, nowMs) : decideUnbound(key, view),
  }
}

function decideNode(nodeName: string, missingSinceMs: Map<string, number>, view: View, nowMs: number): Decision {
  const pods = [...view.podsOnNode<Pod>(nodeName)]
  if (view.get('nodes', '', nodeName) !== undefined || pods.length === 0) {
    missingSinceMs.delete(nodeName)
    return NOTHING
  }
  const since = missingSinceMs.get(nodeName) ?? nowMs
  missingSinceMs.set(nodeName, since)
  const leftMs = since + QUARANTINE_MS - nowMs
  if (leftMs > 0) return { wishes: [], againAfterMs: leftMs }
  return { wishes: pods.flatMap((pod) => collecting(pod, `its node ${nodeName} no longer exists`)) }
}

function decideUnbound(key: string, view: View): Decision {
  const { namespace, name } = partsOf(key)
  const pod = view.get<Pod>('pods', namespace, name)
  if (pod === undefined || pod.spec?.nodeName || !isTerminating(pod)) return NOTHING
  return { wishes: collecting(pod, 'it was told to end before it had a node') }
}

function collecting(pod: Pod, message: string): Wish[] {
  const why = reason('Collected', message, causeOf('pods', pod as unknown as KubeObject))
  const failed: Wish = {
    request: patch('pods', pod, { status: { phase: 'Failed', reason: 'NodeLost' } }, undefined, 'status'),
    tolerate: ['NotFound', 'Conflict'],
  }
  const gone: Wish = { request: remove('pods', pod, why, { gracePeriodSeconds: 0 }), tolerate: ['NotFound'] }
  return hasEnded(pod) ? [gone] : [failed, gone]
}
