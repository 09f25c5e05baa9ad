// What a state directory says about the containers of a node, whether or not an agent runs: found for adoption.
import { rmSync } from 'node:fs'
import type { FoundContainer } from '../../../actors/ports/containers.ts'
import { readExit, readRecord, readStarted, writeExit } from './attempt.ts'
import { attemptDirectory, attemptsOfNode, idOf } from './layout.ts'
import { bootId, groupOf, isAlive, processesWithEnvironment, signalGroup, signalPid } from './proc.ts'

/** Of looking for processes that outran a kill. */
const ROUNDS = 10

/**
 * By pod, container, attempt. What was never started has no `startedAtMs`; what died with the machine or its shim has an
 * exit. A start that an agent did not live to see is undone, unless it is one that this agent is just making.
 */
export function foundContainers(stateDir: string, isOurs: (id: string) => boolean): FoundContainer[] {
  const found: FoundContainer[] = []
  for (const key of attemptsOfNode(stateDir)) {
    const directory = attemptDirectory(stateDir, key)
    const record = readRecord(directory)
    if (!record) {
      endAttempt(directory)
      rmSync(directory, { recursive: true, force: true })
      continue
    }
    const started = readStarted(directory)
    const runs = started && record.bootId === bootId() && isAlive(started.shim)
    if (!runs && !isOurs(idOf(record)) && !readExit(directory, record)) endAttempt(directory)
    const exit = readExit(directory, record)
    const { podUid, name, attempt, namespace, podName, podIp, image, imageId } = record
    found.push({
      ...{ podUid, name, attempt, namespace, podName, podIp, image, imageId },
      id: idOf(record),
      ...(started ? { startedAtMs: started.startedAtMs } : {}),
      ...(exit ? { exit } : {}),
    })
  }
  return found
}

/** For a directory that is to be used again: its shim must not write into it any more. */
export function eraseAttempt(directory: string): void {
  const started = readStarted(directory)
  if (started && readRecord(directory)?.bootId === bootId() && isAlive(started.shim)) signalPid(started.shim.pid, 'SIGKILL')
  endAttempt(directory)
  rmSync(directory, { recursive: true, force: true })
}

/** Kills what runs of an attempt, and writes its end. */
export function endAttempt(directory: string): void {
  const started = readStarted(directory)
  const record = readRecord(directory)
  if (started && record?.bootId === bootId()) signalGroup(started.program, 'SIGKILL')
  // Programs that left their group, and a shim that had not yet said what it started; one that had ends by itself, when
  // the last line is written.
  const others = (): number[] =>
    processesWithEnvironment(`KINORA_ROOT=${directory}/`).filter((pid) => groupOf(pid) !== started?.shim.pid)
  // Again, because one of them may just have started another.
  for (let round = 0, left = others(); left.length > 0 && round < ROUNDS; round++, left = others()) {
    for (const pid of left) signalPid(pid, 'SIGKILL')
  }
  if (record && started && !readExit(directory, record)) writeExit(directory, 137)
}
