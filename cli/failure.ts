// What goes wrong in a command: a stable id, the cause in words, and what to type next.

export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const

export class Failure extends Error {
  readonly id: string
  readonly next: string | undefined
  readonly exitCode: number

  constructor(id: string, cause: string, next?: string, exitCode: number = EXIT.failure) {
    super(cause)
    this.id = id
    this.next = next
    this.exitCode = exitCode
  }
}

/** As it stands on stderr, or with `-o json` on stdout as one line. */
export function describeFailure(error: unknown): { id: string; message: string; next?: string } {
  if (error instanceof Failure) return { id: error.id, message: error.message, ...(error.next ? { next: error.next } : {}) }
  return { id: 'unexpected', message: error instanceof Error ? error.message : String(error) }
}
