import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Image } from '../../actors/ports/containers.ts'
import { readStarted } from '../../runtime/containers/process/attempt.ts'
import { endContainersOf } from '../../runtime/containers/process/end-containers.ts'
import { attemptDirectory } from '../../runtime/containers/process/layout.ts'
import { createProcessRuntime } from '../../runtime/containers/process/runtime.ts'
import { createSimulatedRuntime, SimulatedMachine } from '../../runtime/containers/simulated/runtime.ts'
import { systemHost } from '../../runtime/host.ts'
import { SteppedHost } from '../machines/stepped-host.ts'
import { type ContainerWorld, containersContract, IMAGES } from './containers.contract.ts'

containersContract('simulated', (): ContainerWorld => {
  const host = new SteppedHost()
  const machine = new SimulatedMachine()
  const images = {
    [IMAGES.runs]: { pullMs: 10, startMs: 5, readyAfterMs: 5, stopMs: 5, exitCode: 143 },
    [IMAGES.exits3]: { pullMs: 10, startMs: 5, readyAfterMs: 5, exitsAfterMs: 20, exitCode: 3 },
  }
  const make = () => createSimulatedRuntime({ host, nodeName: 'node-1', machine, images })
  const runtime = make()
  return {
    runtime,
    successor: make,
    until: async (isSo) => {
      for (let step = 0; step < 1000 && !isSo(); step++) host.advance(1)
      expect(isSo()).toBe(true)
    },
    kill: (spec) => runtime.kill(spec),
    remove: () => {},
  }
})

containersContract('process', (): ContainerWorld => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kinora-containers-'))
  const images: Record<string, Image> = {
    [IMAGES.runs]: { name: IMAGES.runs, command: ['sleep', '1000'] },
    [IMAGES.exits3]: { name: IMAGES.exits3, command: ['sh', '-c', 'exit 3'] },
  }
  const make = () =>
    createProcessRuntime({ host: systemHost(), stateDir, resolveImage: (name) => images[name], path: process.env.PATH ?? '' })
  const runtimes = [make()]
  const [runtime] = runtimes
  if (!runtime) throw new Error('unreachable')
  return {
    runtime,
    successor: () => {
      runtime.close()
      const successor = make()
      runtimes.push(successor)
      return successor
    },
    until: async (isSo) => expect.poll(isSo, { timeout: 5000, interval: 2 }).toBe(true),
    kill: (spec) => {
      const started = readStarted(attemptDirectory(stateDir, spec))
      if (!started) throw new Error('not started')
      process.kill(started.program.pid, 'SIGKILL')
    },
    remove: async () => {
      for (const each of runtimes) each.close()
      await endContainersOf(stateDir)
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
})
