// Rows of what keeps pods running: deployments, replica sets, replication controllers, stateful and daemon sets, their
// revisions, and the scale of any of them.
import { controllerOf, type OwnerReference, parseApiVersion } from '../object.ts'
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../schema/kinds/apps-v1.ts'
import type { Scale } from '../schema/kinds/autoscaling-v1.ts'
import type { PodTemplateSpec, ReplicationController } from '../schema/kinds/core-v1.ts'
import { AGE, age, CONTAINERS, column, count, IMAGES, NAME, NONE, nameOf, printer, SELECTOR } from './columns.ts'
import { labelsText, selectorText } from './labels.ts'

const DESIRED = count('Desired', 'Pods that are wanted.')
const CURRENT = count('Current', 'Pods that exist.')
const READY = count('Ready', 'Pods that are ready.')

/** The cells under Containers and Images. */
export function templateCells(template: PodTemplateSpec | undefined): [names: string, images: string] {
  const containers = template?.spec?.containers ?? []
  return [containers.map((c) => c.name).join(','), containers.map((c) => c.image ?? '').join(',')]
}

export const deployments = printer<Deployment>(
  [
    NAME,
    column('Ready', 'Pods that are ready, of those wanted.'),
    column('Up-to-date', 'Pods that were made from the newest template.'),
    column('Available', 'Pods that have been ready for long enough.'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  (deployment, nowMs) => [
    nameOf(deployment),
    `${deployment.status?.readyReplicas ?? 0}/${deployment.spec?.replicas ?? 0}`,
    deployment.status?.updatedReplicas ?? 0,
    deployment.status?.availableReplicas ?? 0,
    age(deployment, nowMs),
    ...templateCells(deployment.spec?.template),
    selectorText(deployment.spec?.selector),
  ],
)

const replicaColumns = [NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR]

const replicaCells = (owner: ReplicaSet | ReplicationController, nowMs: number) => [
  nameOf(owner),
  owner.spec?.replicas ?? 0,
  owner.status?.replicas ?? 0,
  owner.status?.readyReplicas ?? 0,
  age(owner, nowMs),
  ...templateCells(owner.spec?.template),
]

export const replicaSets = printer<ReplicaSet>(replicaColumns, (set, nowMs) => [
  ...replicaCells(set, nowMs),
  selectorText(set.spec?.selector),
])

export const replicationControllers = printer<ReplicationController>(replicaColumns, (controller, nowMs) => [
  ...replicaCells(controller, nowMs),
  labelsText(controller.spec?.selector),
])

export const statefulSets = printer<StatefulSet>(
  [NAME, column('Ready', 'Pods that are ready, of those wanted.'), AGE, CONTAINERS, IMAGES],
  (set, nowMs) => [
    nameOf(set),
    `${set.status?.readyReplicas ?? 0}/${set.spec?.replicas ?? 0}`,
    age(set, nowMs),
    ...templateCells(set.spec?.template),
  ],
)

export const daemonSets = printer<DaemonSet>(
  [
    NAME,
    count('Desired', 'Nodes that should run a pod of it.'),
    count('Current', 'Nodes that do.'),
    READY,
    count('Up-to-date', 'Nodes that run a pod of the newest template.'),
    count('Available', 'Nodes whose pod has been ready for long enough.'),
    column('Node Selector', 'Labels of the nodes it is for.'),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
  ],
  (set, nowMs) => [
    nameOf(set),
    set.status?.desiredNumberScheduled ?? 0,
    set.status?.currentNumberScheduled ?? 0,
    set.status?.numberReady ?? 0,
    set.status?.updatedNumberScheduled ?? 0,
    set.status?.numberAvailable ?? 0,
    labelsText(set.spec?.template?.spec?.nodeSelector),
    age(set, nowMs),
    ...templateCells(set.spec?.template),
    selectorText(set.spec?.selector),
  ],
)

export const controllerRevisions = printer<ControllerRevision>(
  [NAME, column('Controller', 'Whose template it keeps.'), column('Revision', 'Its place in the history.'), AGE],
  (revision, nowMs) => [nameOf(revision), ownerText(controllerOf(revision)), revision.revision ?? 0, age(revision, nowMs)],
)

/** `statefulset.apps/web` */
function ownerText(owner: OwnerReference | undefined): string {
  if (!owner) return NONE
  const { group } = parseApiVersion(owner.apiVersion)
  return `${owner.kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${owner.name}`
}

/** Not the name column: what is shown is not the object that was asked for. */
const SCALE_NAME = column('Name', 'Of the object that is scaled.')

export const scales = printer<Scale>([SCALE_NAME, DESIRED, count('Available', 'Pods that exist.'), AGE], (scale, nowMs) => [
  nameOf(scale),
  scale.spec?.replicas ?? 0,
  scale.status?.replicas ?? 0,
  age(scale, nowMs),
])
