// A runtime that answers when the test says so, and remembers what it was asked.
import type {
  ContainerObserver,
  ContainerRuntime,
  CreateAnswer,
  Done,
  ProbeAction,
  ProbeAnswer,
  Prober,
  PullAnswer,
} from '../../actors/ports/containers.ts'

export class ScriptedRuntime implements ContainerRuntime {
  readonly name = 'scripted'
  readonly version = '1'
  readonly calls: string[] = []
  /** Answers at once (when the actor has worked off its event) unless a test takes one of these away. */
  pullAnswer: PullAnswer | undefined = { ok: true, imageId: 'image-1' }
  createAnswer: CreateAnswer | undefined = { ok: true, id: 'id-0' }
  readonly observers: ContainerObserver[] = []
  readonly probes: { action: ProbeAction; answer: (answer: ProbeAnswer['result'], message?: string) => void }[] = []
  private readonly defer: (callback: () => void) => void
  private readonly settle: () => void

  constructor(host: { readonly defer: (callback: () => void) => void; settle(): void }) {
    this.defer = host.defer
    this.settle = () => host.settle()
  }

  started(startedAtMs = 1000): void {
    this.observers.at(-1)?.started({ startedAtMs })
    this.settle()
  }

  exited(exitCode: number, finishedAtMs = 2000): void {
    this.observers.at(-1)?.exited({ exitCode, finishedAtMs })
    this.settle()
  }

  list: ContainerRuntime['list'] = (found) => this.defer(() => found([]))
  pull: ContainerRuntime['pull'] = (image, answered) => {
    this.calls.push(`pull ${image}`)
    const answer = this.pullAnswer
    if (answer) this.defer(() => answered(answer))
  }
  create: ContainerRuntime['create'] = (spec, answered) => {
    this.calls.push(`create ${spec.name}/${spec.attempt}`)
    const answer = this.createAnswer
    if (answer) this.defer(() => answered(answer.ok ? { ok: true, id: `id-${spec.attempt}` } : answer))
  }
  start: ContainerRuntime['start'] = (id, observer) => {
    this.calls.push(`start ${id}`)
    this.observers.push(observer)
  }
  adopt: ContainerRuntime['adopt'] = (id, observer) => {
    this.calls.push(`adopt ${id}`)
    this.observers.push(observer)
  }
  signal: ContainerRuntime['signal'] = (id, signal) => void this.calls.push(`${signal} ${id}`)
  exec: ContainerRuntime['exec'] = () => {}
  remove: ContainerRuntime['remove'] = (id) => void this.calls.push(`remove ${id}`)
  writeVolume: ContainerRuntime['writeVolume'] = (_uid, volume, _files, answered) => this.volume(`write ${volume}`, answered)
  makeVolume: ContainerRuntime['makeVolume'] = (_uid, volume, _source, answered) => this.volume(`make ${volume}`, answered)
  removePod: ContainerRuntime['removePod'] = (uid) => void this.calls.push(`removePod ${uid}`)

  readonly prober: Prober = (action, _timeoutMs, answered) => {
    this.probes.push({
      action,
      answer: (result, message = '') => {
        answered({ result, message })
        this.settle()
      },
    })
  }

  private volume(call: string, answered: (answer: Done) => void): void {
    this.calls.push(call)
    this.defer(() => answered({ ok: true }))
  }
}
