// Rows of nodes.
import type { Node } from '../schema/kinds/core-v1.ts'
import { AGE, age, byText, column, NAME, NONE, nameOf, printer, wide } from './columns.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'
const ROLE_LABEL = 'kubernetes.io/role'
const UNKNOWN = '<unknown>'

export const nodes = printer<Node>(
  [
    NAME,
    column('Status', 'Whether the node is ready, and whether it takes pods.'),
    column('Roles', 'What the node is for, by its labels.'),
    AGE,
    column('Version', 'Of the kubelet.'),
    wide('Internal-IP', 'The address within the cluster.'),
    wide('External-IP', 'The address for the world outside.'),
    wide('OS-Image', 'The operating system, as it names itself.'),
    wide('Kernel-Version', 'Of the operating system.'),
    wide('Container-Runtime', 'What runs the containers, and its version.'),
  ],
  (node, nowMs) => {
    const info = node.status?.nodeInfo
    return [
      nameOf(node),
      statusText(node),
      rolesText(node),
      age(node, nowMs),
      info?.kubeletVersion ?? '',
      addressOf(node, 'InternalIP'),
      addressOf(node, 'ExternalIP'),
      info?.osImage || UNKNOWN,
      info?.kernelVersion || UNKNOWN,
      info?.containerRuntimeVersion || UNKNOWN,
    ]
  },
)

function statusText(node: Node): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready')
  const readiness = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return node.spec?.unschedulable ? `${readiness},SchedulingDisabled` : readiness
}

function rolesText(node: Node): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length))
    else if (key === ROLE_LABEL && value !== '') roles.add(value)
  }
  return roles.size === 0 ? NONE : [...roles].sort(byText).join(',')
}

const addressOf = (node: Node, type: string): string =>
  node.status?.addresses?.find((address) => address.type === type)?.address ?? NONE
