// Named pipes made ahead, because no call of Node makes one and starting `mkfifo` costs a container's start some milliseconds.
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

const MKFIFO = 'mkfifo'
/** Made at once; when as few as half of them are left, the next are made. */
const SPARES = 16

export class SparePipes {
  readonly #directory: string
  #spares: string[]
  #made = 0
  #making = false

  constructor(stateDir: string) {
    this.#directory = join(stateDir, 'pipes')
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    this.#spares = readdirSync(this.#directory)
    this.#made = 1 + Math.max(0, ...this.#spares.map(Number))
    this.#refill()
  }

  /** Puts a pipe at the path; where there is none to spare, the shim makes its own. */
  place(path: string): void {
    const spare = this.#spares.pop()
    try {
      if (spare !== undefined) renameSync(join(this.#directory, spare), path)
    } catch {
      // Taken away by somebody: the shim makes its own.
    }
    this.#refill()
  }

  #refill(): void {
    if (this.#making || this.#spares.length > SPARES / 2) return
    this.#making = true
    const names = Array.from({ length: SPARES }, () => String(this.#made++))
    const made = spawn(MKFIFO, ['-m', '600', ...names], { cwd: this.#directory, stdio: 'ignore' })
    made.unref()
    made.on('error', () => {})
    made.on('exit', (code) => {
      this.#making = false
      if (code === 0) this.#spares.push(...names)
    })
  }
}
