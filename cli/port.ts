// Which port the API takes: the one asked for, the one it had, or the first free one after the default.
import { createServer } from 'node:net'
import { EXIT, Failure } from './failure.ts'

const DEFAULT_PORT = 6443
const TRIED_AFTER_DEFAULT = 200

export interface ChosenPort {
  readonly port: number
  /** The default that was taken by somebody else. */
  readonly insteadOf?: number
}

/** `asked` undefined: nobody asked; 0: any free one. */
export async function choosePort(asked: number | undefined, before: number | undefined): Promise<ChosenPort> {
  if (asked === 0) return { port: await take(0) }
  if (asked !== undefined) {
    if (await isFree(asked)) return { port: asked }
    throw new Failure('port-taken', `port ${asked} is taken by another program`, 'kinora up --port 0', EXIT.failure)
  }
  if (before !== undefined && (await isFree(before))) return { port: before }
  for (let port = DEFAULT_PORT; port <= DEFAULT_PORT + TRIED_AFTER_DEFAULT; port++) {
    if (await isFree(port)) return port === DEFAULT_PORT ? { port } : { port, insteadOf: before ?? DEFAULT_PORT }
  }
  return { port: await take(0), insteadOf: DEFAULT_PORT }
}

const isFree = (port: number): Promise<boolean> =>
  take(port).then(
    () => true,
    () => false,
  )

const take = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const taken = (server.address() as { port: number }).port
      server.close(() => resolve(taken))
    })
  })
