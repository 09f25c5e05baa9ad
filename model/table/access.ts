// Rows of role bindings and certificate signing requests. Roles have no columns of their own.
import { humanDuration } from '../time.ts'
import { AGE, age, column, isAbsent, NAME, type Named, NONE, nameOf, printer, wide } from './columns.ts'

interface RoleBinding extends Named {
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly kind: string; readonly namespace?: string; readonly name: string }[]
}

export const roleBindings = printer<RoleBinding>(
  [
    NAME,
    column('Role', 'The rights that are given.'),
    AGE,
    wide('Users', 'Users who get them.'),
    wide('Groups', 'Groups that get them.'),
    wide('ServiceAccounts', 'Service accounts that get them.'),
  ],
  (binding, nowMs) => {
    const named = (kind: string, text: (subject: { namespace?: string; name: string }) => string) =>
      (binding.subjects ?? [])
        .filter((subject) => subject.kind === kind)
        .map(text)
        .join(', ')
    return [
      nameOf(binding),
      `${binding.roleRef?.kind ?? ''}/${binding.roleRef?.name ?? ''}`,
      age(binding, nowMs),
      named('User', ({ name }) => name),
      named('Group', ({ name }) => name),
      named('ServiceAccount', ({ namespace, name }) => `${namespace ?? ''}/${name}`),
    ]
  },
)

interface CertificateSigningRequest extends Named {
  readonly spec?: { readonly signerName?: string; readonly username?: string; readonly expirationSeconds?: number }
  readonly status?: { readonly certificate?: string; readonly conditions?: readonly { readonly type: string }[] }
}

export const certificateSigningRequests = printer<CertificateSigningRequest>(
  [
    NAME,
    AGE,
    column('SignerName', 'Who is asked to sign.'),
    column('Requestor', 'Who asks.'),
    column('RequestedDuration', 'For how long it shall be good.'),
    column('Condition', 'What was decided.'),
  ],
  (request, nowMs) => [
    nameOf(request),
    age(request, nowMs),
    request.spec?.signerName ?? NONE,
    request.spec?.username ?? '',
    isAbsent(request.spec?.expirationSeconds) ? NONE : humanDuration(request.spec.expirationSeconds * 1000),
    decisionText(request),
  ],
)

function decisionText({ status }: CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type))
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'
  return [decision, ...(types.has('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])].join(',')
}
