// The events that a node tells of its pods, on their way to the API: a little later and together, so that they do not stand
// before what is waited for, a pod's status; and later still while the node is cut off.
import type { ApiRequest } from '../ports/api.ts'
import type { Clock } from '../ports/host.ts'
import type { MasterLink } from '../ports/link.ts'

const TOGETHER_MS = 50
const RETRY_MS = 1000
/** Of a node that is cut off for long, the oldest are forgotten first. */
const MOST = 1000

export function createNotes(link: MasterLink, clock: Clock, missing: (request: ApiRequest) => void) {
  let waiting: ApiRequest[] = []
  let isArmed = false

  const arm = (delayMs: number): void => {
    if (isArmed) return
    isArmed = true
    clock.setTimeout(flush, delayMs)
  }

  function flush(): void {
    isArmed = false
    if (waiting.length === 0) return
    if (!link.open) return arm(RETRY_MS)
    const notes = waiting
    waiting = []
    for (const note of notes) {
      link.client.request(note, (answer) => {
        if (answer.ok) return
        if (answer.status.code === 404) missing(note)
        else if (answer.status.code === 503) keep(note, RETRY_MS)
      })
    }
  }

  function keep(note: ApiRequest, delayMs: number): void {
    waiting.push(note)
    if (waiting.length > MOST) waiting.shift()
    arm(delayMs)
  }

  return (note: ApiRequest): void => keep(note, TOGETHER_MS)
}
