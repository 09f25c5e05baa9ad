// The revision up to which every ready node is programmed. Pure but for its own memory: one number a node.

/** Nobody is there to wait for. */
export const NOBODY = Number.POSITIVE_INFINITY

export class Floor {
  readonly #ready = new Set<string>()
  readonly #programmed = new Map<string, number>()
  #floor = NOBODY
  /** Ready nodes that stand on the floor: only when the last of them rises is it looked for anew. */
  #standing = 0

  get revision(): number {
    return this.#floor
  }

  ready(nodeName: string): void {
    if (this.#ready.has(nodeName)) return
    this.#ready.add(nodeName)
    this.#find()
  }

  /**
   * What it has programmed stays known: it goes on serving by that, or, started anew, by nothing older. Nodes that are
   * suspected for a moment would otherwise hold everything back, because they have no reason to report it again.
   */
  lost(nodeName: string): void {
    if (this.#ready.delete(nodeName)) this.#find()
  }

  /** There is no such node any more. */
  gone(nodeName: string): void {
    this.lost(nodeName)
    this.#programmed.delete(nodeName)
  }

  /** May come before the node is ready. */
  programmed(nodeName: string, revision: number): void {
    const before = this.#programmed.get(nodeName) ?? 0
    if (revision <= before) return
    this.#programmed.set(nodeName, revision)
    if (!this.#ready.has(nodeName) || before !== this.#floor) return
    this.#standing -= 1
    if (this.#standing === 0) this.#find()
  }

  #find(): void {
    this.#floor = NOBODY
    this.#standing = 0
    for (const nodeName of this.#ready) {
      const revision = this.#programmed.get(nodeName) ?? 0
      if (revision < this.#floor) [this.#floor, this.#standing] = [revision, 1]
      else if (revision === this.#floor) this.#standing += 1
    }
  }
}
