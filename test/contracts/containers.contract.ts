// What every container runtime must do, whatever runs below it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ContainerRuntime, ContainerSpec, ExitFact, FoundContainer } from '../../actors/ports/containers.ts'

export interface ContainerWorld {
  readonly runtime: ContainerRuntime
  /** The agent dies and another comes up on what it left: containers run on. */
  successor(): ContainerRuntime
  /** Lets time pass until it is so; fails when it does not come to be. */
  until(isSo: () => boolean): Promise<void>
  /** kill -9 from outside. */
  kill(spec: ContainerSpec): void
  remove(): void | Promise<void>
}

/** An adapter's world has these images. */
export const IMAGES = { runs: 'runs', exits3: 'exits-3', missing: 'absent:missing' } as const

const specFor = (image: string, attempt = 0, podUid = 'pod-1'): ContainerSpec => ({
  ...{ podUid, name: 'web', attempt, namespace: 'default', podName: 'web-1', podIp: '127.64.9.1', image },
  ...{ command: [], args: [], env: {}, mounts: [] },
})

export class Observed {
  readonly started: { startedAtMs: number }[] = []
  readonly exits: ExitFact[] = []
  readonly observer = {
    started: (fact: { startedAtMs: number }) => void this.started.push(fact),
    exited: (fact: ExitFact) => void this.exits.push(fact),
    warned: () => {},
  }
}

