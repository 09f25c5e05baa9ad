// Claims between clusters of one machine: never shared, given back, taken over from the dead.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimSlot, openClaims, rangesOf } from '../../runtime/network/claims.ts'
import { identityOf } from '../../runtime/process-identity.ts'

const root = mkdtempSync(join(tmpdir(), 'kinora-claims-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let directory: string
let runs = 0
const children: ChildProcess[] = []
beforeEach(() => {
  directory = join(root, `claims-${runs}`)
})
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
})

function runDirectory(): string {
  runs += 1
  const run = join(root, `run-${runs}`)
  mkdirSync(run)
  return run
}

/** A run directory in which this process is recorded as the supervisor. */
function livingOwner(): { directory: string } {
  const run = runDirectory()
  writeFileSync(join(run, 'supervisor.process.json'), JSON.stringify(identityOf(process.pid)))
  return { directory: run }
}

function supervisor(...preferred: string[]): ChildProcess {
  const args = [runDirectory(), directory, ...preferred]
  const child = fork(new URL('claiming-process.ts', import.meta.url), args, { execArgv: [] })
  children.push(child)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('ranges of a slot', () => {
  it('are apart from those of every other slot, and inside 127.0.0.0/8', () => {
    const seen = new Set<string>()
    for (let slot = 1; slot <= 250; slot++) {
      const { podCidr, serviceCidr, apiServiceIp, nodePortBand } = rangesOf(slot)
      expect([podCidr(1), podCidr(127), serviceCidr, apiServiceIp]).toEqual([
        `127.${slot}.1.0/24`,
        `127.${slot}.127.0/24`,
        `127.${slot}.128.0/17`,
        `127.${slot}.128.1`,
      ])
      seen.add(serviceCidr)
      expect(nodePortBand.first).toBeGreaterThanOrEqual(30_000)
      expect(nodePortBand.last).toBeLessThanOrEqual(32_767)
      expect(nodePortBand.last - nodePortBand.first).toBeGreaterThanOrEqual(63)
    }
    expect(seen.size).toBe(250)
  })

  it.each([0, 128, 1.5])('has no node %s', (index) => expect(() => rangesOf(1).podCidr(index)).toThrow(RangeError))
})

describe('slots', () => {
  it('are never shared by processes that claim at the same time, also when all prefer one [P8]', async () => {
    const all = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? supervisor('7') : supervisor()))
    const slots = await Promise.all(all.map(async (child) => (await once(child, 'message'))[0] as number))
    expect(new Set(slots).size).toBe(all.length)
    expect(slots).toContain(7)
    const bands = new Set(slots.map((slot) => rangesOf(slot).nodePortBand.first))
    expect(bands.size).toBe(all.length)
  })

  it('are the same for an owner that comes back, and free after release', () => {
    const [one, two] = [livingOwner(), livingOwner()]
    const first = claimSlot(9, one, directory)
    expect(first.slot).toBe(9)
    expect(claimSlot(9, one, directory).slot).toBe(9)
    expect(claimSlot(9, two, directory).slot).not.toBe(9)
    first.release()
    expect(claimSlot(9, livingOwner(), directory).slot).toBe(9)
  })

  it('are taken over when every process of their owner is dead [P8]', async () => {
    const child = supervisor('11')
    expect((await once(child, 'message'))[0]).toBe(11)
    expect(claimSlot(11, livingOwner(), directory).slot).not.toBe(11)
    await kill(child)
    expect(claimSlot(11, livingOwner(), directory).slot).toBe(11)
  })

  it.each([0, 251, -3, 2.5])('a preference for slot %s is none', (preferred) => {
    const { slot } = claimSlot(preferred, livingOwner(), directory)
    expect(Number.isInteger(slot) && slot >= 1 && slot <= 250).toBe(true)
  })
})

describe('node ports', () => {
  it('belong to one cluster until it lets go of them', () => {
    const [one, other] = [openClaims('one', directory), openClaims('other', directory)]
    expect(one.claim('nodeport', 30_500)).toBe(true)
    expect(one.claim('nodeport', 30_500)).toBe(true)
    expect(other.claim('nodeport', 30_500)).toBe(false)
    expect(other.claim('nodeport', 30_501)).toBe(true)
    one.close()
    expect(other.claim('nodeport', 30_500)).toBe(true)
  })
})

describe('the directory of claims', () => {
  it('is private, and one that is not ours alone is refused', () => {
    claimSlot(undefined, livingOwner(), directory)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    chmodSync(directory, 0o755)
    expect(() => claimSlot(undefined, livingOwner(), directory)).toThrow('must be a directory of this user alone')
  })
})
