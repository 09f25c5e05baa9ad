// The file that a user hands over with `--images`: read, checked whole, with the place of the first mistake in the message.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import type { Image } from '../../actors/ports/containers.ts'
import { parseImageName } from './image-name.ts'

const FILE_MAX_BYTES = 1024 * 1024
const FIELDS = ['name', 'command', 'args', 'env', 'workingDir', 'directory']

class ImageFileError extends Error {
  constructor(file: string, problem: string) {
    super(`${file}: ${problem}`)
    this.name = 'ImageFileError'
  }
}

/** `images: [{name, command, args?, env?, workingDir?, directory?}]`, as YAML or JSON; `directory` is relative to the file. */
export function readImageFile(file: string): Image[] {
  const fail = (problem: string): never => {
    throw new ImageFileError(file, problem)
  }
  const document = contentOf(file, fail)
  if (!isRecord(document)) return fail('must be an object with the field images')
  for (const field of Object.keys(document)) if (field !== 'images') fail(`unknown field ${JSON.stringify(field)}`)
  if (!Array.isArray(document.images)) return fail('images: must be a list')
  const seen = new Map<string, number>()
  return document.images.map((entry: unknown, index) => {
    const image = imageOf(entry, resolve(dirname(file)), (field, problem) =>
      fail(`images[${index}]${field === '' ? '' : `.${field}`}: ${problem}`),
    )
    const before = seen.get(image.name)
    if (before !== undefined) fail(`images[${index}].name: ${JSON.stringify(image.name)} is that of images[${before}], too`)
    seen.set(image.name, index)
    return image
  })
}

function contentOf(file: string, fail: (problem: string) => never): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return fail(`cannot be read: ${messageOf(error)}`)
  }
  if (text.length > FILE_MAX_BYTES) fail(`has more than ${FILE_MAX_BYTES} bytes`)
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (error) {
    return fail(messageOf(error))
  }
}

function imageOf(entry: unknown, folder: string, fail: (field: string, problem: string) => never): Image {
  if (!isRecord(entry)) return fail('', 'must be an object with name and command')
  for (const field of Object.keys(entry)) if (!FIELDS.includes(field)) fail(field, 'unknown field')
  const { name, command, args, env, workingDir, directory } = entry
  if (typeof name !== 'string' || name === '') return fail('name', 'must be the name of an image')
  if (!parseImageName(name)) fail('name', `${JSON.stringify(name)} is not the name of an image`)
  if (!isListOfText(command) || !command[0]) return fail('command', 'must be a list of strings, the program first')
  if (args !== undefined && !isListOfText(args)) return fail('args', 'must be a list of strings')
  if (env !== undefined && !isRecordOfText(env)) return fail('env', 'must be an object of strings (put numbers in quotes)')
  if (workingDir !== undefined && typeof workingDir !== 'string') return fail('workingDir', 'must be a path')
  if (directory !== undefined && typeof directory !== 'string') return fail('directory', 'must be a path')
  return {
    name,
    command,
    ...(args ? { args } : {}),
    ...(env ? { env } : {}),
    ...(workingDir ? { workingDir } : {}),
    ...(directory ? { directory: resolve(folder, directory) } : {}),
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isListOfText = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((element) => typeof element === 'string')

const isRecordOfText = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((element) => typeof element === 'string')
