// What a volume is where its author said nothing: of a pod, and the sources that persistent volumes share with it.
import { type Draft, fill, isAbsent, partOf, partsOf } from './draft.ts'

/** 0644, as Kubernetes gives to files of secrets, config maps and the like. */
const DEFAULT_MODE = { defaultMode: 420 }
const TOKEN = { expirationSeconds: 3600 }

type Fill = (source: Draft) => void

const sources: Readonly<Record<string, Fill>> = {
  secret: (source) => fill(source, DEFAULT_MODE),
  configMap: (source) => fill(source, DEFAULT_MODE),
  downwardAPI: (source) => {
    fill(source, DEFAULT_MODE)
    defaultDownwardItems(source)
  },
  projected: (source) => {
    fill(source, DEFAULT_MODE)
    for (const projection of partsOf(source, 'sources')) {
      const token = partOf(projection, 'serviceAccountToken')
      if (token) fill(token, TOKEN)
      defaultDownwardItems(partOf(projection, 'downwardAPI'))
    }
  },
  hostPath: (source) => {
    if (isAbsent(source.type)) source.type = ''
  },
  iscsi: (source) => fill(source, { iscsiInterface: 'default' }),
  rbd: (source) => fill(source, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
  azureDisk: (source) => fill(source, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  scaleIO: (source) => fill(source, { storageMode: 'ThinProvisioned', fsType: 'xfs' }),
  ephemeral: (source) => {
    const claim = partOf(partOf(source, 'volumeClaimTemplate'), 'spec')
    if (claim) fill(claim, { volumeMode: 'Filesystem' })
  },
}

export function defaultVolume(volume: Draft): void {
  let named = false
  for (const name of Object.keys(volume)) {
    if (name === 'name' || isAbsent(volume[name])) continue
    named = true
    defaultSource(volume, name)
  }
  if (!named) volume.emptyDir = {}
}

export function defaultVolumeSources(spec: Draft): void {
  for (const name of Object.keys(spec)) defaultSource(spec, name)
}

function defaultSource(owner: Draft, name: string): void {
  const source = partOf(owner, name)
  if (source && Object.hasOwn(sources, name)) sources[name]?.(source)
}

function defaultDownwardItems(source: Draft | undefined): void {
  for (const item of partsOf(source, 'items')) {
    const fieldRef = partOf(item, 'fieldRef')
    if (fieldRef) fill(fieldRef, { apiVersion: 'v1' })
  }
}
