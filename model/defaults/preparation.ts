// What an API server sets on an object that is about to be created, whatever its author said: status begins anew, and some kinds
// get what follows from their other fields. After the defaults, before admission and validation.
import { absentValue, isWrittenWhenAbsent } from '../codec/zero.ts'
import { parseQuantity } from '../quantity.ts'
import { typeForKind } from '../schema/types.ts'
import { type Draft, ensurePart, fill, isAbsent, partOf, partsOf, textOf } from './draft.ts'
import { labelAs } from './workloads.ts'

interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** `metadata.uid` and `metadata.name` are set by now: the selector of a Job is made of them. */
export function prepareForCreate(draft: Draft, kind: Kind): void {
  const name = `${kind.group}/${kind.kind}`
  if (!KEEPS_STATUS.has(name)) resetStatus(draft, kind)
  preparations[name]?.(draft)
}

/** Nodes report their status with their first request; that of a pod is made below. */
const KEEPS_STATUS: ReadonlySet<string> = new Set(['/Node', '/Pod'])

function resetStatus(draft: Draft, { group, version, kind }: Kind): void {
  const field = typeForKind(group, version, kind)?.fields.get('status')
  if (!field) return
  if (isWrittenWhenAbsent(field)) draft.status = absentValue(field)
  else delete draft.status
}

const preparations: Readonly<Record<string, (draft: Draft) => void>> = {
  '/Namespace': (namespace) => {
    fill(ensurePart(namespace, 'status'), { phase: 'Active' })
    addText(ensurePart(namespace, 'spec'), 'finalizers', 'kubernetes')
  },
  '/Node': (node) => addNotReadyTaint(ensurePart(node, 'spec')),
  '/PersistentVolume': (volume) => {
    fill(ensurePart(volume, 'status'), { phase: 'Pending' })
    addText(ensurePart(volume, 'metadata'), 'finalizers', 'kubernetes.io/pv-protection')
  },
  '/PersistentVolumeClaim': (claim) => {
    fill(ensurePart(claim, 'status'), { phase: 'Pending' })
    addText(ensurePart(claim, 'metadata'), 'finalizers', 'kubernetes.io/pvc-protection')
  },
  '/Pod': (pod) => {
    const spec = partOf(pod, 'spec')
    // A negative grace period has always meant the shortest there is.
    if (spec && typeof spec.terminationGracePeriodSeconds === 'number' && spec.terminationGracePeriodSeconds < 0) {
      spec.terminationGracePeriodSeconds = 1
    }
    const isGated = partsOf(spec, 'schedulingGates').length > 0
    pod.status = { phase: 'Pending', qosClass: qosClass(spec), ...(isGated ? { conditions: [{ ...GATED }] } : {}) }
  },
  '/Service': (service) => prepareService(ensurePart(service, 'spec')),
  'apps/DaemonSet': (set) => {
    const metadata = ensurePart(set, 'metadata')
    ensurePart(metadata, 'annotations')[TEMPLATE_GENERATION] = '1'
  },
  'batch/Job': prepareJob,
  'discovery.k8s.io/EndpointSlice': (slice) => {
    for (const endpoint of partsOf(slice, 'endpoints')) delete endpoint.deprecatedTopology
  },
}

/** What holds the scheduler back is said at once. */
const GATED = {
  type: 'PodScheduled',
  status: 'False',
  lastProbeTime: null,
  lastTransitionTime: null,
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

function addText(draft: Draft, field: string, text: string): void {
  const texts: readonly unknown[] = Array.isArray(draft[field]) ? draft[field] : []
  if (!texts.includes(text)) draft[field] = [...texts, text]
}

/** No pod lands on a node before its kubelet has said that it is ready. */
function addNotReadyTaint(spec: Draft): void {
  const taints = partsOf(spec, 'taints')
  const key = 'node.kubernetes.io/not-ready'
  if (!taints.some((taint) => taint.key === key && taint.effect === 'NoSchedule')) {
    spec.taints = [...taints, { key, effect: 'NoSchedule' }]
  }
}

/** This cluster speaks IPv4; a Service without addresses of its own and without selector may be anything. */
function prepareService(spec: Draft): void {
  if (spec.type === 'ExternalName') return
  const clusterIP = textOf(spec, 'clusterIP')
  if (clusterIP !== '' && isAbsent(spec.clusterIPs)) spec.clusterIPs = [clusterIP]
  const anything = clusterIP === 'None' && Object.keys(partOf(spec, 'selector') ?? {}).length === 0
  if (isAbsent(spec.ipFamilyPolicy)) spec.ipFamilyPolicy = anything ? 'RequireDualStack' : 'SingleStack'
  if (isAbsent(spec.ipFamilies)) spec.ipFamilies = anything ? ['IPv4', 'IPv6'] : ['IPv4']
}

/** Unless its author manages the selector, a Job selects by its uid, under new and old names. */
function prepareJob(job: Draft): void {
  const spec = ensurePart(job, 'spec')
  if (spec.manualSelector === true) return
  const metadata = ensurePart(job, 'metadata')
  const [uid, name] = [textOf(metadata, 'uid'), textOf(metadata, 'name')]
  const template = ensurePart(ensurePart(spec, 'template'), 'metadata')
  const labels = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  }
  template.labels = { ...partOf(template, 'labels'), ...labels }
  const selector = ensurePart(spec, 'selector')
  selector.matchLabels = { ...partOf(selector, 'matchLabels'), 'batch.kubernetes.io/controller-uid': uid }
  labelAs(job, labels)
}

/**
 * Guaranteed: every container has limits for CPU and memory and requests no less. BestEffort: none says anything of either.
 * Burstable: all between.
 */
export function qosClass(spec: Draft | undefined): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  let anything = false
  let guaranteed = true
  for (const list of ['containers', 'initContainers']) {
    for (const container of partsOf(spec, list)) {
      const resources = partOf(container, 'resources')
      const [requests, limits] = [partOf(resources, 'requests'), partOf(resources, 'limits')]
      for (const name of ['cpu', 'memory']) {
        const [request, limit] = [requests?.[name], limits?.[name]]
        if (isPositive(request) || isPositive(limit)) anything = true
        if (!isPositive(limit) || (!isAbsent(request) && !isSameAmount(request, limit))) guaranteed = false
      }
    }
  }
  if (!anything) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

/** Decoding has made amounts canonical: only zero begins with a zero, unless it has a fraction. */
const isPositive = (amount: unknown): boolean =>
  typeof amount === 'string' && (/^[1-9]/.test(amount) || parseQuantity(amount).nanos > 0n)

const isSameAmount = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'string' && typeof b === 'string' && parseQuantity(a).nanos === parseQuantity(b).nanos)
