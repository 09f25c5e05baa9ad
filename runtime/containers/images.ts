// The image table: which program of this machine the process runtime starts for the name of an image. The package brings a
// few, small Node programs under examples/images; files of the user add to them and win.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Image, ResolveImage } from '../../actors/ports/containers.ts'
import { readImageFile } from './image-file.ts'
import { formatImageName, parseImageName } from './image-name.ts'

/** Throws an ImageFileError that names file and entry. Of two entries of one name that of the later file counts. */
export function createImageTable(files: readonly string[]): ResolveImage {
  const images = new Map<string, Image>()
  const anyTag = new Map<string, Image>()
  for (const { image, tags } of ownImages()) {
    const name = parseImageName(image.name)
    if (!name) continue
    if (tags === 'any') anyTag.set(name.repository, image)
    else images.set(formatImageName(name), image)
  }
  for (const image of files.flatMap(readImageFile)) {
    const name = parseImageName(image.name)
    if (name) images.set(formatImageName(name), image)
  }
  return (written) => {
    const name = parseImageName(written)
    return name && (images.get(formatImageName(name)) ?? anyTag.get(name.repository))
  }
}

interface OwnImage {
  readonly image: Image
  /** One program stands for all versions of the original. */
  readonly tags: 'own' | 'any'
}

function ownImages(): OwnImage[] {
  const directory = join(packageRoot(), 'examples', 'images')
  const node = (name: string, program: string, ...more: string[]): OwnImage => ({
    image: { name, command: [process.execPath, join(directory, program), ...more] },
    tags: 'own',
  })
  return [
    node('kinora.local/hello', 'hello.mjs', 'v1'),
    node('kinora.local/hello:v1', 'hello.mjs', 'v1'),
    node('kinora.local/hello:v2', 'hello.mjs', 'v2'),
    node('kinora.local/echo', 'echo.mjs'),
    node('kinora.local/guestbook', 'guestbook.mjs'),
    node('kinora.local/guestbook-store', 'guestbook-store.mjs'),
    // Of the tutorial "Kubernetes Basics"; its v10 must not exist.
    node('gcr.io/google-samples/kubernetes-bootcamp:v1', 'bootcamp.mjs', '1'),
    node('docker.io/jocatalin/kubernetes-bootcamp:v2', 'bootcamp.mjs', '2'),
    // No entry point, as the original: a pod's args alone are a command line. `env` runs whatever it is given.
    { image: { name: 'busybox', command: ['/usr/bin/env'], args: ['/bin/sh'] }, tags: 'any' },
    { image: { name: 'registry.k8s.io/pause', command: ['/bin/sh', join(directory, 'pause.sh')] }, tags: 'any' },
  ]
}

/** Above the source as above the bundle and its pieces. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}
