// Answers with the request as it arrived, to see what a client, a proxy or a probe really sends.
import { pod, readBody, send, serve } from './server.mjs'

const BODY_MAX_BYTES = 1024 * 1024

serve(Number(process.env.PORT ?? 8080), (request, response) => {
  readBody(request, response, BODY_MAX_BYTES, (body) => {
    const { method, url, headers } = request
    const client = request.socket.remoteAddress
    send(response, 200, 'application/json', `${JSON.stringify({ pod, client, method, url, headers, body }, undefined, 2)}\n`)
  })
})
