// Makes what the package ships: one bundle for the command, one for the thread of the store. All that is needed at run time
// is inside, so that whoever installs the package installs nothing else.
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })

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
  // Libraries in CommonJS ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
  // Native accelerators that their libraries do without.
  external: ['bufferutil', 'utf-8-validate', 'msgpackr-extract'],
  logLevel: 'warning',
})
chmodSync(join(dist, 'kinora.mjs'), 0o755)
