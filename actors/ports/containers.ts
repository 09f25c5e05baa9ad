// What a node asks of whatever runs its containers: processes of the host, a simulation, later a CRI runtime.
// Answers come by callback, later, never within the call. Contract suite: test/contracts/containers.contract.ts.

/** One line of an image table: what the process runtime starts for a name. */
export interface Image {
  readonly name: string
  /** The entry point; a pod's `command` takes its place. */
  readonly command: readonly string[]
  /** Default arguments; a pod's `args` or `command` take their place. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly workingDir?: string
  /** Where relative parts of `command` and `workingDir` start. */
  readonly directory?: string
}

/** Undefined when no table has the name; names may be short (`nginx` for `docker.io/library/nginx:latest`). */
export type ResolveImage = (name: string) => Image | undefined

/** Which container of which pod, and the how manieth start of it: the attempt is the restart count. */
export interface ContainerKey {
  readonly podUid: string
  readonly name: string
  readonly attempt: number
}

export interface ContainerSpec extends ContainerKey {
  readonly namespace: string
  readonly podName: string
  readonly podIp: string
  readonly image: string
  /** Empty: the image's own. */
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingDir?: string
  readonly mounts: readonly Mount[]
  /** Kept by the runtime and told again when it lists; nothing secret. */
  readonly terminationMessagePath?: string
}

export interface Mount {
  readonly volume: string
  readonly mountPath: string
  readonly subPath?: string
}

export interface ExitFact {
  /** 128 + signal for a process that died of one; 137 also where nobody could say. */
  readonly exitCode: number
  readonly finishedAtMs: number
  /** What the container left at its terminationMessagePath. */
  readonly message?: string
}

export interface FoundContainer extends ContainerKey {
  readonly id: string
  readonly namespace: string
  readonly podName: string
  readonly podIp: string
  readonly image: string
  readonly imageId: string
  /** Absent: created, never started. */
  readonly startedAtMs?: number
  /** Absent: it runs, or was never started. */
  readonly exit?: ExitFact
}

/** Words in which Kubernetes reports a failure (`ErrImagePull`, `RunContainerError`), and a sentence. */
export interface RuntimeFailure {
  readonly ok: false
  readonly reason: string
  readonly message: string
}

export type PullAnswer = { readonly ok: true; readonly imageId: string } | RuntimeFailure
export type CreateAnswer = { readonly ok: true; readonly id: string } | RuntimeFailure
export type Done = { readonly ok: true } | RuntimeFailure

export interface ExecAnswer {
  /** Absent when it could not be run or did not end in time. */
  readonly exitCode?: number
  /** Both outputs, the first 10 KiB. */
  readonly output: string
}

export interface ContainerObserver {
  started(fact: { readonly startedAtMs: number }): void
  /** Once, after `started` or in its place when the start failed. */
  exited(fact: ExitFact): void
  /** Something the user should know, for a Warning event: the program listens on 0.0.0.0. */
  warned(fact: { readonly reason: string; readonly message: string }): void
}

export interface ContainerRuntime {
  /** As in `containerID` and `containerRuntimeVersion`: `kinora-process`. */
  readonly name: string
  readonly version: string
  /** Everything of this node that lives or has left a record; the order is by pod, container, attempt. */
  list(found: (containers: readonly FoundContainer[]) => void): void
  pull(image: string, answered: (answer: PullAnswer) => void): void
  /** Writes down what is going to run, so that a successor finds it; nothing runs yet. */
  create(spec: ContainerSpec, answered: (answer: CreateAnswer) => void): void
  start(id: string, observer: ContainerObserver): void
  /** As `start` for a container that already runs or has already ended: tells what happened and what will happen. */
  adopt(id: string, observer: ContainerObserver): void
  /** To every process of the container. Nothing happens when it has ended. */
  signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): void
  /** Runs beside the container with its environment. Ended by force after the timeout. */
  exec(id: string, command: readonly string[], timeoutMs: number, answered: (answer: ExecAnswer) => void): void
  /** Deletes record and log of a container that has ended. */
  remove(id: string): void

  /** Makes or replaces, at once for all readers, what a volume of files holds (configMap, secret, downwardAPI, projected). */
  writeVolume(podUid: string, volume: string, files: readonly VolumeFile[], answered: (answer: Done) => void): void
  /** Makes an empty directory, or takes one of the host. */
  makeVolume(podUid: string, volume: string, source: DirectorySource, answered: (answer: Done) => void): void
  /** Deletes everything kept for a pod whose containers have all ended: volumes, records, logs. */
  removePod(podUid: string): void
}

export interface VolumeFile {
  /** Relative, no `..`. */
  readonly path: string
  readonly content: string | Uint8Array
  readonly mode: number
}

export type DirectorySource =
  | { readonly kind: 'emptyDir' }
  | { readonly kind: 'hostPath'; readonly path: string; readonly type: string }

export type ProbeAction =
  | { readonly kind: 'exec'; readonly containerId: string; readonly command: readonly string[] }
  | {
      readonly kind: 'http'
      readonly scheme: 'HTTP' | 'HTTPS'
      readonly host: string
      readonly port: number
      readonly path: string
      readonly headers: readonly { readonly name: string; readonly value: string }[]
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

export interface ProbeAnswer {
  readonly result: 'success' | 'failure'
  /** What came back, or why nothing did, in Kubernetes' words: `HTTP probe failed with statuscode: 500`. */
  readonly message: string
}

/** Asks a container, once, how it is; also carries out its hooks, which are the same actions. */
export type Prober = (action: ProbeAction, timeoutMs: number, answered: (answer: ProbeAnswer) => void) => void
