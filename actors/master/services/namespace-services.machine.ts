// Supervisor of one namespace's Services, so that no parent has all of them: starting a child costs its parent the more the
// more children it has.
import { type ActorRef, enqueueActions, type Snapshot, setup } from 'xstate'
import { serviceMachine } from './service.machine.ts'
import type { NamespaceEvent, ServicesEvent } from './services.protocol.ts'

export interface NamespaceInput {
  readonly namespace: string
  readonly parent: ActorRef<Snapshot<unknown>, Extract<ServicesEvent, { type: 'namespace.emptied' }>>
}

export const namespaceServicesMachine = setup({
  types: {} as { input: NamespaceInput; context: NamespaceInput; events: NamespaceEvent },
  actors: { service: serviceMachine },
  actions: {
    passChanges: enqueueActions(({ enqueue, context, event, self }) => {
      if (event.type !== 'services.changed') return
      const { children } = self.getSnapshot()
      for (const { uid, name, revision, removed } of event.services) {
        if (!children[uid]) {
          if (removed) continue
          enqueue.spawnChild('service', { id: uid, input: { namespace: context.namespace, name, uid } })
        }
        enqueue.sendTo(uid, { type: removed ? 'service.removed' : 'service.wanted', revision })
      }
    }),
    passProgrammed: enqueueActions(({ enqueue, event, self }) => {
      if (event.type !== 'services.programmed') return
      const { children } = self.getSnapshot()
      for (const { uid, revision } of event.services)
        if (children[uid]) enqueue.sendTo(uid, { type: 'service.programmed', revision })
    }),
    /** One that broke comes back with its next change; nobody depends on it meanwhile. */
    dropChild: enqueueActions(({ enqueue, context, event, self }) => {
      const { actorId } = event as unknown as { readonly actorId: string }
      enqueue.stopChild(actorId)
      if (Object.keys(self.getSnapshot().children).some((uid) => uid !== actorId)) return
      enqueue.sendTo(context.parent, { type: 'namespace.emptied', namespace: context.namespace })
    }),
  },
}).createMachine({
  id: 'namespaceServices',
  context: ({ input }) => input,
  initial: 'supervising',
  states: {
    supervising: {
      on: {
        'services.changed': { actions: 'passChanges' },
        'services.programmed': { actions: 'passProgrammed' },
        'xstate.done.actor.*': { actions: 'dropChild' },
        'xstate.error.actor.*': { actions: 'dropChild' },
      },
    },
  },
})
