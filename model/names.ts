// What Kubernetes accepts as a name, a label, a port, an address: each check answers the words of what is wrong, none if all is
// well (apimachinery's validation package).

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const QUALIFIED_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/
const dnsSubdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
const dns1035Label = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/
const wildcardSubdomain = /^\*\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
const qualifiedName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
/** With its prefix: what most keys are, decided at one go. */
const wholeQualifiedName =
  /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/)?(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const labelValue = /^(?:(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const configMapKey = /^[-._a-zA-Z0-9]+$/
const httpHeaderName = /^[-A-Za-z0-9]+$/
const percentage = /^[0-9]+%$/

export type Words = readonly string[]
const NONE: Words = []

const tooLong = (max: number): string => `must be no more than ${max} characters`
const mustBe = (what: string, examples: readonly string[], expression: string): string =>
  `${what} (e.g. ${examples.map((e) => `'${e}'`).join(',  or ')}, regex used for validation is '${expression}')`

const LABEL_WRONG = mustBe(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  ['my-name', '123-abc'],
  DNS_LABEL,
)
const SUBDOMAIN_WRONG = mustBe(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  ['example.com'],
  `${DNS_LABEL}(\\.${DNS_LABEL})*`,
)
const DNS_1035_WRONG = mustBe(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  ['my-name', 'abc-123'],
  '[a-z]([-a-z0-9]*[a-z0-9])?',
)
const WILDCARD_WRONG = mustBe(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  ['*.example.com'],
  `\\*\\.${DNS_LABEL}(\\.${DNS_LABEL})*`,
)
const QUALIFIED_WRONG = mustBe(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ['MyName', 'my.name', '123-abc'],
  QUALIFIED_NAME,
)
const LABEL_VALUE_WRONG = mustBe(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ['MyValue', 'my_value', '12345'],
  `(${QUALIFIED_NAME})?`,
)
const CONFIG_KEY_WRONG = mustBe(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ['key.name', 'KEY_NAME', 'key-name'],
  '[-._a-zA-Z0-9]+',
)
const HEADER_WRONG = mustBe(
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  ['X-Header-Name'],
  '[-A-Za-z0-9]+',
)
const PERCENT_WRONG = mustBe(
  "a valid percent string must be a numeric string followed by an ending '%'",
  ['1%', '93%'],
  '[0-9]+%',
)

/** One expression and one greatest length; the shape of most checks. */
function matching(expression: RegExp, wrong: string, max: number): (value: string) => Words {
  const onlyWrong: Words = [wrong]
  return (value) => {
    if (value.length <= max) return expression.test(value) ? NONE : onlyWrong
    return expression.test(value) ? [tooLong(max)] : [tooLong(max), wrong]
  }
}

export const isDns1123Label = matching(dnsLabel, LABEL_WRONG, 63)
export const isDns1123Subdomain = matching(dnsSubdomain, SUBDOMAIN_WRONG, 253)
export const isDns1035Label = matching(dns1035Label, DNS_1035_WRONG, 63)
export const isWildcardSubdomain = matching(wildcardSubdomain, WILDCARD_WRONG, 253)
export const isLabelValue = matching(labelValue, LABEL_VALUE_WRONG, 63)
export const isHttpHeaderName = matching(httpHeaderName, HEADER_WRONG, Number.POSITIVE_INFINITY)
export const isPercentage = matching(percentage, PERCENT_WRONG, Number.POSITIVE_INFINITY)

export function isConfigMapKey(value: string): Words {
  if (value.length <= 253 && configMapKey.test(value) && !value.startsWith('.')) return NONE
  const words = value.length > 253 ? [tooLong(253)] : []
  if (!configMapKey.test(value)) words.push(CONFIG_KEY_WRONG)
  if (value === '.') words.push("must not be '.'")
  else if (value === '..') words.push("must not be '..'")
  else if (value.startsWith('..')) words.push("must not start with '..'")
  return words
}

/** Any printable character but `=`, since Kubernetes 1.30. */
export function isEnvVarName(value: string): Words {
  const words = value === '' ? ['environment variable name must be non-empty'] : []
  if (!/^[ -<>-~]*$/.test(value)) {
    words.push("a valid environment variable name must consist only of printable ASCII characters other than '='")
  }
  return words
}

/** `name` or `prefix/name`: keys of labels and annotations, conditions, finalizers, resources. */
export function isQualifiedName(value: string): Words {
  if (value.length <= 63 && wholeQualifiedName.test(value)) return NONE
  const words: string[] = []
  const parts = value.split('/')
  const name = parts.at(-1) ?? ''
  const prefix = parts[0] ?? ''
  if (parts.length > 2) {
    return [
      `a qualified name ${mustBe("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", ['MyName', 'my.name', '123-abc'], QUALIFIED_NAME)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  if (parts.length === 2) {
    if (prefix === '') words.push('prefix part must be non-empty')
    else words.push(...isDns1123Subdomain(prefix).map((word) => `prefix part ${word}`))
  }
  if (name === '') words.push('name part must be non-empty')
  else if (name.length > 63) words.push(`name part ${tooLong(63)}`)
  if (!qualifiedName.test(name)) words.push(`name part ${QUALIFIED_WRONG}`)
  return words
}

/** A name that can be a segment of a path, the least that every object's name has to be. */
export function isPathSegmentName(value: string): Words {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter((sign) => value.includes(sign)).map((sign) => `may not contain '${sign}'`)
}

/** The name of a port: an IANA service name. */
export function isPortName(value: string): Words {
  const words: string[] = []
  if (value.length > 15) words.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(value)) words.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) words.push('must contain at least one letter (a-z)')
  if (value.includes('--')) words.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) words.push('must not begin or end with a hyphen')
  return words
}

export const isPortNumber = (port: number): Words =>
  port >= 1 && port <= 65_535 ? NONE : ['must be between 1 and 65535, inclusive']

/** A name with `.` is told apart, because that is the usual mistake. */
export const isLabelWithoutDots = (value: string): Words =>
  value.includes('.') ? ['must not contain dots'] : isDns1123Label(value)

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/
const ipv6Group = /^[0-9a-fA-F]{1,4}$/

export const isIPv4 = (value: string): boolean => ipv4.test(value)

/** Without a zone, as Go's ParseIP. */
export function isIPv6(value: string): boolean {
  if (!value.includes(':')) return false
  const halves = value.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const last = groups.at(-1)
  const embedded = last !== undefined && isIPv4(last) ? 1 : 0
  const hexadecimal = embedded ? groups.slice(0, -1) : groups
  if (!hexadecimal.every((group) => ipv6Group.test(group))) return false
  const count = groups.length + embedded
  return halves.length === 2 ? count < 8 : count === 8
}

const IP_WRONG: Words = ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
export const isIP = (value: string): Words => (isIPv4(value) || isIPv6(value) ? NONE : IP_WRONG)

const CIDR_WRONG: Words = ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']
export function isCidr(value: string): Words {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(value)
  const [, address = '', length = ''] = match ?? []
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
  return Number(length || '999') <= longest && (length === '0' || !length.startsWith('0')) ? NONE : CIDR_WRONG
}
