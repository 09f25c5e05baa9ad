// The application of the tutorial "Kubernetes Basics", with its words and its port: `node bootcamp.mjs VERSION`.
import { hostname } from 'node:os'
import { send, serve } from './server.mjs'

const version = process.argv[2] ?? '1'
const running = process.env.HOSTNAME ?? hostname()
const startedAt = Date.now()
let requests = 0

serve(
  8080,
  (_request, response) => {
    send(response, 200, 'text/plain', `Hello Kubernetes bootcamp! | Running on: ${running} | v=${version}\n`)
    requests += 1
    const upSeconds = (Date.now() - startedAt) / 1000
    console.log(
      `Running On: ${running} | Total Requests: ${requests} | App Uptime: ${upSeconds} seconds | Log Time: ${new Date().toISOString()}`,
    )
  },
  () => console.log(`Kubernetes Bootcamp App Started At: ${new Date(startedAt).toISOString()} | Running On:  ${running}\n`),
)
