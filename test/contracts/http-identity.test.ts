// The certificates are taken by those who must take them: Node's TLS on both sides, and openssl where it is installed.
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPki } from '../../runtime/identity/pki.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kinora-pki-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const DAY_MS = 24 * 3_600_000

test('files are private, and used again as they are', () => {
  const first = openPki({ directory: join(directory, 'pki'), hosts: ['10.96.0.1'] })
  const node = first.node('node-1')
  const files = readdirSync(join(directory, 'pki'))
  expect(files).toEqual(['admin', 'apiserver', 'ca', 'node-node-1'].flatMap((name) => [`${name}.crt`, `${name}.key`]))
  for (const file of files) expect(statSync(join(directory, 'pki', file)).mode & 0o777).toBe(0o600)
  const second = openPki({ directory: join(directory, 'pki'), hosts: ['10.96.0.1'] })
  expect(second).toMatchObject({ authority: first.authority, server: first.server, admin: first.admin })
  expect(second.node('node-1')).toEqual(node)
})

test('a leaf is renewed when it expires or lacks a name, the authority stays', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const first = openPki({ directory, nowMs })
  const named = openPki({ directory, nowMs, hosts: ['fd00::a:1'] })
  expect([named.authority, named.admin]).toEqual([first.authority, first.admin])
  expect(new X509Certificate(named.server.certificate).checkIP('fd00::a:1')).toBe('fd00::a:1')
  const later = openPki({ directory, nowMs: nowMs + 330 * DAY_MS })
  expect(later.authority).toBe(first.authority)
  expect(new X509Certificate(later.admin.certificate).validTo).toBe('Nov 27 00:00:00 2027 GMT')
})

test('an authority without its own key is an error, not a new authority', () => {
  openPki({ directory })
  writeFileSync(join(directory, 'ca.key'), openPki({ directory: join(directory, 'other') }).admin.key)
  expect(() => openPki({ directory })).toThrow(/ca\.key is not the key of .*ca\.crt/)
})

test('mutual TLS tells each side who the other is', async () => {
  const pki = openPki({ directory })
  const node = pki.node('node-1')
  const server = createServer({ ca: pki.authority, key: pki.server.key, cert: pki.server.certificate, requestCert: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const seen = new Promise<TLSSocket>((resolve) => server.on('secureConnection', resolve))
  const { port } = server.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1', ca: pki.authority, key: node.key, cert: node.certificate })
  await new Promise((resolve, reject) => client.on('secureConnect', resolve).on('error', reject))
  const socket = await seen
  expect(socket.authorized).toBe(true)
  expect(socket.getPeerCertificate().subject).toMatchObject({ CN: 'system:node:node-1', O: 'system:nodes' })
  client.destroy()
  socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

test('openssl agrees', () => {
  try {
    execFileSync('openssl', ['version'])
  } catch {
    return console.log('skipped: openssl is not installed')
  }
  openPki({ directory, hosts: ['10.96.0.1'] }).node('node-1')
  const verify = (file: string, purpose: string) =>
    execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', `${directory}/ca.crt`, `${directory}/${file}`],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
  expect(verify('apiserver.crt', 'sslserver')).toMatch(/OK/)
  expect(verify('admin.crt', 'sslclient')).toMatch(/OK/)
  expect(verify('node-node-1.crt', 'sslclient')).toMatch(/OK/)
  expect(() => verify('admin.crt', 'sslserver')).toThrow()
})
