// Starts the Master's process: the thread of its store first, which opens its file while the rest is loaded.
import { createSqliteStore } from '../runtime/store/sqlite.ts'
import type { MasterCommandOptions } from './master-agent.ts'

export async function startMaster(options: MasterCommandOptions): Promise<void> {
  const store = options.store === 'sqlite' ? createSqliteStore({ directory: options.dataDir }) : undefined
  const { runMaster } = await import('./master-agent.ts')
  await runMaster(options, store)
}
