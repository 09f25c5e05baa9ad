// Makes X.509 certificates with P-256 keys (RFC 5280). Our own 60 lines instead of a library because this runs in the path
// of the first start, where importing one costs more than everything else that the start does.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import * as der from './der.ts'

export interface CertificateRequest {
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly usage: 'authority' | 'server' | 'client'
  /** Host names and addresses; of servers. */
  readonly hosts?: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export interface Issuer {
  readonly commonName: string
  readonly key: KeyObject
}

/** Signed by the issuer, or by its own key when there is none. */
export function issueCertificate(request: CertificateRequest, issuer?: Issuer): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const issuerKey = issuer?.key ?? privateKey
  const subject = nameOf(request.commonName, request.organizations)
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    // The first bit is not set, so that the number is positive, and not zero.
    der.integer(Buffer.concat([Buffer.from([0x40 | ((randomBytes(1)[0] ?? 0) % 0x40)]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    issuer === undefined ? subject : nameOf(issuer.commonName),
    der.sequence(der.time(request.notBeforeMs), der.time(request.notAfterMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(...extensionsOf(request, publicKey, createPublicKey(issuerKey)))),
  )
  const signature = sign('sha256', toBeSigned, { key: issuerKey, dsaEncoding: 'der' })
  return {
    certificate: pem('CERTIFICATE', der.sequence(toBeSigned, ECDSA_WITH_SHA256, der.bits(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const ECDSA_WITH_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const COMMON_NAME = der.oid('2.5.4.3')
const ORGANIZATION = der.oid('2.5.4.10')

const nameOf = (commonName: string, organizations: readonly string[] = []): Uint8Array =>
  der.sequence(
    ...organizations.map((organization) => der.set(der.sequence(ORGANIZATION, der.utf8(organization)))),
    der.set(der.sequence(COMMON_NAME, der.utf8(commonName))),
  )

function extensionsOf({ usage, hosts = [] }: CertificateRequest, own: KeyObject, issuers: KeyObject): Uint8Array[] {
  const isAuthority = usage === 'authority'
  return [
    critical('2.5.29.19', der.sequence(...(isAuthority ? [der.boolean(true)] : []))),
    // Bits from the left: digital signature 0, key encipherment 2, certificate signing 5.
    critical('2.5.29.15', isAuthority ? der.bits(Buffer.from([0b1010_0100]), 2) : der.bits(Buffer.from([0b1000_0000]), 7)),
    ...(isAuthority ? [] : [extension('2.5.29.37', der.sequence(der.oid(`1.3.6.1.5.5.7.3.${usage === 'server' ? 1 : 2}`)))]),
    extension('2.5.29.14', der.octets(fingerprint(own))),
    extension('2.5.29.35', der.sequence(der.implicit(0, fingerprint(issuers)))),
    ...(hosts.length === 0 ? [] : [extension('2.5.29.17', der.sequence(...hosts.map(alternativeName)))]),
  ]
}

const extension = (id: string, value: Uint8Array): Uint8Array => der.sequence(der.oid(id), der.octets(value))
const critical = (id: string, value: Uint8Array): Uint8Array => der.sequence(der.oid(id), der.boolean(true), der.octets(value))
const alternativeName = (host: string): Uint8Array =>
  isIP(host) === 0 ? der.implicit(2, Buffer.from(host)) : der.implicit(7, addressBytes(host))

const fingerprint = (key: KeyObject): Uint8Array =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)

/** 127.0.0.1 → 7f 00 00 01 · ::1 → fifteen zeros and 01 */
function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [left = '', right] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [head, tail] = [groups(left), groups(right ?? '')]
  const all = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

const pem = (label: string, bytes: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
