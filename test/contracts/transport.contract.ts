// What every pipe promises, whatever it is made of: order, wholeness, an end that both sides hear of once.
import { afterEach, describe, expect, it } from 'vitest'
import { type Answer, Peer, type PeerHandlers, STREAM_QUEUE_LIMIT, STREAM_WINDOW, type Stream } from '../../transports/peer.ts'
import type { Envelope, Pipe, Timers } from '../../transports/transport.ts'

export interface PipeMaker {
  /** The end that dialled, and the end that accepted. */
  make(): Promise<[Pipe, Pipe]>
  close(): Promise<void>
}

const timers: Timers = {
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

const nothing: PeerHandlers = { request: () => {}, event: () => {}, stream: () => {}, closed: () => {} }

export function transportContract(name: string, maker: () => PipeMaker): void {
  describe(name, () => {
    const made: PipeMaker[] = []
    const pair = async (there: Partial<PeerHandlers> = {}, back: Partial<PeerHandlers> = {}) => {
      const pipes = maker()
      made.push(pipes)
      const [dialled, accepted] = await pipes.make()
      return {
        pipes: [dialled, accepted] as const,
        dialler: new Peer(dialled, 'dialled', 1, timers, { ...nothing, ...there }),
        acceptor: new Peer(accepted, 'accepted', 7, timers, { ...nothing, ...back }),
      }
    }
    afterEach(async () => {
      for (const pipes of made.splice(0)) await pipes.close()
    })

    it('delivers in order, bytes and all [L1]', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const heard: unknown[] = []
      const { dialler } = await pair({}, { event: (_subject, body) => void (heard.push(body) === 1000 && resolve()) })
      for (let i = 0; i < 1000; i++) dialler.tell('n', { i, bytes: new Uint8Array([i & 255]), none: null })
      await promise
      expect(heard.map((body) => (body as { i: number }).i)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
      expect([...(heard[258] as { bytes: Uint8Array }).bytes]).toEqual([2])
    })

    it('answers questions of both sides, in any order', async () => {
      const held: (() => void)[] = []
      const handlers: Partial<PeerHandlers> = {
        request: (subject, body, answer) => {
          if (subject === 'last') answer(body)
          else held.unshift(() => answer(body))
          if (subject === 'last') for (const release of held) release()
        },
      }
      const { dialler, acceptor } = await pair(handlers, handlers)
      const ask = (peer: Peer, subject: string, body: unknown) =>
        new Promise<Answer>((resolve) => peer.request(subject, body, resolve))
      const answers = await Promise.all([ask(dialler, 'first', 1), ask(dialler, 'last', 2), ask(acceptor, 'last', 3)])
      expect(answers).toEqual([1, 2, 3].map((body) => ({ ok: true, body })))
    })

    it('fails what waits when the connection ends, and says so once on both sides [L3]', async () => {
      const ends: string[] = []
      const both = Promise.withResolvers<void>()
      const closed = (side: string) => () => void (ends.push(side) === 2 && both.resolve())
      const { dialler, acceptor } = await pair({ closed: closed('dialler') }, { closed: closed('acceptor') })
      const answer = new Promise<Answer>((resolve) => dialler.request('never', undefined, resolve))
      acceptor.close('enough')
      dialler.close('me too')
      expect((await answer).ok).toBe(false)
      await both.promise
      expect(ends.toSorted()).toEqual(['acceptor', 'dialler'])
      expect((await new Promise<Answer>((resolve) => dialler.request('after', 1, resolve))).ok).toBe(false)
    })

    it('holds a fast writer to the credit of a slow reader [L4]', async () => {
      const opened = Promise.withResolvers<Stream>()
      const taken: (() => void)[] = []
      let received = 0
      const { dialler } = await pair(
        {},
        {
          stream: (stream) => {
            stream.onFrame = () => {
              received += 1
              taken.push(() => stream.taken())
              return false
            }
            opened.resolve(stream)
          },
        },
      )
      const stream = dialler.open('bytes', {})
      const total = STREAM_WINDOW * 4
      for (let i = 0; i < total; i++) stream.write(i)
      stream.close('done')
      const accepted = await opened.promise
      const ended = new Promise((resolve) => {
        accepted.onClosed = resolve
      })
      // A question behind the frames: when it is answered, everything that credit allows has arrived.
      const settled = () => new Promise<Answer>((resolve) => dialler.request('settled', 1, resolve, { timeoutMs: 50 }))
      await settled()
      expect(received).toBe(STREAM_WINDOW)
      while (received < total) {
        for (const take of taken.splice(0)) take()
        await settled()
      }
      for (const take of taken.splice(0)) take()
      expect(await ended).toBe('done')
    })

    it('ends a stream whose reader is too slow, and no other [L4]', async () => {
      const { dialler } = await pair(
        {},
        {
          stream: (stream, subject) => {
            stream.onFrame = () => subject !== 'stalled'
            if (subject === 'brisk') stream.write('hello')
          },
        },
      )
      const stalled = dialler.open('stalled', {})
      const lost = new Promise<string | undefined>((resolve) => {
        stalled.onClosed = (_body, why) => resolve(why)
      })
      for (let i = 0; i < STREAM_QUEUE_LIMIT + STREAM_WINDOW + 1; i++) stalled.write(i)
      expect(await lost).toMatch(/too slow/)
      const brisk = dialler.open('brisk', {})
      expect(
        await new Promise((resolve) => {
          brisk.onFrame = (frame) => {
            resolve(frame)
            return true
          }
        }),
      ).toBe('hello')
    })

    it('breaks the connection at a gap [L2]', async () => {
      const broken = Promise.withResolvers<string>()
      const { pipes, dialler } = await pair({}, { closed: (reason) => broken.resolve(reason) })
      dialler.tell('first', 1)
      pipes[0].send({ kind: 'event', seq: 3, epoch: 1, subject: 'third', body: 3 } satisfies Envelope)
      await expect(broken.promise).resolves.toBeTypeOf('string')
    })
  })
}
