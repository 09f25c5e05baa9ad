// Compares a transcript with the one that is kept. UPDATE_TRANSCRIPTS=1 writes it anew: read the difference before you keep it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

export function expectGolden(name: string, transcript: string): void {
  const file = join(import.meta.dirname, `${name}.transcript`)
  if (process.env.UPDATE_TRANSCRIPTS || !existsSync(file)) writeFileSync(file, transcript)
  expect(transcript).toBe(readFileSync(file, 'utf8'))
}
