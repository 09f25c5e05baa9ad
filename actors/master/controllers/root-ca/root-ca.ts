// Every namespace has a ConfigMap with the certificate of the cluster's authority, for programs in pods.
import type { KubeObject } from '../../../../model/object.ts'
import type { ConfigMap } from '../../../../model/schema/kinds/core-v1.ts'
import { type Controller, causeOf, keyOf, NOTHING, reason, serviceAccountUser } from '../controller.ts'
import { create, patch } from '../requests.ts'

const NAME = 'kube-root-ca.crt'
const KEY = 'ca.crt'

export interface RootCaSettings {
  /** PEM. */
  readonly caCertificate: string
}

export const rootCaController = ({ caCertificate }: RootCaSettings): Controller => ({
  name: 'root-ca-certificate-publisher',
  user: serviceAccountUser('root-ca-cert-publisher'),
  observes: [
    { resource: 'namespaces', keysOf: ({ type, object }) => (type === 'DELETED' ? [] : [keyOf(object)]) },
    {
      resource: 'configmaps',
      keysOf: ({ type, object }) => (type !== 'ADDED' && object.metadata.name === NAME ? [object.metadata.namespace ?? ''] : []),
    },
  ],
  decide: (name, { view }) => {
    const namespace = view.get<KubeObject>('namespaces', '', name)
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return NOTHING
    const existing = view.get<ConfigMap>('configmaps', name, NAME)
    const why = reason('Published', 'every namespace has the certificate of the authority', causeOf('namespaces', namespace))
    const data = { [KEY]: caCertificate }
    if (existing === undefined) {
      const annotations = {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      }
      const object: KubeObject = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: NAME, namespace: name, annotations },
        data,
      }
      return { wishes: [{ request: create('configmaps', object, why), tolerate: ['AlreadyExists'] }] }
    }
    if (existing.data?.[KEY] === caCertificate) return NOTHING
    return { wishes: [{ request: patch('configmaps', existing, { data }, why), tolerate: ['NotFound'] }] }
  },
})
