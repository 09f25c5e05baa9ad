// What a person sees when the cluster is ready: at most twelve lines.

import { bold, dim, green } from './output.ts'
import type { Ready } from './up.ts'

export function readyScreen(ready: Ready, version: string, kinora: string, kubectlFound: boolean, foreground: boolean): string[] {
  const url = Object.entries(ready.urls)[0]
  const flag = ready.name === 'default' ? '' : ` --name ${ready.name}`
  return [
    `${bold(`Kinora ${version}`)} is up ${dim(`after ${(ready.elapsedMs / 1000).toFixed(2)} s; pods are processes of this machine, not isolated`)}`,
    `  API      ${ready.server}`,
    `  Nodes    ${green(`${ready.nodes}/${ready.nodes} ready`)}`,
    `  Data     ${ready.dataDir} ${dim(ready.store === 'memory' ? '(certificates only: objects are in memory)' : '(stays when the cluster goes)')}`,
    `  Context  ${ready.context}${ready.previousContext ? dim(` (before: ${ready.previousContext})`) : ''} ${dim(`in ${ready.kubeconfig}`)}`,
    ...(url ? [`  App      ${bold(url[1])} ${dim(`(${url[0]}; the page shows which pod answers)`)}`] : []),
    kubectlFound
      ? `  Try      kubectl get pods -o wide`
      : `  kubectl  is not on this machine; get it from https://kubernetes.io/docs/tasks/tools/`,
    `           ${kinora} node kill node-2${flag}   ${dim('and watch its pods come back elsewhere')}`,
    foreground
      ? dim('  Ctrl-C ends it all and puts the context back.')
      : dim(`  ${kinora} down${flag} ends it all and puts the context back.`),
  ]
}
