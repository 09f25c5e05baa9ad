// Deletes the pods of nodes with NoExecute taints that they do not tolerate, or no longer.

import { semanticallyEqual } from '../../../../model/equality.ts'
import type { KubeObject } from '../../../../model/object.ts'
import type { Node, Pod, Taint, Toleration } from '../../../../model/schema/kinds/core-v1.ts'
import { formatTime, parseTime } from '../../../../model/time.ts'
import { tolerates } from '../../scheduler/tolerations.ts'
import { type Controller, causeOf, type Decision, keyOf, NOTHING, reason, serviceAccountUser, type Wish } from '../controller.ts'
import { refer } from '../events.ts'
import { hasEnded, isTerminating } from '../pods.ts'
import { asJson, patch, remove } from '../requests.ts'

const noExecute = (node: Node | undefined): readonly Taint[] =>
  (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')

export function taintEvictionController(): Controller {
  /** When taints without a time were first seen, by node and key. */
  const seenMs = new Map<string, number>()
  return {
    name: 'taint-eviction-controller',
    user: serviceAccountUser('taint-eviction-controller'),
    observes: [
      {
        resource: 'nodes',
        keysOf: ({ object, previous }) =>
          semanticallyEqual(noExecute(object as unknown as Node), noExecute(previous as unknown as Node | undefined))
            ? []
            : [keyOf(object)],
      },
      {
        resource: 'pods',
        keysOf: ({ type, object, previous }) => {
          const { nodeName, tolerations } = (object as unknown as Pod).spec ?? {}
          const before = (previous as unknown as Pod | undefined)?.spec
          const changed = before?.nodeName !== nodeName || !semanticallyEqual(before?.tolerations, tolerations)
          return type !== 'DELETED' && nodeName && changed ? [nodeName] : []
        },
      },
    ],
    decide: (nodeName, { view, nowMs }) => {
      const node = view.get<Node>('nodes', '', nodeName)
      const taints = noExecute(node)
      for (const key of seenMs.keys()) if (key.startsWith(`${nodeName} `) && taints.length === 0) seenMs.delete(key)
      if (node === undefined || taints.length === 0) return NOTHING
      const since = (taint: Taint): number => {
        const added = parseTime(taint.timeAdded ?? '')
        if (added !== undefined) return added
        const key = `${nodeName} ${taint.key}`
        seenMs.set(key, seenMs.get(key) ?? nowMs)
        return seenMs.get(key) ?? nowMs
      }
      return decideEvictions(node, taints, view.podsOnNode<Pod>(nodeName), since, nowMs)
    },
  }
}

function decideEvictions(
  node: Node,
  taints: readonly Taint[],
  pods: Iterable<Pod>,
  since: (taint: Taint) => number,
  nowMs: number,
): Decision {
  const wishes: Wish[] = []
  let againAfterMs = Number.POSITIVE_INFINITY
  for (const pod of pods) {
    if (isTerminating(pod) || hasEnded(pod)) continue
    const dueMs = evictionMs(pod.spec?.tolerations ?? [], taints, since)
    if (dueMs > nowMs) againAfterMs = Math.min(againAfterMs, dueMs - nowMs)
    else wishes.push(...evicting(node, pod, taints, nowMs))
  }
  return { wishes, ...(Number.isFinite(againAfterMs) ? { againAfterMs } : {}) }
}

/** Infinity if it may stay; otherwise the earliest moment at which one of its tolerations for one of the taints ends. */
export function evictionMs(
  tolerations: readonly Toleration[],
  taints: readonly Taint[],
  since: (taint: Taint) => number,
): number {
  let dueMs = Number.POSITIVE_INFINITY
  for (const taint of taints) {
    const toleration = tolerations.find((candidate) => tolerates(candidate, taint))
    if (toleration === undefined) return Number.NEGATIVE_INFINITY
    if (toleration.tolerationSeconds === undefined) continue
    dueMs = Math.min(dueMs, since(taint) + Math.max(0, toleration.tolerationSeconds) * 1000)
  }
  return dueMs
}

function evicting(node: Node, pod: Pod, taints: readonly Taint[], nowMs: number): Wish[] {
  const words = taints.map(({ key }) => key).join(', ')
  const why = reason(
    'Evicted',
    `its node ${node.metadata.name} has the taint ${words}, which it does not tolerate (any longer)`,
    causeOf('nodes', node),
  )
  const message = 'Taint manager: deleting due to NoExecute taint'
  const target = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message,
    lastTransitionTime: formatTime(nowMs),
  }
  const conditions = [...(pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget'), target]
  return [
    {
      request: patch('pods', pod, { status: { conditions: asJson(conditions) } }, undefined, 'status'),
      tolerate: ['NotFound', 'Conflict'],
    },
    {
      request: remove('pods', pod, why),
      tolerate: ['NotFound'],
      tells: (answer) =>
        answer.ok
          ? {
              type: 'Normal',
              about: refer(pod as unknown as KubeObject),
              reason: 'TaintManagerEviction',
              message: `Marking for deletion Pod ${keyOf(pod)}`,
            }
          : undefined,
    },
  ]
}
