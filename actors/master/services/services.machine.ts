// The Master's part that watches over Services: which of them every ready node serves, and when a pod that is going takes no
// new connections any more and may be told to stop.
import { enqueueActions, fromCallback, setup } from 'xstate'
import type { KubeObject } from '../../../model/object.ts'
import type { Pod, Service } from '../../../model/schema/kinds/core-v1.ts'
import type { EndpointSlice } from '../../../model/schema/kinds/discovery-v1.ts'
import type { Host } from '../../ports/host.ts'
import type { NodeLinks } from '../../ports/node-links.ts'
import type { Change, View } from '../../ports/view.ts'
import { Floor } from './floor.ts'
import { namespaceServicesMachine } from './namespace-services.machine.ts'
import { ServiceLedger } from './service-ledger.ts'
import type { ServicesEvent } from './services.protocol.ts'
import { Withdrawals } from './withdrawals.ts'

const SLICES = 'endpointslices.discovery.k8s.io'
const SERVICE_NAME = 'kubernetes.io/service-name'

export interface ServicesInput {
  readonly view: View
  readonly links: NodeLinks
  readonly host: Host
}

interface Context extends ServicesInput {
  readonly floor: Floor
  readonly ledger: ServiceLedger
  readonly withdrawals: Withdrawals
}

/** Changes go into the books at once, and the chart hears of them once a turn. */
const observing = fromCallback<ServicesEvent, Context>(({ input: context, sendBack }) => {
  const { view, host } = context
  let announced = false
  let over = false
  const announce = (): void => {
    if (announced) return
    announced = true
    host.defer(() => {
      announced = false
      if (!over) sendBack({ type: 'view.changed' })
    })
  }
  const subscription = view.observe(['services', SLICES, 'pods', 'nodes'], (change) => {
    if (enter(context, change)) announce()
  })
  for (const resource of ['services', SLICES, 'pods'])
    for (const object of view.list<KubeObject>(resource))
      enter(context, { type: 'ADDED', resource, revision: revisionOf(object), object })
  announce()
  return () => {
    over = true
    subscription.stop()
  }
})

export const servicesMachine = setup({
  types: {} as { input: ServicesInput; context: Context; events: ServicesEvent },
  actors: { observing, namespace: namespaceServicesMachine },
  actions: {
    noteReady: ({ context, event }) => {
      if (event.type !== 'node.ready') return
      context.floor.ready(event.nodeName)
      context.withdrawals.again(event.nodeName)
    },
    noteLost: ({ context, event }) => {
      if (event.type === 'node.lost') context.floor.lost(event.nodeName)
    },
    noteProgrammed: ({ context, event }) => {
      if (event.type === 'proxy.programmed') context.floor.programmed(event.nodeName, event.revision)
    },
    tellServices: enqueueActions(({ enqueue, context, self }) => {
      const known = new Set(Object.keys(self.getSnapshot().children))
      for (const [namespace, services] of context.ledger.takeChanged()) {
        if (!known.has(namespace)) {
          known.add(namespace)
          enqueue.spawnChild('namespace', { id: namespace, input: { namespace, parent: self } })
        }
        enqueue.sendTo(namespace, { type: 'services.changed', services })
      }
      for (const [namespace, services] of context.ledger.takeProgrammed(context.floor.revision))
        if (known.has(namespace)) enqueue.sendTo(namespace, { type: 'services.programmed', services: services })
    }),
    tellNodes: ({ context: { withdrawals, floor, links } }) => {
      for (const { uid, nodeName } of withdrawals.take(floor.revision)) links.tell(nodeName, 'pod.withdrawn', { uid })
    },
    endEmptyNamespace: enqueueActions(({ enqueue, context, event }) => {
      // It may have got a Service again while it said so.
      if (event.type === 'namespace.emptied' && context.ledger.isEmpty(event.namespace)) enqueue.stopChild(event.namespace)
    }),
    endBrokenNamespace: enqueueActions(({ enqueue, event }) => {
      enqueue.stopChild((event as unknown as { readonly actorId: string }).actorId)
    }),
  },
}).createMachine({
  id: 'services',
  context: ({ input }) => ({
    ...input,
    floor: new Floor(),
    ledger: new ServiceLedger(),
    withdrawals: new Withdrawals(),
  }),
  initial: 'watching',
  states: {
    watching: {
      invoke: { src: 'observing', id: 'observing view', input: ({ context }) => context },
      on: {
        'view.changed': { actions: ['tellServices', 'tellNodes'] },
        'node.ready': { actions: ['noteReady', 'tellServices', 'tellNodes'] },
        'node.lost': { actions: ['noteLost', 'tellServices', 'tellNodes'] },
        'proxy.programmed': { actions: ['noteProgrammed', 'tellServices', 'tellNodes'] },
        'namespace.emptied': { actions: 'endEmptyNamespace' },
        'services.stop': 'stopped',
        'xstate.error.actor.*': { actions: 'endBrokenNamespace' },
      },
    },
    stopped: { type: 'final' },
  },
})

const revisionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0)

/** Whether somebody may have to be told. */
function enter({ ledger, withdrawals, floor, view }: Context, change: Change): boolean {
  const { type, resource, revision, object, previous } = change
  const exists = type !== 'DELETED'
  const { uid = '', namespace = '', name = '', labels } = object.metadata
  switch (resource) {
    case 'nodes':
      if (!exists) floor.gone(name)
      return !exists
    case 'pods':
      return withdrawals.podChanged(object as unknown as Pod, exists)
    case 'services':
      if (!exists) ledger.removed(uid, revision)
      else if (hasAddress(object as unknown as Service)) ledger.wanted(uid, namespace, name, revision)
      return true
    default: {
      const before = (exists ? previous : object) as EndpointSlice | undefined
      withdrawals.sliceChanged(before, exists ? (object as unknown as EndpointSlice) : undefined, revision)
      const service = view.get<Service>('services', namespace, labels?.[SERVICE_NAME] ?? '')
      if (service && hasAddress(service))
        ledger.wanted(service.metadata.uid ?? '', namespace, service.metadata.name ?? '', revision)
      return true
    }
  }
}

/** Headless Services and external names are nothing that a node could serve. */
const hasAddress = ({ spec }: Service): boolean =>
  spec?.type !== 'ExternalName' && spec?.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None'