export function containersContract(name: string, makeWorld: () => ContainerWorld): void {
  describe(`${name} containers`, () => {
    let world: ContainerWorld
    beforeEach(() => {
      world = makeWorld()
    })
    afterEach(() => world.remove())

    const answer = async <A>(ask: (answered: (answer: A) => void) => void): Promise<A> => {
      const answers: A[] = []
      ask((given) => answers.push(given))
      expect(answers, 'never within the call').toEqual([])
      await world.until(() => answers.length > 0)
      return answers[0] as A
    }

    async function run(spec: ContainerSpec): Promise<{ id: string; observed: Observed }> {
      const created = await answer((answered: Parameters<ContainerRuntime['create']>[1]) => world.runtime.create(spec, answered))
      if (!created.ok) throw new Error(created.message)
      const observed = new Observed()
      world.runtime.start(created.id, observed.observer)
      await world.until(() => observed.started.length + observed.exits.length > 0)
      return { id: created.id, observed }
    }

    const list = (runtime = world.runtime): Promise<readonly FoundContainer[]> =>
      answer((found: (containers: readonly FoundContainer[]) => void) => runtime.list(found))

    test('pulls what exists, and says why it cannot pull what does not', async () => {
      expect(await answer((a: Parameters<ContainerRuntime['pull']>[1]) => world.runtime.pull(IMAGES.runs, a))).toMatchObject({
        ok: true,
      })
      const failed = await answer((a: Parameters<ContainerRuntime['pull']>[1]) => world.runtime.pull(IMAGES.missing, a))
      expect(failed).toMatchObject({ ok: false, reason: 'ErrImagePull', message: expect.stringContaining('absent') })
    })

    test('tells start, then end with its exit code, each once', async () => {
      const { observed } = await run(specFor(IMAGES.exits3))
      await world.until(() => observed.exits.length > 0)
      expect(observed.started).toHaveLength(1)
      expect(observed.exits).toMatchObject([{ exitCode: 3 }])
      expect(await list()).toMatchObject([{ podUid: 'pod-1', name: 'web', attempt: 0, exit: { exitCode: 3 } }])
    })

    test('SIGTERM ends what listens to it', async () => {
      const { id, observed } = await run(specFor(IMAGES.runs))
      world.runtime.signal(id, 'SIGTERM')
      await world.until(() => observed.exits.length > 0)
      expect(observed.exits).toMatchObject([{ exitCode: 143 }])
    })

    test('SIGKILL ends anything, with 137', async () => {
      const { id, observed } = await run(specFor(IMAGES.runs))
      world.runtime.signal(id, 'SIGKILL')
      await world.until(() => observed.exits.length > 0)
      expect(observed.exits).toMatchObject([{ exitCode: 137 }])
    })

    test('a kill from outside is told', async () => {
      const spec = specFor(IMAGES.runs)
      const { observed } = await run(spec)
      world.kill(spec)
      await world.until(() => observed.exits.length > 0)
      expect(observed.exits).toMatchObject([{ exitCode: 137 }])
    })

    test('a successor finds what runs and what has ended, and adopts both [K1]', async () => {
      const running = await run(specFor(IMAGES.runs, 2))
      const over = await run(specFor(IMAGES.exits3, 0, 'pod-2'))
      await world.until(() => over.observed.exits.length > 0)
      const successor = world.successor()
      const found = await list(successor)
      expect(found).toMatchObject([
        {
          id: running.id,
          podUid: 'pod-1',
          attempt: 2,
          podIp: '127.64.9.1',
          startedAtMs: running.observed.started[0]?.startedAtMs,
        },
        { id: over.id, podUid: 'pod-2', exit: { exitCode: 3 } },
      ])
      expect(found[0]?.exit).toBeUndefined()
      const [again, ended] = [new Observed(), new Observed()]
      successor.adopt(running.id, again.observer)
      successor.adopt(over.id, ended.observer)
      await world.until(() => again.started.length > 0 && ended.exits.length > 0)
      expect(again.exits).toEqual([])
      expect(ended.exits).toMatchObject([{ exitCode: 3 }])
      successor.signal(running.id, 'SIGTERM')
      await world.until(() => again.exits.length > 0)
      expect(again.exits).toMatchObject([{ exitCode: 143 }])
    })

    test('listing disturbs nothing that is just starting', async () => {
      const created = await answer((a: Parameters<ContainerRuntime['create']>[1]) =>
        world.runtime.create(specFor(IMAGES.runs), a),
      )
      if (!created.ok) throw new Error(created.message)
      const observed = new Observed()
      world.runtime.start(created.id, observed.observer)
      for (let times = 0; times < 5; times++) await list()
      await world.until(() => observed.started.length > 0)
      await list()
      expect(observed.exits).toEqual([])
    })

    test('created and never started: found without a start', async () => {
      await answer((a: Parameters<ContainerRuntime['create']>[1]) => world.runtime.create(specFor(IMAGES.runs), a))
      const [found] = await list(world.successor())
      expect(found?.startedAtMs).toBeUndefined()
      expect(found?.exit).toBeUndefined()
    })

    test('the same attempt can be created again, when an agent died between', async () => {
      const { observed } = await run(specFor(IMAGES.runs))
      const second = await run(specFor(IMAGES.runs))
      expect((await list()).filter(({ exit }) => !exit)).toHaveLength(1)
      world.runtime.signal(second.id, 'SIGKILL')
      await world.until(() => second.observed.exits.length > 0)
      expect(observed.started).toHaveLength(1)
    })

    test('exec answers with exit code while it runs and without one after', async () => {
      const { id, observed } = await run(specFor(IMAGES.runs))
      const exec = () => answer((a: Parameters<ContainerRuntime['exec']>[3]) => world.runtime.exec(id, ['true'], 1000, a))
      await world.until(() => true)
      expect(typeof (await exec()).exitCode).toBe('number')
      world.runtime.signal(id, 'SIGKILL')
      await world.until(() => observed.exits.length > 0)
      expect((await exec()).exitCode).not.toBe(0)
    })

    test('what is removed is found no more', async () => {
      const first = await run(specFor(IMAGES.exits3, 0))
      const second = await run(specFor(IMAGES.exits3, 1))
      await world.until(() => first.observed.exits.length > 0 && second.observed.exits.length > 0)
      world.runtime.remove(first.id)
      expect((await list()).map(({ attempt }) => attempt)).toEqual([1])
      world.runtime.removePod('pod-1')
      expect(await list()).toEqual([])
    })
  })
}
