// Volumes of the process runtime: directories under the pod's own, and the links by which a container finds them below
// its KINORA_ROOT. Containers of a pod write into these directories, so no path in them is trusted to be what it was.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, sep } from 'node:path'
import type { DirectorySource, Mount, VolumeFile } from '../../../actors/ports/containers.ts'
import { isComponent } from './layout.ts'

const DATA = '..data'

/**
 * Replaces what a volume of files holds, at once for every reader: readers go through `..data`, a link that is renamed
 * over. Names at the top are links through it, as Kubernetes makes them, so that watchers written for it work.
 */
export function writeFiles(volume: string, files: readonly VolumeFile[]): void {
  mkdirSync(volume, { recursive: true, mode: 0o755 })
  const taken = readdirSync(volume)
  const version = 1 + Math.max(0, ...taken.map((name) => Number(/^\.\.v(\d+)$/.exec(name)?.[1] ?? 0)))
  const next = join(volume, `..v${version}`)
  mkdirSync(next, { mode: 0o755 })
  for (const file of files) {
    const parts = file.path.split('/')
    if (!parts.every(isComponent)) throw new Error(`not a path inside a volume: ${file.path}`)
    const path = join(next, ...parts)
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileSync(path, file.content, { mode: file.mode, flag: 'wx' })
  }
  const link = join(volume, `${DATA}_tmp`)
  rmSync(link, { force: true })
  symlinkSync(`..v${version}`, link)
  renameSync(link, join(volume, DATA))

  const wanted = new Set(files.map((file) => file.path.split('/')[0] ?? ''))
  for (const name of wanted) if (!taken.includes(name)) symlinkSync(join(DATA, name), join(volume, name))
  for (const name of taken) {
    if (name === DATA || name === `${DATA}_tmp` || wanted.has(name)) continue
    rmSync(join(volume, name), { recursive: true, force: true })
  }
}

export function makeDirectory(volume: string, source: DirectorySource): void {
  mkdirSync(dirname(volume), { recursive: true, mode: 0o755 })
  if (source.kind === 'emptyDir') {
    mkdirSync(volume, { recursive: true, mode: 0o777 })
    return
  }
  checkHostPath(source.path, source.type)
  rmSync(volume, { force: true })
  symlinkSync(source.path, volume)
}

function checkHostPath(path: string, type: string): void {
  if (type === 'DirectoryOrCreate') mkdirSync(path, { recursive: true, mode: 0o755 })
  const found = statSync(path, { throwIfNoEntry: false })
  if (type === 'FileOrCreate' && !found) writeFileSync(path, '', { mode: 0o644 })
  else if (type !== '' && !found) throw new Error(`hostPath type check failed: ${path} does not exist`)
  else if (type.startsWith('Directory') && !found?.isDirectory()) {
    throw new Error(`hostPath type check failed: ${path} is not a directory`)
  } else if (type.startsWith('File') && !found?.isFile()) throw new Error(`hostPath type check failed: ${path} is not a file`)
  else if (type === 'Socket' && !found?.isSocket()) throw new Error(`hostPath type check failed: ${path} is not a socket file`)
}

/** Puts a link at `root + mountPath` for each mount; outer mounts first, so that one may lie within another. */
export function linkMounts(root: string, mounts: readonly Mount[], volumePath: (volume: string) => string): void {
  const placed = new Map<string, string>()
  const outerFirst = [...mounts].sort((a, b) => a.mountPath.length - b.mountPath.length)
  for (const mount of outerFirst) {
    const source = sourceOf(mount, volumePath(mount.volume))
    const parts = mount.mountPath.split('/').filter((part) => part !== '' && part !== '.')
    const name = parts.pop()
    if (name === undefined || !isComponent(name)) throw new Error(`cannot mount at ${JSON.stringify(mount.mountPath)}`)
    const place = join(descend(root, parts, placed), name)
    const there = lstatSync(place, { throwIfNoEntry: false })
    // An inner mount that an earlier attempt of the container has already put into a volume.
    if (there?.isSymbolicLink()) rmSync(place)
    else if (there) throw new Error(`cannot mount at ${mount.mountPath}: something lies there`)
    symlinkSync(source, place)
    placed.set(place, source)
  }
}

function sourceOf({ subPath }: Mount, volume: string): string {
  if (!subPath) return volume
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.')
  if (!parts.every(isComponent)) throw new Error(`subPath ${JSON.stringify(subPath)} must stay inside the volume`)
  const path = join(volume, ...parts)
  const outer = realpathSync(volume)
  if (!lstatSync(path, { throwIfNoEntry: false })) return join(descend(outer, parts, new Map()), '')
  if (!`${realpathSync(path)}${sep}`.startsWith(`${outer}${sep}`))
    throw new Error(`subPath ${JSON.stringify(subPath)} leads out of the volume`)
  return path
}

/** Makes directories one by one, through no link but those that were placed here. */
function descend(base: string, parts: readonly string[], placed: ReadonlyMap<string, string>): string {
  let at = base
  for (const part of parts) {
    if (!isComponent(part)) throw new Error(`not a path inside a container: ${parts.join('/')}`)
    const next = join(at, part)
    const there = lstatSync(next, { throwIfNoEntry: false })
    const through = placed.get(next)
    if (!there) mkdirSync(next, { mode: 0o755 })
    else if (through === undefined && !there.isDirectory()) throw new Error(`${next} is a link or a file, and is not followed`)
    at = through ?? next
  }
  return at
}
