// Services × EndpointSlices → the listeners a node should have and where their connections may go. Pure but for its own
// memory: it is told every change, and hands out only what has changed since it was last asked.
import type { KubeObject } from '../../model/object.ts'
import type { ObjectReference, Service, ServicePort } from '../../model/schema/kinds/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../../model/schema/kinds/discovery-v1.ts'
import type { WatchEvent } from '../ports/api.ts'
import type { Backend, Listener, ListenerChanges } from '../ports/network.ts'

/** Node ports answer here: on one machine, and to nobody outside it. */
const NODE_ADDRESS = '127.0.0.1'
const SERVICE_NAME = 'kubernetes.io/service-name'

export class ProxyTable {
  /** Of the newest event told; everything up to it is in the table. */
  revision = 0
  #takenRevision = 0
  readonly #services = new Map<string, Service>()
  readonly #slices = new Map<string, Map<string, EndpointSlice>>()
  readonly #serviceOfSlice = new Map<string, string>()
  readonly #listeners = new Map<string, readonly Listener[]>()
  readonly #touched = new Set<string>()

  change(event: WatchEvent): void {
    this.revision = Math.max(this.revision, event.revision)
    if (!('object' in event)) return
    const { object } = event
    if (object.kind === 'Service') this.#serviceChanged(object, event.type === 'DELETED')
    else if (object.kind === 'EndpointSlice') this.#sliceChanged(object, event.type === 'DELETED')
  }

  /** Whether `take` has something to say, be it only that the revision has risen. */
  get hasNews(): boolean {
    return this.revision !== this.#takenRevision
  }

  /** What differs from the answer before; a listener that has only other backends is set again under its key. */
  take(): ListenerChanges {
    const set: Listener[] = []
    const removed: string[] = []
    for (const key of this.#touched) {
      const before = this.#listeners.get(key) ?? []
      const service = this.#services.get(key)
      const after = service ? listenersOf(service, this.#slices.get(key)?.values() ?? []) : []
      if (after.length > 0) this.#listeners.set(key, after)
      else this.#listeners.delete(key)
      for (const listener of after) {
        const same = before.find(({ key: other }) => other === listener.key)
        if (!same || !equal(same, listener)) set.push(listener)
      }
      for (const { key: gone } of before) if (!after.some((listener) => listener.key === gone)) removed.push(gone)
    }
    this.#touched.clear()
    this.#takenRevision = this.revision
    return { set, removed }
  }

  /** The newest answer for a listener. */
  find(listenerKey: string): Listener | undefined {
    return this.#listeners.get(serviceOfListener(listenerKey))?.find(({ key }) => key === listenerKey)
  }

  /** Takes over from the table of an earlier watch: what that had handed out and this one does not want will be removed. */
  replacing(before: ProxyTable): ProxyTable {
    for (const [key, listeners] of before.#listeners) {
      this.#listeners.set(key, listeners)
      this.#touched.add(key)
    }
    this.#takenRevision = -1
    return this
  }

  /** The Service that a listener is of, as events name it. */
  serviceOf(listenerKey: string): ObjectReference | undefined {
    const service = this.#services.get(serviceOfListener(listenerKey))
    if (!service) return undefined
    const { namespace, name, uid, resourceVersion } = service.metadata
    return { apiVersion: 'v1', kind: 'Service', namespace, name, uid, resourceVersion }
  }

  #serviceChanged(object: KubeObject, deleted: boolean): void {
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    if (deleted) this.#services.delete(key)
    else this.#services.set(key, object as unknown as Service)
    this.#touched.add(key)
  }

  /** A slice's label may change: it is taken from where it was before it is put where it belongs. */
  #sliceChanged(object: KubeObject, deleted: boolean): void {
    const { namespace, name = '', labels } = object.metadata
    const id = `${namespace}/${name}`
    const key = `${namespace}/${labels?.[SERVICE_NAME] ?? ''}`
    const before = this.#serviceOfSlice.get(id)
    if (before !== undefined && (deleted || before !== key)) {
      const slices = this.#slices.get(before)
      slices?.delete(name)
      if (slices?.size === 0) this.#slices.delete(before)
      this.#serviceOfSlice.delete(id)
      this.#touched.add(before)
    }
    if (deleted || !labels?.[SERVICE_NAME]) return
    const slices = this.#slices.get(key) ?? new Map<string, EndpointSlice>()
    slices.set(name, object as unknown as EndpointSlice)
    this.#slices.set(key, slices)
    this.#serviceOfSlice.set(id, key)
    this.#touched.add(key)
  }
}

/** Listener keys are `namespace/name:port address:port`; names hold no colon. */
const serviceOfListener = (listenerKey: string): string => listenerKey.slice(0, listenerKey.indexOf(':'))

function equal(a: Listener, b: Listener): boolean {
  return (
    a.affinity === b.affinity &&
    a.backends.length === b.backends.length &&
    a.backends.every(({ address, port }, index) => address === b.backends[index]?.address && port === b.backends[index]?.port)
  )
}

/** Headless Services and external names have no address to serve; UDP and SCTP wait for another network. */
export function listenersOf(service: Service, slices: Iterable<EndpointSlice>): Listener[] {
  const { type, clusterIP, sessionAffinity, ports } = service.spec ?? {}
  if (type === 'ExternalName' || !clusterIP || clusterIP === 'None') return []
  const all = [...slices]
  const affinity = sessionAffinity === 'ClientIP' ? 'client' : 'none'
  return (ports ?? []).flatMap((port) => {
    if ((port.protocol ?? 'TCP') !== 'TCP') return []
    const backends = backendsOf(port, all)
    const at = (kind: Listener['kind'], address: string, number: number): Listener => {
      const key = `${service.metadata.namespace}/${service.metadata.name}:${port.name ?? ''} ${address}:${number}`
      return { key, kind, address, port: number, backends, affinity }
    }
    const nodePort = type === 'NodePort' || type === 'LoadBalancer' ? port.nodePort : undefined
    return [at('clusterIP', clusterIP, port.port), ...(nodePort ? [at('nodePort', NODE_ADDRESS, nodePort)] : [])]
  })
}

/** The ready ones; when there are none, those that still serve while they terminate, as kube-proxy does. */
export function backendsOf(port: ServicePort, slices: readonly EndpointSlice[]): Backend[] {
  const ready = select(port, slices, ({ conditions }) => conditions?.ready !== false)
  return ready.length > 0
    ? ready
    : select(port, slices, ({ conditions }) => conditions?.serving !== false && conditions?.terminating === true)
}

function select(port: ServicePort, slices: readonly EndpointSlice[], wanted: (endpoint: Endpoint) => boolean): Backend[] {
  const found = new Map<string, Backend>()
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue
    const target = slice.ports?.find(
      (candidate) => (candidate.name ?? '') === (port.name ?? '') && isTcp(candidate.protocol),
    )?.port
    if (target === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0]
      // An endpoint may stand in two slices for a moment while it moves between them.
      if (address !== undefined && wanted(endpoint)) found.set(`${address}:${target}`, { address, port: target })
    }
  }
  // A fixed order, so that slices told in another order are no change.
  return [...found.keys()].sort().map((name) => found.get(name) as Backend)
}

const isTcp = (protocol: string | undefined): boolean => (protocol ?? 'TCP') === 'TCP'
