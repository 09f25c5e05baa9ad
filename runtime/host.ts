// The surroundings of a production process: real time, chance seeded by the machine, ids from its secure source.
import { randomInt, randomUUID } from 'node:crypto'
import { customAlphabet } from 'nanoid'
import type { Host, Ids } from '../actors/ports/host.ts'
import { systemClock } from './clock.ts'
import { NAME_ALPHABET, seededRandom } from './random.ts'

const suffix = customAlphabet(NAME_ALPHABET)
const secureIds: Ids = { uid: () => randomUUID(), suffix: (length) => suffix(length) }

export const systemHost = (): Host => ({
  clock: systemClock,
  random: seededRandom(randomInt(2 ** 32)),
  ids: secureIds,
  defer: (callback) => {
    setImmediate(callback)
  },
})
