// What every store refuses before it looks at the disk, so that all adapters refuse the same.
import type { Commit } from '../../actors/ports/store.ts'

/** etcd's default for one request; an object beyond it is a mistake of its author. */
const MAX_VALUE_BYTES = 1.5 * 1024 * 1024
const MAX_KEY_BYTES = 1024

/** The first thing in a commit that is too large, in words; nothing when it fits. */
export function beyondLimits(commit: Commit): string | undefined {
  for (const { key, value } of commit.puts) {
    if (exceeds(key, MAX_KEY_BYTES)) return `key "${key.slice(0, 64)}…" is longer than ${MAX_KEY_BYTES} bytes`
    if (exceeds(value, MAX_VALUE_BYTES)) return `value of "${key}" is longer than ${MAX_VALUE_BYTES} bytes`
  }
  return undefined
}

// A UTF-16 unit is at most three bytes of UTF-8: most texts need no counting.
const exceeds = (text: string, limit: number): boolean => text.length * 3 > limit && Buffer.byteLength(text) > limit
