// Every namespace has a service account `default`.
import type { KubeObject } from '../../../../model/object.ts'
import { type Controller, causeOf, keyOf, NOTHING, reason, serviceAccountUser } from '../controller.ts'
import { create } from '../requests.ts'

const ACCOUNT = 'default'

export const serviceAccountController = (): Controller => ({
  name: 'serviceaccount-controller',
  user: serviceAccountUser('service-account-controller'),
  observes: [
    { resource: 'namespaces', keysOf: ({ type, object }) => (type === 'DELETED' ? [] : [keyOf(object)]) },
    {
      resource: 'serviceaccounts',
      keysOf: ({ type, object }) =>
        type === 'DELETED' && object.metadata.name === ACCOUNT ? [object.metadata.namespace ?? ''] : [],
    },
  ],
  decide: (name, { view }) => {
    const namespace = view.get<KubeObject>('namespaces', '', name)
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return NOTHING
    if (view.get('serviceaccounts', name, ACCOUNT) !== undefined) return NOTHING
    const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: name } }
    const why = reason('Created', 'every namespace has a default service account', causeOf('namespaces', namespace))
    return { wishes: [{ request: create('serviceaccounts', account, why), tolerate: ['AlreadyExists'] }] }
  },
})
