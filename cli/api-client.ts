// A small HTTPS client for the commands themselves, with the administrator's certificate. Kept apart from kubectl, which a
// user may not have.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HttpsAgent, httpsRequest } from '../runtime/http/node-http.ts'
import type { ClusterPaths } from './paths.ts'

interface Reply {
  readonly code: number
  readonly body: unknown
}

export interface ApiAccess {
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<Reply>
  close(): void
}

const TIMEOUT_MS = 10_000

/** Throws when this cluster has no certificates yet. */
export function adminAccess(paths: ClusterPaths, port: number): ApiAccess {
  const file = (name: string) => readFileSync(join(paths.pki, name))
  const agent = new HttpsAgent({ keepAlive: true, ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') })
  return {
    call: (method, path, body, contentType = 'application/json') =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body)
        const headers: Record<string, string | number> = { accept: 'application/json', 'user-agent': 'kinora' }
        if (text !== undefined) {
          headers['content-type'] = contentType
          headers['content-length'] = Buffer.byteLength(text)
        }
        const sent = httpsRequest({ host: '127.0.0.1', port, method, path, headers, agent, timeout: TIMEOUT_MS }, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const answer = Buffer.concat(chunks).toString()
            try {
              resolve({ code: response.statusCode ?? 0, body: answer === '' ? undefined : JSON.parse(answer) })
            } catch {
              resolve({ code: response.statusCode ?? 0, body: answer })
            }
          })
        })
        sent.on('timeout', () => sent.destroy(new Error(`the API did not answer within ${TIMEOUT_MS / 1000} s`)))
        sent.on('error', reject)
        sent.end(text)
      }),
    close: () => agent.destroy(),
  }
}
