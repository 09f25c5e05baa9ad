// How long a node waits for what. Charts name these; production, tests and simulation differ in the numbers alone.

export interface NodeTimings {
  /** CrashLoopBackOff: doubles from the first to the second, forgotten after a run of the third. */
  readonly crashBackOffMs: number
  readonly crashBackOffMaxMs: number
  readonly crashBackOffResetMs: number
  readonly pullBackOffMs: number
  readonly pullBackOffMaxMs: number
  /** How long ErrImagePull is shown before it becomes ImagePullBackOff. */
  readonly pullFailureShownMs: number
  /** A ConfigMap, Secret or volume that is not there is looked for again. */
  readonly configRetryMs: number
  /**
   * Before a program's first success its readiness and startup are asked for again this soon, uncounted: a program needs
   * some milliseconds to listen, and a period is at least a second.
   */
  readonly eagerProbesMs: readonly number[]
  /** How long a pod waits for the proxies to stop sending it connections, before it is told to end. */
  readonly withdrawalMs: number
  /** A pod that takes longer to prepare is shown as ContainerCreating; a quicker one saves the write. */
  readonly creatingShownMs: number
  /** A status that the API did not take is sent again. */
  readonly statusRetryMs: number
  /** What ConfigMaps and Secrets hold is read again for the volumes made from them. */
  readonly volumeRefreshMs: number
  readonly leaseMs: number
  readonly leaseDurationSeconds: number
  readonly nodeStatusMs: number
  /** Registration and watches that failed are tried again. */
  readonly retryMs: number
  /** A node that stops grants its containers this long. */
  readonly drainMs: number
  readonly drainPollMs: number
}

export const NODE_TIMINGS: NodeTimings = {
  crashBackOffMs: 10_000,
  crashBackOffMaxMs: 300_000,
  crashBackOffResetMs: 600_000,
  pullBackOffMs: 10_000,
  pullBackOffMaxMs: 300_000,
  pullFailureShownMs: 1_000,
  configRetryMs: 2_000,
  eagerProbesMs: [25, 25, 50, 50, 50, 50, 50, 100, 100, 100, 200, 200],
  withdrawalMs: 2_000,
  creatingShownMs: 100,
  statusRetryMs: 500,
  volumeRefreshMs: 60_000,
  leaseMs: 2_000,
  leaseDurationSeconds: 6,
  nodeStatusMs: 300_000,
  retryMs: 500,
  drainMs: 5_000,
  drainPollMs: 50,
}
