// The processes of a cluster's containers, as /proc shows them: apart from what the cluster says of itself.
import { readdirSync, readFileSync } from 'node:fs'

export interface ContainerGroup {
  readonly podUid: string
  readonly container: string
  /** The process group, which is what a container is. */
  readonly group: number
}

/** Groups of programs that run in containers below this folder; shims and what they pipe through are not among them. */
export function containerGroups(folder: string): ContainerGroup[] {
  const groups = new Map<number, ContainerGroup>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'latin1')
      const root = /(?:^|\0)KINORA_ROOT=([^\0]*)/.exec(environment)?.[1]
      if (!root?.startsWith(folder)) continue
      const [, podUid = '', container = ''] = /\/pods\/([^/]+)\/([^/]+)\.\d+\//.exec(`${root}/`) ?? []
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // The shim leads a group of its own, in which it also keeps what carries the log.
      if (state === 'Z' || podUid === '' || readFileSync(`/proc/${group}/cmdline`, 'latin1').includes('kinora-shim')) continue
      groups.set(Number(group), { podUid, container, group: Number(group) })
    } catch {
      // It ended while it was looked at.
    }
  }
  return [...groups.values()]
}
