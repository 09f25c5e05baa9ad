// The API on its port: the front (front.ts) behind the listening side (server.ts), upgrades included.
import { createFront, type FrontOptions } from './front.ts'
import { type HttpServer, listen, type TlsOptions } from './server.ts'
import { createUpgrades, type UpgradeHandler } from './upgrades.ts'

export interface ApiFrontOptions extends Omit<FrontOptions, 'serverAddress'> {
  readonly tls: TlsOptions
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** By path: `/kinora/v1/link`. */
  readonly upgrades: Readonly<Record<string, UpgradeHandler>>
}

/** Answers with the error of `listen` as Node gives it: EADDRINUSE, EACCES, … */
export function createApiFront(
  options: ApiFrontOptions,
  listening: (outcome: { server: HttpServer } | { error: NodeJS.ErrnoException }) => void,
): void {
  const { tls, host, upgrades } = options
  let port = options.port
  const handle = createFront({ ...options, serverAddress: () => `${host}:${port}` })
  listen({ tls, host, port, handle, upgrade: createUpgrades(handle, options, upgrades) }, (outcome) => {
    if ('server' in outcome) port = outcome.server.port
    listening(outcome)
  })
}
