// A node process that shares a listener with others, for network.test.ts: `network-node.ts CLAIMS LISTENER`. Its only backend
// is a server of its own that tells the pid, so that a client learns which process took the connection.
import { createServer } from 'node:net'
import type { Listener } from '../../actors/ports/network.ts'
import { openClaims } from '../../runtime/network/claims.ts'
import { createSocketNetwork } from '../../runtime/network/sockets.ts'

const [directory = '', listener = ''] = process.argv.slice(2)
const backend = createServer((socket) => socket.end(String(process.pid)))
backend.listen(0, '127.0.0.1', () => {
  const { port } = backend.address() as { port: number }
  const backends = [{ address: '127.0.0.1', port }]
  const network = createSocketNetwork({ claims: openClaims('one', directory) })
  network.program({ set: [{ ...(JSON.parse(listener) as Listener), backends }], removed: [] }, (failures) =>
    process.send?.(failures),
  )
})
process.on('disconnect', () => process.exit(0))
