// The front end of the guestbook: one page that shows which pod answers, lists the entries and takes new ones. It finds the
// store by the variables that Kubernetes sets for the Service `guestbook-store`.
import { request as ask } from 'node:http'
import { page } from './guestbook-page.mjs'
import { pod, readBody, send, serve } from './server.mjs'

const FORM_MAX_BYTES = 4_000
const STORE_TIMEOUT_MS = 2_000
const ENTRY_MAX_LENGTH = 280

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}

const store = {
  host: process.env.GUESTBOOK_STORE_SERVICE_HOST ?? '127.0.0.1',
  port: Number(process.env.GUESTBOOK_STORE_SERVICE_PORT ?? 8081),
}

serve(Number(process.env.PORT ?? 8080), (request, response) => {
  const path = request.url?.split('?')[0]
  if (path === '/healthz') return send(response, 200, 'text/plain', 'ok\n')
  if (path !== '/') return send(response, 404, 'text/plain', 'there is only /\n')
  if (request.method === 'GET' || request.method === 'HEAD') return show(response)
  if (request.method === 'POST') return add(request, response)
  send(response, 405, 'text/plain', 'GET or POST\n')
})

/** Without its store the page still says who answers. */
function show(response) {
  call('GET', undefined, (failure, body) => {
    const entries = failure ? [] : JSON.parse(body)
    send(response, 200, 'text/html; charset=utf-8', page({ pod, entries, failure }), HEADERS)
  })
}

function add(request, response) {
  readBody(request, response, FORM_MAX_BYTES, (form) => {
    const text = (new URLSearchParams(form).get('text') ?? '').trim().slice(0, ENTRY_MAX_LENGTH)
    const back = () => send(response, 303, 'text/plain', '', { Location: '/' })
    if (text === '') return back()
    call('POST', JSON.stringify({ text }), (failure) => {
      if (failure) send(response, 503, 'text/plain', `the store does not answer: ${failure}\n`)
      else back()
    })
  })
}

function call(method, body, answered) {
  let open = true
  const done = (failure, answer) => {
    if (open) answered(failure, answer)
    open = false
  }
  const headers = { Connection: 'close', ...(body ? { 'Content-Length': Buffer.byteLength(body) } : {}) }
  const call = ask({ ...store, method, path: '/', headers, timeout: STORE_TIMEOUT_MS }, (response) => {
    const chunks = []
    response.on('data', (chunk) => chunks.push(chunk))
    response.on('error', (error) => done(error.message))
    response.on('end', () =>
      response.statusCode < 300 ? done(undefined, Buffer.concat(chunks).toString()) : done(`HTTP ${response.statusCode}`),
    )
  })
  call.on('timeout', () => call.destroy(new Error('no answer in time')))
  call.on('error', (error) => done(error.message))
  call.end(body)
}
