// Makes what the package ships: one bundle for the command, one for the thread of the store. All that is needed at run time
// is inside, so that whoever installs the package installs nothing else.
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })

/**
 * An `import` of one of Node's modules reads all its properties, and with them loads what only some programs need (streams of
 * files, the terminal, a second HTTP client): a tenth of a second at each start of a process. To ask for the module costs nothing.
 */
const builtinModules: Plugin = {
  name: 'builtin-modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

/** Parsed as JSON, a table is there several times sooner than as a literal of the language. */
const jsonTables: Plugin = {
  name: 'json-tables',
  setup({ onLoad }) {
    onLoad({ filter: /\.json$/ }, ({ path }) => {
      const text = JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))
      return { contents: `export default JSON.parse(${JSON.stringify(text)})`, loader: 'js' }
    })
  },
}

await build({
  absWorkingDir: root,
  entryPoints: { kinora: 'cli/main.ts', 'sqlite-worker': 'runtime/store/sqlite-worker.ts' },
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  // Beside the entry points: the store's thread and the package's files are found from wherever the code has ended up.
  chunkNames: '[name]-[hash]',
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  plugins: [builtinModules, jsonTables],
  // Libraries in CommonJS ask for Node's own modules by `require`.
  banner: {
    js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);",
  },
  // Native accelerators that their libraries do without.
  external: ['bufferutil', 'utf-8-validate'],
  logLevel: 'warning',
})
chmodSync(join(dist, 'kinora.mjs'), 0o755)
