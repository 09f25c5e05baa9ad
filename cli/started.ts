// What this program starts of itself: the supervisor that `up --detach` leaves behind, the Master, nodes. Each gets its
// options as one JSON and goes past the parser of commands, which takes as long as everything else that a node loads of ours.
import { log } from './agent-process.ts'
import { describeFailure, EXIT } from './failure.ts'

/** Words of a command line that ends in a JSON; undefined when they are none of these. */
export function processOf(words: readonly string[]): (() => Promise<void>) | undefined {
  const json = words.at(-1) ?? ''
  switch (words.slice(0, -1).join(' ')) {
    case 'supervise':
      return async () => (await import('./up-command.ts')).superviseCommand(json)
    case 'master':
      return logged(async () => (await import('./master.ts')).startMaster(JSON.parse(json)))
    case 'node run':
      return logged(async () => (await import('./node-agent.ts')).runNode(JSON.parse(json)))
    default:
      return undefined
  }
}

const logged = (run: () => Promise<void>) => async () => {
  try {
    await run()
  } catch (error) {
    const { id, message } = describeFailure(error)
    log(`error ${id}: ${message}`)
    process.exit(EXIT.failure)
  }
}
