// Containers that take their time on the simulation's clock, start, become ready and end as a table says. The same port as
// real ones, no I/O, and the same run for the same seed. Records outlive this object in `SimulatedMachine`, as a disk would.
import type {
  ContainerKey,
  ContainerObserver,
  ContainerRuntime,
  ContainerSpec,
  ExitFact,
  FoundContainer,
  ProbeAction,
  Prober,
} from '../../../actors/ports/containers.ts'
import type { Host, Random } from '../../../actors/ports/host.ts'
import { PLAIN, type SimulatedImage, type Span } from './behaviour.ts'

interface Simulated {
  readonly spec: ContainerSpec
  readonly id: string
  startedAtMs?: number
  readyAtMs: number
  exit?: ExitFact
  /** Set while it runs: what would end it. */
  timers: Set<unknown>
  observer?: ContainerObserver
}

/** What stays when the node's agent goes: its containers and their records. */
export class SimulatedMachine {
  readonly containers = new Map<string, Simulated>()
  readonly pulled = new Set<string>()
}

export interface SimulatedRuntimeOptions {
  readonly host: Host
  /** Names the streams of chance, so that nodes do not share them. */
  readonly nodeName: string
  readonly machine: SimulatedMachine
  /** Images that are not named here behave as PLAIN; a name without a table entry that ends in `:missing` does not exist. */
  readonly images?: Readonly<Record<string, SimulatedImage>>
}

export interface SimulatedRuntime extends ContainerRuntime {
  readonly prober: Prober
  /** As `kill -9` of a container's processes. */
  kill(key: ContainerKey): void
  /** As the loss of the machine: everything ends, nobody is told. */
  stopAll(): void
}

const idOf = ({ podUid, name, attempt }: ContainerKey): string => `${podUid}.${name}.${attempt}`
const ENDED_BY = { SIGTERM: 143, SIGKILL: 137 } as const

