// Who somebody is by the certificate shown in the TLS handshake: common name and organizations are user and groups.
import type { TLSSocket } from 'node:tls'
import type { User } from '../../actors/master/api/api.protocol.ts'

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

const NODE_PREFIX = 'system:node:'

/** Nobody (401) when a certificate was shown that this cluster's authority did not sign, or that is no longer valid. */
export function userOfPeer(socket: Pick<TLSSocket, 'authorized' | 'getPeerCertificate'>): User | undefined {
  // An empty object when none was shown.
  const subject: Partial<Record<'CN' | 'O', string | string[]>> | undefined = socket.getPeerCertificate().subject
  if (subject === undefined) return ANONYMOUS
  const name = Array.isArray(subject.CN) ? subject.CN.at(-1) : subject.CN
  if (!socket.authorized || !name) return undefined
  const organizations = subject.O === undefined ? [] : Array.isArray(subject.O) ? subject.O : [subject.O]
  return { name, groups: [...organizations, 'system:authenticated'] }
}

/** The node that a user is, by name and group; nothing for everybody else. */
export const nodeNameOf = (user: User): string | undefined =>
  user.groups.includes('system:nodes') && user.name.startsWith(NODE_PREFIX) ? user.name.slice(NODE_PREFIX.length) : undefined

export const isAdministrator = (user: User): boolean => user.groups.includes('system:masters')
