// Says which pod of which version answers: `node hello.mjs VERSION`.
import { pod, send, serve } from './server.mjs'

const version = process.argv[2] ?? 'v1'

serve(Number(process.env.PORT ?? 8080), (request, response) => {
  if (request.url === '/healthz') send(response, 200, 'text/plain', 'ok\n')
  else send(response, 200, 'text/plain', `Hello from ${pod}, version ${version}\n`)
})
