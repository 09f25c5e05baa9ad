// Supervises the controllers: each runs on its own, and one that fails begins anew after a while, from the objects.
import { type ActorRefFrom, assign, type ErrorActorEvent, enqueueActions, raise, setup } from 'xstate'
import type { ApiClient } from '../../ports/api.ts'
import type { Host } from '../../ports/host.ts'
import type { View } from '../../ports/view.ts'
import { CONTROLLERS, type ControllerSettings } from './all.ts'
import { controllerMachine } from './controller.machine.ts'

/** A controller that fails at once when it begins must not take the processor. */
const RESTART_MS = 1000

export interface ControllersInput {
  readonly settings: ControllerSettings
  readonly view: View
  /** A client that asks as this user. */
  readonly apiAs: (user: string) => ApiClient
  readonly host: Host
}

export type ControllersEvent = { type: 'controller.restart'; name: string } | { type: 'controllers.stop' }

interface Context extends ControllersInput {
  readonly controllers: Readonly<Record<string, ActorRefFrom<typeof controllerMachine>>>
}

export const controllersMachine = setup({
  types: {} as { input: ControllersInput; context: Context; events: ControllersEvent | ErrorActorEvent },
  actors: { controller: controllerMachine },
  actions: {
    startAll: assign(({ context, spawn }) => ({
      controllers: Object.fromEntries(
        Object.keys(CONTROLLERS).map((name) => [name, spawn('controller', { id: name, input: inputOf(context, name) })]),
      ),
    })),
    restart: assign(({ context, spawn }, { name }: { name: string }) => ({
      controllers: { ...context.controllers, [name]: spawn('controller', { id: name, input: inputOf(context, name) }) },
    })),
    restartLater: enqueueActions(({ event, enqueue }) => {
      const name = Object.keys(CONTROLLERS).find((key) => event.type === `xstate.error.actor.${key}`)
      if (name !== undefined) enqueue(raise({ type: 'controller.restart', name }, { id: `restart ${name}`, delay: RESTART_MS }))
    }),
    stopAll: enqueueActions(({ context, enqueue }) => {
      for (const name of Object.keys(context.controllers)) enqueue.stopChild(name)
    }),
  },
}).createMachine({
  id: 'controllers',
  context: ({ input }) => ({ ...input, controllers: {} }),
  initial: 'running',
  states: {
    running: {
      entry: 'startAll',
      exit: 'stopAll',
      on: {
        'controller.restart': { actions: { type: 'restart', params: ({ event }) => ({ name: event.name }) } },
        'xstate.error.actor.*': { actions: 'restartLater' },
        'controllers.stop': 'stopped',
      },
    },
    stopped: { type: 'final' },
  },
})

function inputOf({ settings, view, apiAs, host }: Context, name: string) {
  const controller = CONTROLLERS[name]?.(settings)
  if (controller === undefined) throw new Error(`no controller ${name}`)
  return { controller, view, api: apiAs(controller.user), host }
}
