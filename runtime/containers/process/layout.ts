// Where a node keeps what belongs to its containers, and how a container's id names its place.
//
//   <stateDir>/pods/<uid>/<name>.<attempt>/  record.json  started  exit  pipe  log  marks  root/
//   <stateDir>/pods/<uid>/volumes/<volume>/
//
// As flat as it can be: making a directory is among the dearest things in a start.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerKey } from '../../../actors/ports/containers.ts'

/** uid and container name hold no dot: a uid is hex and dashes, a container's name a DNS label. */
export const idOf = ({ podUid, name, attempt }: ContainerKey): string => `${podUid}.${name}.${attempt}`

const idShape = /^([0-9A-Za-z_-]{1,64})\.([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)\.(\d{1,9})$/

/** Undefined for what is no id: nothing from outside becomes part of a path unchecked. */
export function parseId(id: string): ContainerKey | undefined {
  const match = idShape.exec(id)
  return match?.[1] && match[2] ? { podUid: match[1], name: match[2], attempt: Number(match[4]) } : undefined
}

/** A name that may be one component of a path. */
export const isComponent = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0') && name.length <= 253

export const podsDirectory = (stateDir: string): string => join(stateDir, 'pods')
export const podDirectory = (stateDir: string, podUid: string): string => join(podsDirectory(stateDir), component(podUid))
export const attemptDirectory = (stateDir: string, { podUid, name, attempt }: ContainerKey): string =>
  join(podDirectory(stateDir, podUid), `${component(name)}.${attempt}`)
export const volumeDirectory = (stateDir: string, podUid: string, volume: string): string =>
  join(podDirectory(stateDir, podUid), 'volumes', component(volume))

function component(name: string): string {
  if (!isComponent(name)) throw new Error(`not a name: ${JSON.stringify(name)}`)
  return name
}

/** Everything of a node, by pod, container, attempt. */
export function attemptsOfNode(stateDir: string): ContainerKey[] {
  return entries(podsDirectory(stateDir)).flatMap((podUid) => attemptsOfPod(stateDir, podUid))
}

export function attemptsOfPod(stateDir: string, podUid: string): ContainerKey[] {
  return entries(podDirectory(stateDir, podUid))
    .flatMap((entry) => parseId(`${podUid}.${entry}`) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.attempt - b.attempt))
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}
