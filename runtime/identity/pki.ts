// The cluster's authority and the certificates it has signed, as files in one private directory. What is there and good is
// used again, so that kubeconfigs stay valid when the cluster is brought up again on the same data.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { type CertificateRequest, type Issuer, issueCertificate, type KeyPair } from './certificate.ts'

const DAY_MS = 24 * 3_600_000
const AUTHORITY_MS = 10 * 365 * DAY_MS
const LEAF_MS = 365 * DAY_MS
/** A certificate with less than this left is made anew at the next start. */
const RENEWAL_MS = 60 * DAY_MS
/** Clocks of clients may be behind. */
const BACKDATED_MS = 5 * 60_000

const AUTHORITY_NAME = 'kubernetes'

export interface PkiOptions {
  /** Made when missing. */
  readonly directory: string
  /** Names and addresses under which the API is reached, beyond localhost and those of the `kubernetes` Service. */
  readonly hosts?: readonly string[]
  readonly nowMs?: number
}

export interface Pki {
  /** The authority's certificate, PEM. */
  readonly authority: string
  readonly server: KeyPair
  /** `kubernetes-admin` in `system:masters`. */
  readonly admin: KeyPair
  /** `system:node:NAME` in `system:nodes`. */
  node(name: string): KeyPair
}

const SERVER_HOSTS = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
]

/** Throws when the directory cannot be written, or holds an authority whose key is missing or another's. */
export function openPki({ directory, hosts = [], nowMs = Date.now() }: PkiOptions): Pki {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const validFor = (ms: number) => ({ notBeforeMs: nowMs - BACKDATED_MS, notAfterMs: nowMs + ms })
  const authority = openAuthority(directory, nowMs, validFor)
  const issuer: Issuer = { commonName: AUTHORITY_NAME, key: createPrivateKey(authority.key) }
  const authorityCertificate = new X509Certificate(authority.certificate)

  const leaf = (file: string, request: Omit<CertificateRequest, 'notBeforeMs' | 'notAfterMs'>): KeyPair => {
    const kept = read(directory, file)
    if (kept !== undefined && isGood(kept, request.hosts ?? [])) return kept
    const made = issueCertificate({ ...request, ...validFor(LEAF_MS) }, issuer)
    write(directory, file, made)
    return made
  }

  const isGood = ({ certificate, key }: KeyPair, wantedHosts: readonly string[]): boolean => {
    try {
      const parsed = new X509Certificate(certificate)
      return (
        parsed.verify(authorityCertificate.publicKey) &&
        parsed.checkPrivateKey(createPrivateKey(key)) &&
        endOf(parsed) - nowMs > RENEWAL_MS &&
        wantedHosts.every((host) => (isIP(host) === 0 ? parsed.checkHost(host) : parsed.checkIP(host)) !== undefined)
      )
    } catch {
      return false
    }
  }

  return {
    authority: authority.certificate,
    server: leaf('apiserver', {
      commonName: 'kube-apiserver',
      usage: 'server',
      hosts: [...new Set([...SERVER_HOSTS, ...hosts])],
    }),
    admin: leaf('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'], usage: 'client' }),
    node: (name) => leaf(`node-${name}`, { commonName: `system:node:${name}`, organizations: ['system:nodes'], usage: 'client' }),
  }
}

function openAuthority(
  directory: string,
  nowMs: number,
  validFor: (ms: number) => { notBeforeMs: number; notAfterMs: number },
): KeyPair {
  const kept = read(directory, 'ca')
  if (kept !== undefined) {
    const certificate = new X509Certificate(kept.certificate)
    if (!certificate.checkPrivateKey(createPrivateKey(kept.key))) {
      throw new Error(`${join(directory, 'ca.key')} is not the key of ${join(directory, 'ca.crt')}`)
    }
    if (endOf(certificate) - nowMs > LEAF_MS) return kept
  }
  const made = issueCertificate({ commonName: AUTHORITY_NAME, usage: 'authority', ...validFor(AUTHORITY_MS) })
  write(directory, 'ca', made)
  return made
}

const endOf = (certificate: X509Certificate): number => Date.parse(certificate.validTo)

function read(directory: string, file: string): KeyPair | undefined {
  try {
    return {
      certificate: readFileSync(join(directory, `${file}.crt`), 'utf8'),
      key: readFileSync(join(directory, `${file}.key`), 'utf8'),
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

// The key first: a certificate that is there has its key beside it.
function write(directory: string, file: string, { certificate, key }: KeyPair): void {
  for (const [name, text] of [
    [`${file}.key`, key],
    [`${file}.crt`, certificate],
  ] as const) {
    const path = join(directory, name)
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
}
