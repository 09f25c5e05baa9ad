// Writes TypeScript interfaces for the Kubernetes kinds that our own code reads, from the table of types.
// `--write` writes them, `--verify` fails when the files on disk differ from what would be written.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Field {
  t: string
  always?: boolean
  enum?: string[]
}
interface Type {
  fields?: Record<string, Field>
  inline?: { type: string }[]
  required?: string[]
}

const root = join(import.meta.dirname, '..')
const out = join(root, 'model/schema/kinds')
const { types, kinds } = JSON.parse(readFileSync(join(root, 'model/schema/types.json'), 'utf8'))
const table: Record<string, Type> = Object.fromEntries(
  Object.entries<string>(types).map(([name, row]) => [name, JSON.parse(row)]),
)
/** `apps/v1/Deployment` of each type that is a kind. */
const kindOf = new Map(Object.entries<string>(kinds).map(([kind, name]) => [name, kind]))

// The group versions whose objects our own code handles by name; all others stay plain objects.
const modules: Record<string, string> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1': 'meta-v1',
  'io.k8s.api.core.v1': 'core-v1',
  'io.k8s.api.apps.v1': 'apps-v1',
  'io.k8s.api.autoscaling.v1': 'autoscaling-v1',
  'io.k8s.api.coordination.v1': 'coordination-v1',
  'io.k8s.api.discovery.v1': 'discovery-v1',
}

const moduleOf = (type: string): string | undefined => modules[type.slice(0, type.lastIndexOf('.'))]
const shortName = (type: string): string => type.slice(type.lastIndexOf('.') + 1)
const scalars: Record<string, string> = {
  bool: 'boolean',
  string: 'string',
  bytes: 'string',
  int32: 'number',
  int64: 'number',
  double: 'number',
  Time: 'string',
  MicroTime: 'string',
  Duration: 'string',
  Quantity: 'string',
  IntOrString: 'number | string',
  RawExtension: 'unknown',
  FieldsV1: 'Record<string, unknown>',
}

function render(module: string): string {
  const imports = new Set<string>()
  const typeText = (t: string): string => {
    if (t.startsWith('[]')) {
      const inner = typeText(t.slice(2))
      return inner.includes('|') ? `readonly (${inner})[]` : `readonly ${inner}[]`
    }
    if (t.startsWith('map:')) return `Readonly<Record<string, ${typeText(t.slice(4))}>>`
    if (t === 'metav1.ObjectMeta' || t === 'metav1.ListMeta')
      return typeText(`io.k8s.apimachinery.pkg.apis.meta.v1.${t.slice(7)}`)
    const scalar = scalars[t]
    if (scalar) return scalar
    const home = moduleOf(t)
    if (!home) return 'unknown'
    if (home === module) return shortName(t)
    imports.add(home)
    return `${home.replace('-', '')}.${shortName(t)}`
  }
  const members = (name: string, type: Type): string[] => {
    const lines: string[] = []
    const gvk = kindOf.get(name)
    if (gvk && module !== 'meta-v1') {
      const slash = gvk.lastIndexOf('/')
      lines.push(`  readonly apiVersion: '${gvk.slice(0, slash)}'`, `  readonly kind: '${gvk.slice(slash + 1)}'`)
    }
    for (const embedded of type.inline ?? []) {
      const inner = table[embedded.type]
      if (inner && !embedded.type.endsWith('.TypeMeta')) lines.push(...members(name, inner))
    }
    for (const [field, { t }] of Object.entries(type.fields ?? {})) {
      if (gvk && (field === 'kind' || field === 'apiVersion')) continue
      const needed = type.required?.includes(field) || (gvk && field === 'metadata')
      lines.push(`  readonly ${/^\w+$/.test(field) ? field : `'${field}'`}${needed ? '' : '?'}: ${typeText(t)}`)
    }
    return lines
  }
  const bodies: string[] = []
  for (const [name, type] of Object.entries(table)) {
    if (moduleOf(name) !== module || name.endsWith('List') || !/^[A-Z]/.test(shortName(name))) continue
    if (
      module === 'meta-v1' &&
      ![
        'ObjectMeta',
        'OwnerReference',
        'ManagedFieldsEntry',
        'LabelSelector',
        'LabelSelectorRequirement',
        'Condition',
        'ListMeta',
        'ShardInfo',
      ].includes(shortName(name))
    )
      continue
    bodies.push(`export interface ${shortName(name)} {\n${members(name, type).join('\n')}\n}`)
  }
  const head = '// Written by scripts/generate-kinds.ts from the table of types. Do not edit.\n'
  const importLines = [...imports]
    .sort()
    .map((m) => `import type * as ${m.replace('-', '')} from './${m}.ts'\n`)
    .join('')
  return `${head}${importLines}\n${bodies.join('\n\n')}\n`
}

const verify = process.argv.includes('--verify')
let stale = false
mkdirSync(out, { recursive: true })
for (const module of Object.values(modules)) {
  const path = join(out, `${module}.ts`)
  const text = render(module)
  if (!verify) writeFileSync(path, text)
  else if (readFileSync(path, 'utf8') !== text) {
    stale = true
    console.error(`${path} is not what the table of types gives; run npm run update:kinds`)
  }
}
process.exitCode = stale ? 1 : 0
