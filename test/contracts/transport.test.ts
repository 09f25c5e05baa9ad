import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openPki, type Pki } from '../../runtime/identity/pki.ts'
import { memoryPipes } from '../../transports/memory.ts'
import type { Pipe } from '../../transports/transport.ts'
import { acceptWebSockets, dialWebSocket } from '../../transports/websocket.ts'
import { type PipeMaker, transportContract } from './transport.contract.ts'

transportContract('memory pipes', () => ({
  make: async () => memoryPipes({ timers: { setTimeout, clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout) } }),
  close: async () => {},
}))

const directory = mkdtempSync(join(tmpdir(), 'kinora-transport-'))
let pki: Pki
beforeAll(() => {
  pki = openPki({ directory })
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

transportContract('WebSocket pipes', (): PipeMaker => {
  let server: Server
  let ends: Pipe[] = []
  return {
    make: () =>
      new Promise<[Pipe, Pipe]>((resolve, reject) => {
        const node = pki.node('node-1')
        server = createServer({ key: pki.server.key, cert: pki.server.certificate, ca: pki.authority, requestCert: true })
        const accept = acceptWebSockets()
        const accepted = Promise.withResolvers<Pipe>()
        server.on('upgrade', (request, socket, head) => accept(request, socket, head, accepted.resolve))
        server.listen(0, '127.0.0.1', () => {
          const { port } = server.address() as { port: number }
          const credentials = { ca: pki.authority, cert: node.certificate, key: node.key }
          dialWebSocket({ url: `wss://127.0.0.1:${port}/`, ...credentials }, async (result) => {
            if ('failed' in result) return reject(new Error(result.failed))
            const pair: [Pipe, Pipe] = [result.pipe, await accepted.promise]
            ends = pair
            resolve(pair)
          })
        })
      }),
    close: () =>
      new Promise((resolve) => {
        for (const end of ends) end.close('the test is over')
        server.close(() => resolve())
      }),
  }
})