export function createSimulatedRuntime({ host, nodeName, machine, images = {} }: SimulatedRuntimeOptions): SimulatedRuntime {
  const { clock, defer } = host
  const chance = host.random.stream(`containers/${nodeName}`)
  const { containers, pulled } = machine

  const behaviour = (image: string): SimulatedImage =>
    images[image] ?? (image.endsWith(':missing') ? { ...PLAIN, pullFailure: `${image}: not found` } : PLAIN)

  function later(container: Simulated, delayMs: number, callback: () => void): void {
    const timer = clock.setTimeout(() => {
      container.timers.delete(timer)
      callback()
    }, delayMs)
    container.timers.add(timer)
  }

  function end(container: Simulated, exitCode: number): void {
    if (container.exit) return
    for (const timer of container.timers) clock.clearTimeout(timer)
    container.timers.clear()
    container.exit = { exitCode, finishedAtMs: clock.now() }
    const { observer, exit } = container
    if (observer) defer(() => observer.exited(exit))
  }

  function start(id: string, observer: ContainerObserver): void {
    const container = containers.get(id)
    if (!container) return defer(() => observer.exited({ exitCode: 128, finishedAtMs: clock.now() }))
    const image = behaviour(container.spec.image)
    container.observer = observer
    later(container, draw(image.startMs, chance), () => {
      container.startedAtMs = clock.now()
      container.readyAtMs = clock.now() + draw(image.readyAfterMs, chance)
      observer.started({ startedAtMs: container.startedAtMs })
      if (image.exitsAfterMs !== undefined)
        later(container, draw(image.exitsAfterMs, chance), () => end(container, image.exitCode ?? 0))
    })
  }

  function found({ spec, id, startedAtMs, exit }: Simulated): FoundContainer {
    const { podUid, name, attempt, namespace, podName, podIp, image } = spec
    return {
      ...{ podUid, name, attempt, namespace, podName, podIp, image, id },
      imageId: image,
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
      ...(exit ? { exit } : {}),
    }
  }

  const isReady = (container: Simulated | undefined): boolean =>
    container !== undefined && container.startedAtMs !== undefined && !container.exit && clock.now() >= container.readyAtMs

  /** By address: the newest container of the pod that runs there. */
  const answersAt = (address: string): boolean =>
    [...containers.values()].some((each) => each.spec.podIp === address && isReady(each))

  const answers = (action: ProbeAction): boolean =>
    action.kind === 'exec' ? isReady(containers.get(action.containerId)) : answersAt(action.host)

  return {
    name: 'kinora-simulated',
    version: '0.1.0',
    list: (listed) =>
      defer(() => {
        const sorted = [...containers.values()].sort(
          ({ spec: a }, { spec: b }) => compare(a.podUid, b.podUid) || compare(a.name, b.name) || a.attempt - b.attempt,
        )
        listed(sorted.map(found))
      }),
    pull: (image, answered) => {
      const { pullMs, pullFailure } = behaviour(image)
      const delayMs = pulled.has(image) ? 0 : draw(pullMs, chance)
      clock.setTimeout(() => {
        if (pullFailure) return answered({ ok: false, reason: 'ErrImagePull', message: pullFailure })
        pulled.add(image)
        answered({ ok: true, imageId: image })
      }, delayMs)
    },
    create: (spec, answered) => {
      const id = idOf(spec)
      const before = containers.get(id)
      if (before) {
        before.observer = undefined
        end(before, ENDED_BY.SIGKILL)
      }
      containers.set(id, { spec, id, readyAtMs: Number.POSITIVE_INFINITY, timers: new Set() })
      defer(() => answered({ ok: true, id }))
    },
    start,
    adopt: (id, observer) =>
      defer(() => {
        const container = containers.get(id)
        if (!container) return observer.exited({ exitCode: 137, finishedAtMs: clock.now() })
        container.observer = observer
        if (container.startedAtMs !== undefined) observer.started({ startedAtMs: container.startedAtMs })
        if (container.exit) observer.exited(container.exit)
      }),
    signal: (id, signal) => {
      const container = containers.get(id)
      if (!container || container.exit || container.startedAtMs === undefined) return
      if (signal === 'SIGKILL') return end(container, ENDED_BY.SIGKILL)
      const { stopMs, exitCode } = behaviour(container.spec.image)
      if (stopMs !== undefined) later(container, draw(stopMs, chance), () => end(container, exitCode ?? ENDED_BY.SIGTERM))
    },
    exec: (id, _command, _timeoutMs, answered) =>
      defer(() => answered(isReady(containers.get(id)) ? { exitCode: 0, output: '' } : { exitCode: 1, output: '' })),
    remove: (id) => void containers.delete(id),
    writeVolume: (_podUid, _volume, _files, answered) => defer(() => answered({ ok: true })),
    makeVolume: (_podUid, _volume, _source, answered) => defer(() => answered({ ok: true })),
    removePod: (podUid) => {
      for (const [id, { spec }] of containers) if (spec.podUid === podUid) containers.delete(id)
    },
    prober: (action, _timeoutMs, answered) => {
      if (answers(action)) defer(() => answered({ result: 'success', message: '' }))
      else if (action.kind === 'exec') defer(() => answered({ result: 'failure', message: '' }))
      else defer(() => answered({ result: 'failure', message: refusal(action) }))
    },
    kill: (key) => {
      const container = containers.get(idOf(key))
      if (container?.startedAtMs !== undefined) end(container, ENDED_BY.SIGKILL)
    },
    stopAll: () => {
      for (const container of containers.values()) {
        container.observer = undefined
        if (container.startedAtMs !== undefined) end(container, ENDED_BY.SIGKILL)
      }
    },
  }
}

function refusal(action: Exclude<ProbeAction, { kind: 'exec' }>): string {
  const refused = `dial tcp ${action.host}:${action.port}: connect: connection refused`
  return action.kind === 'tcp'
    ? refused
    : `Get "${action.scheme.toLowerCase()}://${action.host}:${action.port}${action.path}": ${refused}`
}

const draw = (span: Span, chance: Random): number =>
  typeof span === 'number' ? span : Math.round(span[0] + chance.next() * (span[1] - span[0]))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
