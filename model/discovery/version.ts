// The answer of /version. Clients demand integers, and refuse to work with servers too far from their own version.

/** The release of Kubernetes whose API this is. */
export const KUBERNETES = { major: '1', minor: '36' } as const

export interface VersionInfo {
  readonly major: string
  readonly minor: string
  readonly gitVersion: string
  readonly gitCommit: string
  readonly gitTreeState: string
  readonly buildDate: string
  readonly goVersion: string
  readonly compiler: string
  /** `linux/amd64` */
  readonly platform: string
}

/** `build` is our own version; it follows a plus sign, which clients ignore when they compare. */
export const versionInfo = (build: string, platform: string): VersionInfo => ({
  ...KUBERNETES,
  gitVersion: `v${KUBERNETES.major}.${KUBERNETES.minor}.0+kinora-${build}`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform,
})
