// Where a pod goes: filters, then scores, then the lot among the best. Or why it goes nowhere, node by node.
import type { Pod } from '../../../model/schema/kinds/core-v1.ts'
import type { Random } from '../../ports/host.ts'
import { type Objection, objection } from './filters.ts'
import type { NodeCache, NodeInfo, PodNeeds } from './node-cache.ts'
import { scores } from './scores.ts'

/** Below this many nodes all are looked at; above, a share that shrinks from half to a twentieth, as in Kubernetes. */
const LOOK_AT_ALL = 100
/** For more nodes than this the reason for each is not kept: nobody reads them, and they would be most of the object. */
const EXPLAINED_NODES = 100

export type Placement =
  | { readonly nodeName: string; readonly perNode: Readonly<Record<string, string>> | undefined }
  | { readonly nodeName?: undefined; readonly message: string; readonly perNode: Readonly<Record<string, string>> | undefined }

export const nodesToFind = (count: number): number =>
  count <= LOOK_AT_ALL ? count : Math.max(LOOK_AT_ALL, Math.floor((count * Math.max(5, 50 - Math.floor(count / 125))) / 100))

export function place(pod: Pod, needs: PodNeeds, cache: NodeCache, random: Random): Placement {
  if (cache.size === 0) return { message: 'no nodes available to schedule pods', perNode: undefined }
  const objections = new Map<string, Objection>()
  const feasible: NodeInfo[] = []
  const enough = nodesToFind(cache.size)
  for (const info of startingAnywhere(cache, enough, random)) {
    const found = objection(pod, needs, info)
    if (found !== undefined) objections.set(info.name, found)
    else if (feasible.push(info) >= enough) break
  }
  const explained = cache.size <= EXPLAINED_NODES
  const perNode: Record<string, string> = {}
  if (explained) for (const [name, { reasons }] of objections) perNode[name] = reasons.join(', ')
  if (feasible.length === 0) return { message: sayWhyNot(objections, cache.size), perNode: explained ? perNode : undefined }
  const points = scores(pod, needs, feasible)
  const best = Math.max(...points)
  const equals = feasible.filter((_, at) => points[at] === best)
  const chosen = equals[Math.floor(random.next() * equals.length)] ?? feasible[0]
  if (explained) for (const [at, info] of feasible.entries()) perNode[info.name] = `score ${points[at]}`
  return { nodeName: chosen?.name ?? '', perNode: explained ? perNode : undefined }
}

/** When not all nodes are looked at, the start is drawn, or the first to join would carry everything. */
function* startingAnywhere(cache: NodeCache, enough: number, random: Random): Iterable<NodeInfo> {
  const nodes = [...cache.nodes()]
  const start = enough < nodes.length ? Math.floor(random.next() * nodes.length) : 0
  for (let at = 0; at < nodes.length; at += 1) {
    const info = nodes[(start + at) % nodes.length]
    if (info !== undefined) yield info
  }
}

/** `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: …` */
function sayWhyNot(objections: ReadonlyMap<string, Objection>, count: number): string {
  const found = [...objections.values()]
  const reasons = histogram(found.flatMap(({ reasons }) => reasons))
  const preemption = histogram(
    found.map(({ curable }) =>
      curable ? 'No preemption victims found for incoming pod' : 'Preemption is not helpful for scheduling',
    ),
  )
  return `0/${count} nodes are available: ${reasons}. preemption: 0/${count} nodes are available: ${preemption}.`
}

function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .toSorted()
    .join(', ')
}
