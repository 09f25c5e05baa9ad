// The machine on which containers run, as its Node object describes it.
import { readFileSync, statfsSync } from 'node:fs'
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os'
import type { MachineFacts } from '../../../actors/kubelet/kubelet.protocol.ts'
import { bootId } from './proc.ts'

const GOARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm64: 'arm64', arm: 'arm' }

export function machineFacts(stateDir: string, hostIp = '127.0.0.1'): MachineFacts {
  const { blocks, bsize } = statfsSync(stateDir)
  return {
    hostIp,
    hostname: hostname(),
    operatingSystem: 'linux',
    architecture: GOARCH[arch()] ?? arch(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]+)/m.exec(text('/etc/os-release'))?.[1] ?? 'Linux',
    machineId: text('/etc/machine-id').trim(),
    bootId: bootId(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    storageBytes: blocks * bsize,
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
