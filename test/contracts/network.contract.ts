// What every adapter of the network port must do; run over real sockets in network.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Backend, Listener, ListenerChanges, ListenerFailure, Network } from '../../actors/ports/network.ts'

export interface NetworkWorld {
  readonly network: Network
  /** A listener's address and port that nothing else has. */
  place(kind: Listener['kind']): Promise<{ readonly address: string; readonly port: number }>
  /** A pod that tells its name to whoever connects. */
  pod(name: string): Promise<{ readonly backend: Backend; stop(): Promise<void> }>
  /** The name that one new connection is told; undefined when it was refused or reset. */
  connect(listener: Listener): Promise<string | undefined>
  close(): Promise<void>
}

export const program = (network: Network, changes: Partial<ListenerChanges>): Promise<readonly ListenerFailure[]> =>
  new Promise((programmed) => network.program({ set: [], removed: [], ...changes }, programmed))

export function networkContract(adapter: string, makeWorld: () => Promise<NetworkWorld>): void {
  describe(`network port: ${adapter}`, () => {
    let world: NetworkWorld
    beforeEach(async () => {
      world = await makeWorld()
    })
    afterEach(() => world.close())

    const listenerAt = async (backends: readonly Backend[], more: Partial<Listener> = {}): Promise<Listener> => {
      const kind = more.kind ?? 'clusterIP'
      return { key: 'default/web:', kind, ...(await world.place(kind)), backends, affinity: 'none', ...more }
    }
    const told = async (listener: Listener, times: number): Promise<Map<string | undefined, number>> => {
      const counts = new Map<string | undefined, number>()
      for (let time = 0; time < times; time++) {
        const name = await world.connect(listener)
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      return counts
    }

    it.each(['clusterIP', 'nodePort'] as const)('spreads new connections of a %s evenly [P1]', async (kind) => {
      const pods = await Promise.all(['a', 'b', 'c'].map((name) => world.pod(name)))
      const listener = await listenerAt(
        pods.map(({ backend }) => backend),
        { kind },
      )
      expect(await program(world.network, { set: [listener] })).toEqual([])
      expect(await told(listener, 30)).toEqual(
        new Map(
          [
            ['a', 10],
            ['b', 10],
            ['c', 10],
          ].sort() as [string, number][],
        ),
      )
    })

    it('answers later, never within the call', async () => {
      let within = true
      const programmed = new Promise<boolean>((resolve) => world.network.program({ set: [], removed: [] }, () => resolve(within)))
      within = false
      expect(await programmed).toBe(false)
    })

    it('sends nothing to a backend that has left, from the moment it says so', async () => {
      const [a, b] = [await world.pod('a'), await world.pod('b')]
      const listener = await listenerAt([a.backend, b.backend])
      await program(world.network, { set: [listener] })
      await program(world.network, { set: [{ ...listener, backends: [b.backend] }] })
      expect(await told(listener, 10)).toEqual(new Map([['b', 10]]))
    })

    it('resets at once where there is no backend, and serves when there is one again [P2]', async () => {
      const a = await world.pod('a')
      const listener = await listenerAt([])
      await program(world.network, { set: [listener] })
      expect(await world.connect(listener)).toBeUndefined()
      await program(world.network, { set: [{ ...listener, backends: [a.backend] }] })
      expect(await world.connect(listener)).toBe('a')
    })

    it('goes to the next backend when one does not accept [P3]', async () => {
      const [a, dead, b] = [await world.pod('a'), await world.pod('dead'), await world.pod('b')]
      await dead.stop()
      const listener = await listenerAt([a.backend, dead.backend, b.backend])
      await program(world.network, { set: [listener] })
      const counts = await told(listener, 30)
      expect([...counts.keys()].sort()).toEqual(['a', 'b'])
      await a.stop()
      await b.stop()
      expect(await world.connect(listener)).toBeUndefined()
    })

    it('refuses after a listener is removed, and its place can be used again', async () => {
      const a = await world.pod('a')
      const listener = await listenerAt([a.backend], { kind: 'nodePort' })
      await program(world.network, { set: [listener] })
      await program(world.network, { removed: [listener.key] })
      expect(await world.connect(listener)).toBeUndefined()
      const other = { ...listener, key: 'default/other:' }
      expect(await program(world.network, { set: [other], removed: [] })).toEqual([])
      expect(await world.connect(other)).toBe('a')
      // Removed and set under another key in one go.
      const third = { ...listener, key: 'default/third:' }
      expect(await program(world.network, { set: [third], removed: [other.key] })).toEqual([])
      expect(await world.connect(third)).toBe('a')
    })

    it('keeps a client with its backend where affinity is asked for, and moves it only when that leaves [P1]', async () => {
      const pods = await Promise.all(['a', 'b', 'c'].map(async (name) => ({ name, ...(await world.pod(name)) })))
      const listener = await listenerAt(
        pods.map(({ backend }) => backend),
        { affinity: 'client' },
      )
      await program(world.network, { set: [listener] })
      const first = await world.connect(listener)
      expect(await told(listener, 10)).toEqual(new Map([[first, 10]]))
      const others = pods.filter(({ name }) => name !== first)
      await program(world.network, { set: [{ ...listener, backends: others.map(({ backend }) => backend) }] })
      const second = await world.connect(listener)
      expect(others.map(({ name }) => name)).toContain(second)
      await program(world.network, { set: [listener] })
      expect(await told(listener, 5)).toEqual(new Map([[first, 5]]))
    })

    it('ends everything when it is closed', async () => {
      const a = await world.pod('a')
      const listener = await listenerAt([a.backend])
      await program(world.network, { set: [listener] })
      await new Promise<void>((closed) => world.network.close(closed))
      expect(await world.connect(listener)).toBeUndefined()
    })
  })
}
