// Who may import whom, as the table in ARCHITECTURE.md says it: read off the imports, so that nobody has to remember.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

interface Rule {
  /** Folders of ours that may be imported beside the own one. */
  readonly ours: readonly string[]
  /** Folders of which only types may be imported. */
  readonly types?: readonly string[]
  readonly packages: readonly string[] | 'any'
  readonly node: boolean
  readonly why: string
}

const RULES: Readonly<Record<string, Rule>> = {
  model: {
    ours: [],
    packages: ['protobufjs', 'yaml'],
    node: false,
    why: 'the model is facts and arithmetic: it must run anywhere, the same every time',
  },
  actors: {
    ours: ['model'],
    packages: ['xstate'],
    node: false,
    why: 'actors reach the world through ports, so that a simulation can take its place',
  },
  transports: { ours: [], packages: ['ws', 'msgpackr'], node: true, why: 'envelopes are opaque here' },
  runtime: {
    ours: ['model', 'actors', 'transports'],
    packages: 'any',
    node: true,
    why: 'adapters do not know scenarios, pages or commands',
  },
  scenarios: { ours: ['model'], types: ['runtime'], packages: [], node: false, why: 'scenarios are data' },
  cli: { ours: ['model', 'actors', 'transports', 'runtime', 'scenarios'], packages: 'any', node: true, why: '' },
}

/** Of the pure layers: what would let time, chance or the world in unseen. */
const FORBIDDEN_IN_PURE =
  /(\bDate\.now|new Date\b|Math\.random|(?<![.\w])setTimeout\((?!callback:)|(?<![.\w])setInterval\(|(?<![.\w])setImmediate\(|queueMicrotask\(|performance\.now|async\s|await\s|Promise\b)/

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.tsx?$/.test(entry.name)) yield path
  }
}

interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

function importsOf(text: string): Import[] {
  const found: Import[] = []
  for (const [, keyword, specifier] of text.matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'/gms)) {
    found.push({ specifier: specifier ?? '', typeOnly: keyword !== undefined })
  }
  for (const [, specifier] of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g))
    found.push({ specifier: specifier ?? '', typeOnly: false })
  for (const [, specifier] of text.matchAll(/^import\s+'([^']+)'/gm)) found.push({ specifier: specifier ?? '', typeOnly: false })
  return found
}

function violation(file: string, layer: string, rule: Rule, { specifier, typeOnly }: Import): string | undefined {
  if (specifier.startsWith('node:')) return rule.node ? undefined : `${file} imports ${specifier}: ${rule.why}`
  if (specifier.startsWith('.')) {
    const target = relative(root, resolve(root, dirname(file), specifier)).split('/')[0] ?? ''
    if (target === layer || rule.ours.includes(target) || (typeOnly && rule.types?.includes(target))) return undefined
    return `${file} imports ${specifier}: ${rule.why}`
  }
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '')
  return rule.packages === 'any' || rule.packages.includes(name) ? undefined : `${file} imports ${specifier}: ${rule.why}`
}

describe('architecture', () => {
  for (const [layer, rule] of Object.entries(RULES)) {
    it(`${layer} imports only what it may`, () => {
      const found = [...sources(layer)].flatMap((file) =>
        importsOf(readFileSync(join(root, file), 'utf8')).flatMap((each) => violation(file, layer, rule, each) ?? []),
      )
      expect(found).toEqual([])
    })
  }

  it('xstate is imported by charts and by runtime only', () => {
    const found = [...sources('actors')].filter(
      (file) =>
        !file.endsWith('.machine.ts') &&
        importsOf(readFileSync(join(root, file), 'utf8')).some(
          ({ specifier, typeOnly }) => specifier.startsWith('xstate') && !typeOnly,
        ),
    )
    expect(found).toEqual([])
  })

  it('no clock, chance or promise in the pure layers', () => {
    const found = ['model', 'actors'].flatMap((layer) =>
      [...sources(layer)].flatMap((file) =>
        readFileSync(join(root, file), 'utf8')
          .split('\n')
          .flatMap((line, index) => {
            const code = line.replace(/\/\/.*$|^\s*\*.*$|\/\*.*?\*\//, '').replace(/'[^']*'|`[^`]*`/g, '')
            return FORBIDDEN_IN_PURE.test(code) ? [`${file}:${index + 1}: ${line.trim()}`] : []
          }),
      ),
    )
    expect(found).toEqual([])
  })

  it('no file is called after nothing', () => {
    const found = Object.keys(RULES)
      .flatMap((layer) => [...sources(layer)])
      .filter((file) => /(^|[/.-])(utils?|helpers?|common|manager|misc)([/.-]|$)/.test(file))
    expect(found).toEqual([])
  })
})
