// What the volumes of a pod hold: directories, or files made from ConfigMaps, Secrets and the pod's own fields.
import { decodeBase64 } from '../../model/codec/base64.ts'
import type { Container, KeyToPath, Pod, Volume } from '../../model/schema/kinds/core-v1.ts'
import type { DirectorySource, Mount, VolumeFile } from '../ports/containers.ts'
import { fieldOf, type HostFacts, resourceOf } from './downward.ts'
import { ConfigError, type ConfigSources, expand } from './environment.ts'

export type VolumePlan =
  | { readonly kind: 'directory'; readonly volume: string; readonly source: DirectorySource }
  | { readonly kind: 'files'; readonly volume: string; readonly files: readonly VolumeFile[] }

interface VolumeFacts extends ConfigSources {
  readonly pod: Pod
  readonly host: HostFacts
}

const DEFAULT_MODE = 0o644

/** Throws ConfigError for what does not exist. */
export function planVolume(volume: Volume, facts: VolumeFacts): VolumePlan {
  const { name } = volume
  if (volume.emptyDir) return { kind: 'directory', volume: name, source: { kind: 'emptyDir' } }
  if (volume.hostPath) {
    const { path, type = '' } = volume.hostPath
    return { kind: 'directory', volume: name, source: { kind: 'hostPath', path, type } }
  }
  const projections = volume.projected?.sources ?? [
    {
      configMap: volume.configMap,
      secret: volume.secret && { ...volume.secret, name: volume.secret.secretName },
      downwardAPI: volume.downwardAPI,
    },
  ]
  const known = volume.projected ?? volume.configMap ?? volume.secret ?? volume.downwardAPI
  if (!known) throw new ConfigError(`volume ${name} is of a kind that this node does not know`)
  const defaultMode = known.defaultMode ?? DEFAULT_MODE
  const files = projections.flatMap((source) => [
    ...(source.configMap ? configMapFiles(source.configMap, defaultMode, facts) : []),
    ...(source.secret ? secretFiles(source.secret, defaultMode, facts) : []),
    ...(source.downwardAPI?.items ?? []).map((item): VolumeFile => {
      const container = facts.pod.spec?.containers.find((each) => each.name === item.resourceFieldRef?.containerName)
      const content = item.fieldRef
        ? fieldOf(item.fieldRef.fieldPath, facts.pod, facts.host)
        : item.resourceFieldRef && container
          ? resourceOf(item.resourceFieldRef, container, facts.host)
          : ''
      return { path: item.path, content, mode: item.mode ?? defaultMode }
    }),
  ])
  // Of two sources with one path the later wins, as in Kubernetes.
  return { kind: 'files', volume: name, files: [...new Map(files.map((file) => [file.path, file])).values()] }
}

interface Source {
  readonly name?: string
  readonly optional?: boolean
  readonly items?: readonly KeyToPath[]
}

function configMapFiles(source: Source, mode: number, facts: VolumeFacts): VolumeFile[] {
  const found = facts.configMap(source.name ?? '')
  if (!found && !source.optional) throw new ConfigError(`configmap "${source.name}" not found`)
  const binary = Object.entries(found?.binaryData ?? {}).map(([key, value]) => [key, bytes(value)] as const)
  return selected(
    source,
    new Map<string, string | Uint8Array>([...Object.entries(found?.data ?? {}), ...binary]),
    mode,
    'configmap',
  )
}

function secretFiles(source: Source, mode: number, facts: VolumeFacts): VolumeFile[] {
  const found = facts.secret(source.name ?? '')
  if (!found && !source.optional) throw new ConfigError(`secret "${source.name}" not found`)
  return selected(source, new Map(Object.entries(found?.data ?? {}).map(([key, value]) => [key, bytes(value)])), mode, 'secret')
}

const bytes = (base64: string): Uint8Array => decodeBase64(base64) ?? new Uint8Array()

function selected(source: Source, data: ReadonlyMap<string, string | Uint8Array>, mode: number, kind: string): VolumeFile[] {
  if (!source.items) return [...data].map(([path, content]) => ({ path, content, mode }))
  return source.items.flatMap((item) => {
    const content = data.get(item.key)
    if (content !== undefined) return [{ path: item.path, content, mode: item.mode ?? mode }]
    if (source.optional) return []
    throw new ConfigError(`${kind} references non-existent config key: ${item.key}`)
  })
}

/** The mounts of one container; `subPathExpr` knows its environment. */
export const mountsOf = (container: Container, environment: Readonly<Record<string, string>>): Mount[] =>
  (container.volumeMounts ?? []).map(({ name, mountPath, subPath, subPathExpr }) => ({
    volume: name,
    mountPath,
    ...(subPath ? { subPath } : subPathExpr ? { subPath: expand(subPathExpr, (key) => environment[key]) } : {}),
  }))

/** Names of the ConfigMaps and Secrets that a pod needs, in its volumes and in its environment. */
export function referencesOf(pod: Pod): { readonly configMaps: readonly string[]; readonly secrets: readonly string[] } {
  const configMaps = new Set<string>()
  const secrets = new Set<string>()
  const add = (set: Set<string>, name: string | undefined): void => {
    if (name) set.add(name)
  }
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add(configMaps, configMapRef?.name)
      add(secrets, secretRef?.name)
    }
    for (const { valueFrom } of container.env ?? []) {
      add(configMaps, valueFrom?.configMapKeyRef?.name)
      add(secrets, valueFrom?.secretKeyRef?.name)
    }
  }
  for (const volume of pod.spec?.volumes ?? []) {
    add(configMaps, volume.configMap?.name)
    add(secrets, volume.secret?.secretName)
    for (const { configMap, secret } of volume.projected?.sources ?? []) {
      add(configMaps, configMap?.name)
      add(secrets, secret?.name)
    }
  }
  return { configMaps: [...configMaps], secrets: [...secrets] }
}
