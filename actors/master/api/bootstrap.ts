// What an API server makes at its first start, and puts right at every later one: the four namespaces, and the Service under
// which the API itself is found.
import type { KubeObject } from '../../../model/object.ts'
import type { ApiAnswer, ApiClient, ApiRequest } from '../../ports/api.ts'

export interface ApiAddress {
  /** Of the Service `kubernetes`. */
  readonly clusterIp: string
  readonly host: string
  readonly port: number
}

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const SERVICE_PORT = 443
const LABELS = { component: 'apiserver', provider: 'kubernetes' }

/** Answers with what could not be made, in words; an empty list is success. What is there already is left as it is. */
export function bootstrap(api: ApiClient, address: ApiAddress, done: (failures: readonly string[]) => void): void {
  const failures: string[] = []
  const make = (objects: readonly KubeObject[], made: () => void): void => {
    let left = objects.length
    const next = (): void => {
      left -= 1
      if (left === 0) made()
    }
    for (const object of objects) {
      api.request(creation(object), (answer) => {
        if (answer.ok) return next()
        if (answer.status.reason !== 'AlreadyExists') failures.push(answer.status.message ?? 'unknown')
        else if (object.kind === 'Endpoints' || object.kind === 'EndpointSlice') return correct(api, object, failures, next)
        next()
      })
    }
  }
  // Two groups, and two syncs: what lies in a namespace needs it.
  make(NAMESPACES.map(namespace), () =>
    make([service(address), endpoints(address), endpointSlice(address)], () => done(failures)),
  )
}

/** The API may be on another port than the last time. */
function correct(api: ApiClient, object: KubeObject, failures: string[], next: () => void): void {
  const { kind: _k, apiVersion: _a, metadata: _m, addressType: _t, ...content } = object
  const request: ApiRequest = {
    ...creation(object),
    verb: 'patch',
    name: 'kubernetes',
    body: { contentType: 'application/merge-patch+json', value: content as never },
  }
  api.request(request, (answer: ApiAnswer) => {
    if (!answer.ok) failures.push(answer.status.message ?? 'unknown')
    next()
  })
}

const PATHS: Readonly<Record<string, Pick<ApiRequest, 'group' | 'version' | 'resource'>>> = {
  Namespace: { group: '', version: 'v1', resource: 'namespaces' },
  Service: { group: '', version: 'v1', resource: 'services' },
  Endpoints: { group: '', version: 'v1', resource: 'endpoints' },
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
}

function creation(object: KubeObject): ApiRequest {
  const { namespace } = object.metadata
  return {
    verb: 'create',
    ...(PATHS[object.kind] as Pick<ApiRequest, 'group' | 'version' | 'resource'>),
    ...(namespace ? { namespace } : {}),
    body: { contentType: 'application/json', value: object },
  }
}

const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

const service = ({ clusterIp, port }: ApiAddress): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'kubernetes', namespace: 'default', labels: LABELS },
  spec: {
    type: 'ClusterIP',
    clusterIP: clusterIp,
    ports: [{ name: 'https', protocol: 'TCP', port: SERVICE_PORT, targetPort: port }],
  },
})

const endpoints = ({ host, port }: ApiAddress): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: [{ addresses: [{ ip: host }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
})

const endpointSlice = ({ host, port }: ApiAddress): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [host], conditions: { ready: true } }],
  ports: [{ name: 'https', port, protocol: 'TCP' }],
})
