// What the guestbook remembers: a list of entries, appended to a file in the pod's volume, so that it survives a restart of
// the container. GET / lists, POST / appends.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { readBody, send, serve } from './server.mjs'

const ENTRY_MAX_BYTES = 2_000
/** The oldest are forgotten. */
const ENTRIES_MAX = 200

const directory = `${process.env.KINORA_ROOT ?? ''}/data`
const file = `${directory}/entries.jsonl`
let entries = remembered()

serve(Number(process.env.PORT ?? 8080), (request, response) => {
  if (request.method === 'GET') return send(response, 200, 'application/json', JSON.stringify(entries))
  if (request.method !== 'POST') return send(response, 405, 'text/plain', 'GET or POST\n')
  readBody(request, response, ENTRY_MAX_BYTES, (body) => {
    const text = entryOf(body)
    if (text === undefined) return send(response, 400, 'text/plain', 'an entry is JSON: {"text": "…"}\n')
    const entry = { text, at: new Date().toISOString() }
    appendFileSync(file, `${JSON.stringify(entry)}\n`)
    entries = [...entries, entry].slice(-ENTRIES_MAX)
    send(response, 201, 'application/json', JSON.stringify(entry))
  })
})

function entryOf(body) {
  try {
    const { text } = JSON.parse(body)
    return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined
  } catch {
    return undefined
  }
}

/** A line that a crash has cut off is left out. */
function remembered() {
  mkdirSync(directory, { recursive: true })
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return lines.flatMap((line) => entryIn(line) ?? []).slice(-ENTRIES_MAX)
}

function entryIn(line) {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
