// What a node gives to its pods: addresses, volumes, configuration from the API, a voice. No chart of its own: it answers
// questions, and each pod decides when to ask again.

import type { KubeObject } from '../../model/object.ts'
import type { ConfigMap, Container, Pod, Secret, Service } from '../../model/schema/kinds/core-v1.ts'
import type { NodeTimings } from '../container/timings.ts'
import { EventRecorder } from '../master/controllers/events.ts'
import { ConfigError, type ConfigSources, environmentOf, expand } from '../pod/environment.ts'
import type { PodNote, PodSurroundings } from '../pod/pod.protocol.ts'
import { mountsOf, planVolume, referencesOf, type VolumePlan } from '../pod/volume-files.ts'
import type { ApiRequest } from '../ports/api.ts'
import type { ContainerRuntime, Done, Prober, RuntimeFailure } from '../ports/containers.ts'
import type { Clock } from '../ports/host.ts'
import type { MasterLink } from '../ports/link.ts'
import { AddressPool } from './addresses.ts'
import type { MachineFacts } from './kubelet.protocol.ts'
import { allocatable } from './node-object.ts'
import { createNotes } from './notes.ts'

export interface SurroundingsInput {
  readonly nodeName: string
  readonly link: MasterLink
  readonly runtime: ContainerRuntime
  readonly prober: Prober
  readonly clock: Clock
  readonly timings: NodeTimings
  readonly machine: MachineFacts
}

export interface Surroundings extends PodSurroundings {
  readonly addresses: AddressPool
  /** By namespace and name; kept up to date by the node's watch. */
  readonly services: Map<string, Service>
  /** Writes volumes made from ConfigMaps and Secrets again where these have changed. */
  refreshVolumes(pods: Iterable<Pod>): void
}

type Sourced = { readonly ok: true; readonly sources: ConfigSources } | RuntimeFailure

