// What a pod is where its author said nothing, whether it stands alone or as a template.
import { roundUpToMilli } from '../quantity.ts'
import { type Draft, ensurePart, fill, isAbsent, partOf, partsOf, textOf } from './draft.ts'
import { defaultVolume } from './volumes.ts'

const POD_SPEC = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  schedulerName: 'default-scheduler',
}
const CONTAINER = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }
const PROBE: Readonly<Record<string, number>> = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
const HTTP_GET = { path: '/', scheme: 'HTTP' }
const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers']

export function defaultPod(pod: Draft): void {
  const spec = ensurePart(pod, 'spec')
  if (isAbsent(spec.enableServiceLinks)) spec.enableServiceLinks = true
  defaultPodSpec(spec)
  for (const list of ['containers', 'initContainers']) {
    for (const container of partsOf(spec, list)) {
      requestsFromLimits(container)
      defaultResizePolicy(container)
    }
  }
}

export function defaultPodTemplate(template: Draft | undefined): void {
  const spec = partOf(template, 'spec')
  if (spec) defaultPodSpec(spec)
}

function defaultPodSpec(spec: Draft): void {
  fill(spec, POD_SPEC)
  ensurePart(spec, 'securityContext')
  mirrorServiceAccount(spec)
  for (const volume of partsOf(spec, 'volumes')) defaultVolume(volume)
  for (const list of CONTAINER_LISTS) for (const container of partsOf(spec, list)) defaultContainer(container)
  if (spec.hostNetwork === true)
    for (const list of CONTAINER_LISTS) for (const container of partsOf(spec, list)) bindHostPorts(container)
  for (const requirement of ['requests', 'limits']) roundQuantities(partOf(partOf(spec, 'resources'), requirement))
  roundQuantities(partOf(spec, 'overhead'))
}

/** `serviceAccount` is the older name of `serviceAccountName`; both are answered. */
function mirrorServiceAccount(spec: Draft): void {
  const name = textOf(spec, 'serviceAccountName') || textOf(spec, 'serviceAccount')
  if (name === '') return
  spec.serviceAccountName = name
  spec.serviceAccount = name
}

function defaultContainer(container: Draft): void {
  fill(container, CONTAINER)
  if (textOf(container, 'imagePullPolicy') === '') {
    container.imagePullPolicy = hasLatestTag(textOf(container, 'image')) ? 'Always' : 'IfNotPresent'
  }
  for (const port of partsOf(container, 'ports')) fill(port, { protocol: 'TCP' })
  for (const variable of partsOf(container, 'env')) {
    const fieldRef = partOf(partOf(variable, 'valueFrom'), 'fieldRef')
    if (fieldRef) fill(fieldRef, { apiVersion: 'v1' })
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = partOf(container, name)
    if (probe) defaultProbe(probe)
  }
  const lifecycle = partOf(container, 'lifecycle')
  if (lifecycle) for (const hook of ['postStart', 'preStop']) defaultHttpGet(partOf(lifecycle, hook))
  const resources = partOf(container, 'resources')
  if (resources) for (const list of ['requests', 'limits']) roundQuantities(partOf(resources, list))
}

function defaultProbe(probe: Draft): void {
  for (const field in PROBE) if (!probe[field]) probe[field] = PROBE[field]
  defaultHttpGet(probe)
  const grpc = partOf(probe, 'grpc')
  if (grpc && isAbsent(grpc.service)) grpc.service = ''
}

function defaultHttpGet(handler: Draft | undefined): void {
  const httpGet = partOf(handler, 'httpGet')
  if (httpGet) fill(httpGet, HTTP_GET)
}

function bindHostPorts(container: Draft): void {
  for (const port of partsOf(container, 'ports')) if (!port.hostPort) port.hostPort = port.containerPort
}

/** Amounts that are no finer than thousandths: nearly all. */
const noFinerThanMilli = /^\d+(?:m|k|[KMGTPE]i|[MGTPE])?$/

/** Kubernetes keeps thousandths of a resource at the finest. */
export function roundQuantities(list: Draft | undefined): void {
  if (!list) return
  for (const name of Object.keys(list)) {
    const amount = list[name]
    if (typeof amount === 'string' && !noFinerThanMilli.test(amount)) list[name] = roundUpToMilli(amount)
  }
}

function requestsFromLimits(container: Draft): void {
  const resources = partOf(container, 'resources')
  const limits = partOf(resources, 'limits')
  if (!resources || !limits) return
  const names = Object.keys(limits)
  if (names.length === 0) return
  const requests = ensurePart(resources, 'requests')
  for (const name of names) if (!Object.hasOwn(requests, name)) requests[name] = limits[name]
}

function defaultResizePolicy(container: Draft): void {
  const resources = partOf(container, 'resources')
  const named = (name: string): boolean => ['requests', 'limits'].some((list) => !isAbsent(partOf(resources, list)?.[name]))
  const said = partsOf(container, 'resizePolicy')
  const added = ['cpu', 'memory']
    .filter((name) => named(name) && !said.some((policy) => policy.resourceName === name))
    .map((resourceName) => ({ resourceName, restartPolicy: 'NotRequired' }))
  if (added.length > 0) container.resizePolicy = [...said, ...added]
}

const reference =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::(\w[\w.-]{0,127}))?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/

/** `nginx` and `nginx:latest` are pulled each time; what has another tag, a digest, or is no image name at all, is not. */
function hasLatestTag(image: string): boolean {
  const match = reference.exec(image)
  if (!match) return false
  return match[1] === undefined ? match[2] === undefined : match[1] === 'latest'
}
