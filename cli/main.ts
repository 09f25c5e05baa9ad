#!/usr/bin/env node
// The kinora command. Looks at the Node it runs on before anything else is loaded, so that an old one gets a kind word
// instead of a stack trace.
import module from 'node:module'

const NEEDED = 24
const major = Number(process.versions.node.split('.')[0])
if (major < NEEDED) {
  process.stderr.write(
    `kinora needs Node ${NEEDED} or newer; this is ${process.version}.\nnext: install it from https://nodejs.org, or run: npx -p node@${NEEDED} -p kinora kinora up\n`,
  )
  process.exit(1)
}
if (process.platform !== 'linux') {
  process.stderr.write(
    `kinora runs on Linux, WSL included; this is ${process.platform}. It follows processes through /proc, which is not here.\n`,
  )
  process.exit(1)
}
module.enableCompileCache?.()
const words = process.argv.slice(2)
const started = words.at(-1)?.startsWith('{') ? (await import('./started.ts')).processOf(words) : undefined
if (started) await started()
else await (await import('./commands.ts')).run(process.argv)