export function createSurroundings(input: SurroundingsInput): Surroundings {
  const { nodeName, link, runtime, prober, clock, timings, machine } = input
  const addresses = new AddressPool()
  const services = new Map<string, Service>()
  const recorder = new EventRecorder('kubelet')
  const sendNote = createNotes(link, clock, ({ verb, name }) => {
    if (verb === 'patch' && name) recorder.forget(name)
  })
  /** What each volume of files holds, so that only a change is written. */
  const written = new Map<string, Map<string, string>>()

  function hostFacts(podIp: string) {
    return { podIp, hostIp: machine.hostIp, allocatable: allocatable(machine) }
  }

  function fetchSources(pod: Pod, answered: (answer: Sourced) => void): void {
    const { configMaps, secrets } = referencesOf(pod)
    const found = { configmaps: new Map<string, KubeObject>(), secrets: new Map<string, KubeObject>() }
    let left = configMaps.length + secrets.length
    let failed: RuntimeFailure | undefined
    const settle = (): void => {
      if (left > 0) return
      answered(
        failed ?? {
          ok: true,
          sources: {
            configMap: (name) => found.configmaps.get(name) as ConfigMap | undefined,
            secret: (name) => found.secrets.get(name) as Secret | undefined,
          },
        },
      )
    }
    const get = (resource: 'configmaps' | 'secrets', name: string): void =>
      link.client.request(
        { verb: 'get', group: '', version: 'v1', resource, namespace: pod.metadata.namespace, name },
        (answer) => {
          left -= 1
          if (answer.ok) found[resource].set(name, answer.object)
          else if (answer.status.code !== 404) {
            failed = {
              ok: false,
              reason: 'CreateContainerConfigError',
              message: answer.status.message ?? `${resource} "${name}" cannot be read`,
            }
          }
          settle()
        },
      )
    for (const name of configMaps) get('configmaps', name)
    for (const name of secrets) get('secrets', name)
    settle()
  }

  function applyPlans(pod: Pod, plans: readonly VolumePlan[], answered: (answer: Done) => void): void {
    const uid = pod.metadata.uid ?? ''
    const known = written.get(uid) ?? new Map<string, string>()
    written.set(uid, known)
    let left = plans.length
    let failed: RuntimeFailure | undefined
    const settle = (): void => {
      if (left === 0) answered(failed ?? { ok: true })
    }
    const done = (answer: Done): void => {
      left -= 1
      if (!answer.ok) failed = answer
      settle()
    }
    for (const plan of plans) {
      if (plan.kind === 'directory') runtime.makeVolume(uid, plan.volume, plan.source, done)
      else {
        const content = JSON.stringify(plan.files.map(({ path, content: bytes, mode }) => [path, String(bytes), mode]))
        if (known.get(plan.volume) === content) {
          left -= 1
          continue
        }
        runtime.writeVolume(uid, plan.volume, plan.files, (answer) => {
          if (answer.ok) known.set(plan.volume, content)
          done(answer)
        })
      }
    }
    settle()
  }

  function mountVolumes(pod: Pod, podIp: string, answered: (answer: Done) => void): void {
    fetchSources(pod, (answer) => {
      if (!answer.ok) return answered(answer)
      const facts = { ...answer.sources, pod, host: hostFacts(podIp) }
      let plans: VolumePlan[]
      try {
        plans = (pod.spec?.volumes ?? []).map((volume) => {
          try {
            return planVolume(volume, facts)
          } catch (error) {
            throw error instanceof ConfigError
              ? new ConfigError(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`)
              : error
          }
        })
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        return answered({ ok: false, reason: 'FailedMount', message: error.message })
      }
      applyPlans(pod, plans, answered)
    })
  }

  const surroundings: Surroundings = {
    ...{ runtime, prober, clock, timings, addresses, services },
    client: link.client,
    hostIp: machine.hostIp,
    assignAddress: (pod) => (pod.spec?.hostNetwork ? machine.hostIp : addresses.claim(pod.metadata.uid ?? '', pod.status?.podIP)),
    releaseAddress: (uid) => {
      addresses.release(uid)
      written.delete(uid)
    },
    mountVolumes,
    configure: (pod, container, podIp, answered) =>
      fetchSources(pod, (answer) => {
        if (!answer.ok) return answered(answer)
        try {
          const facts = { ...answer.sources, pod, host: hostFacts(podIp), services: [...services.values()] }
          answered({ ok: true, spec: specOf(pod, container, podIp, environmentOf(container, facts)) })
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
          answered({ ok: false, reason: 'CreateContainerConfigError', message: error.message })
        }
      }),
    note: (pod, note) => {
      const request = recorder.record({ ...note, about: referTo(pod, note) }, clock.now())
      if (request) sendNote(fromHost(request, nodeName))
    },
    isConnected: () => link.open,
    refreshVolumes: (pods) => {
      for (const pod of pods) {
        const hasFiles = pod.spec?.volumes?.some(({ configMap, secret, projected }) => configMap ?? secret ?? projected)
        if (hasFiles) mountVolumes(pod, addresses.claim(pod.metadata.uid ?? '', pod.status?.podIP) ?? '', () => {})
      }
    },
  }
  return surroundings
}

function specOf(pod: Pod, container: Container, podIp: string, own: Readonly<Record<string, string>>) {
  const { uid = '', namespace = '', name = '' } = pod.metadata
  const env = { HOSTNAME: pod.spec?.hostname || name, POD_IP: podIp, HOST: podIp, ...own }
  const lookup = (key: string): string | undefined => env[key as keyof typeof env]
  return {
    podUid: uid,
    name: container.name,
    namespace,
    podName: name,
    podIp,
    image: container.image ?? '',
    command: (container.command ?? []).map((part) => expand(part, lookup)),
    args: (container.args ?? []).map((part) => expand(part, lookup)),
    env,
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    mounts: mountsOf(container, env),
    ...(container.terminationMessagePath ? { terminationMessagePath: container.terminationMessagePath } : {}),
  }
}

const referTo = ({ metadata }: Pod, { fieldPath }: PodNote) => ({
  kind: 'Pod',
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  apiVersion: 'v1',
  resourceVersion: metadata.resourceVersion,
  ...(fieldPath ? { fieldPath } : {}),
})

/** Events of nodes say which node they come from. */
function fromHost(request: ApiRequest, nodeName: string): ApiRequest {
  const value = request.body && 'value' in request.body ? request.body.value : undefined
  if (request.verb !== 'create' || typeof value !== 'object' || value === null || Array.isArray(value)) return request
  return {
    ...request,
    body: {
      contentType: 'application/json',
      value: { ...value, source: { component: 'kubelet', host: nodeName }, reportingInstance: nodeName } as KubeObject,
    },
  }
}
