// What stock kubectl does with objects: making, showing, changing and removing them, and the words of a refusal. Each test has
// a namespace of its own, so that they run side by side on one cluster.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Kubectl, kubectlIsMissing, until, useCluster } from './cluster.ts'

interface Named {
  readonly metadata: {
    readonly name: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

const deployment = (name: string, more: { replicas?: number; image?: string; extra?: string } = {}) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  replicas: ${more.replicas ?? 1}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: ${more.image ?? 'kinora.local/hello:v1'}
${more.extra ?? ''}
`

const configMap = (name: string, data: Record<string, string>) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { part: name } }, data })

const lines = (text: string) => text.trim().split('\n')

describe.skipIf(kubectlIsMissing)('kubectl', { timeout: 90_000 }, () => {
  const cluster = useCluster()
  const { kubectl: admin } = cluster
  const rolledOut = (kubectl: Kubectl, name: string) => kubectl('rollout', 'status', `deployment/${name}`, '--timeout=40s')

  test.concurrent('every version there is: version, apply, get, describe, logs, delete', async () => {
    await Promise.all(
      cluster.everyKubectl.map(async ({ version, kubectl: any }) => {
        const kubectl = await any.inNamespace(`every-${version.replaceAll('.', '-')}`)
        expect(await kubectl('version')).toMatch(version)
        const apply = (text: string) => kubectl.with(text)('apply', '-f', '-')
        expect(await apply(deployment('web'))).toBe('deployment.apps/web created\n')
        expect(await apply(deployment('web', { image: 'kinora.local/hello:v2' }))).toBe('deployment.apps/web configured\n')
        expect(await rolledOut(kubectl, 'web')).toMatch(/successfully rolled out/)
        expect(await kubectl('get', 'pods')).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\nweb-\S+ +1\/1 +Running +0 /)
        expect(await kubectl('describe', 'deployment', 'web')).toMatch(
          /Replicas: +1 desired \| 1 updated \| 1 total \| 1 available/,
        )
        expect(await kubectl('logs', 'deployment/web')).not.toBe('')
        expect(await kubectl.with(deployment('web'))('delete', '-f', '-')).toMatch(/deployment.apps "web" deleted/)
      }),
    )
  })

  test.concurrent('apply: created, unchanged, configured, a field no longer named goes', async () => {
    const kubectl = await admin.inNamespace('apply')
    const apply = (text: string) => kubectl.with(text)('apply', '-f', '-')
    expect(await apply(configMap('facts', { a: '1', b: '2' }))).toBe('configmap/facts created\n')
    expect(await apply(configMap('facts', { a: '1', b: '2' }))).toBe('configmap/facts unchanged\n')
    await kubectl('patch', 'configmap', 'facts', '--type=merge', '-p', '{"data":{"c":"3"}}')
    expect(await apply(configMap('facts', { a: '9' }))).toBe('configmap/facts configured\n')
    // b was applied and is no longer named; c was never applied by this file.
    expect(await kubectl('get', 'configmap', 'facts', '-o', 'jsonpath={.data}')).toBe('{"a":"9","c":"3"}')

    expect(await apply(deployment('web', { extra: '          env: [{ name: A, value: "1" }, { name: B, value: "2" }]' }))).toBe(
      'deployment.apps/web created\n',
    )
    expect(await apply(deployment('web', { extra: '          env: [{ name: B, value: "3" }]' }))).toBe(
      'deployment.apps/web configured\n',
    )
    const env = 'jsonpath={.spec.template.spec.containers[0].env}'
    expect(await kubectl('get', 'deployment', 'web', '-o', env)).toBe('[{"name":"B","value":"3"}]')

    const diff = await kubectl
      .with(configMap('facts', { a: '8' }))('diff', '-f', '-')
      .catch(String)
    expect(diff).toMatch(/^- {2}a: "9"$/m)
    expect(diff).toMatch(/^\+ {2}a: "8"$/m)
  })

  test.concurrent('get: wide, yaml, json, jsonpath, sorted, by label, by field, watched', async () => {
    const kubectl = await admin.inNamespace('get')
    for (const name of ['b', 'c', 'a']) await kubectl.with(configMap(name, { [name]: 'x' }))('create', '-f', '-')
    const own = ['-l', 'part']
    expect(await kubectl('get', 'configmaps', ...own, '-o', 'name', '--sort-by=.metadata.name')).toBe(
      'configmap/a\nconfigmap/b\nconfigmap/c\n',
    )
    expect(await kubectl('get', 'cm', '-l', 'part in (a,b)', '-o', 'jsonpath={.items[*].metadata.name}')).toBe('a b')
    expect(await kubectl('get', 'cm', '-l', 'part,part!=a', '-o', 'jsonpath={.items[*].metadata.name}')).toBe('b c')
    expect(await kubectl('get', 'cm', '--field-selector', 'metadata.name=c', '-o', 'name')).toBe('configmap/c\n')
    expect(await kubectl('get', 'cm', 'a', '-o', 'yaml')).toMatch(
      /^apiVersion: v1\ndata:\n {2}a: x\nkind: ConfigMap\nmetadata:\n/,
    )
    expect(await kubectl.json<Named>('get', 'cm', 'a')).toMatchObject({ kind: 'ConfigMap', metadata: { namespace: 'get' } })
    expect(await kubectl('get', 'cm', 'a', '-o', 'custom-columns=N:.metadata.name,D:.data')).toMatch(/^N +D\na +map\[a:x\]\n$/)
    expect(await kubectl('get', 'cm', ...own, '--show-labels')).toMatch(/^NAME +DATA +AGE +LABELS\na +1 +\S+ +part=a\n/)
    expect(await kubectl('get', 'nodes', '-o', 'wide')).toMatch(
      /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP .*CONTAINER-RUNTIME\n/,
    )
    expect(await kubectl('get', 'pods')).toBe('')
    expect(lines(await kubectl('get', 'cm', '-A', '--no-headers')).length).toBeGreaterThan(5)
    expect(await kubectl('get', 'all')).toBe('')

    const watch = kubectl.start('get', 'configmaps', '-l', 'part', '-w', '--output-watch-events', '--no-headers')
    await watch.printed(/ADDED +a [\s\S]*ADDED +b [\s\S]*ADDED +c /)
    await kubectl('label', 'configmap', 'b', 'more=1')
    await watch.printed(/MODIFIED +b /)
    await kubectl('delete', 'configmap', 'b')
    await watch.printed(/DELETED +b /)
    await watch.stop()
  })

  test.concurrent('describe and events', async () => {
    const kubectl = await admin.inNamespace('describe')
    await kubectl.with(deployment('web', { replicas: 2 }))('apply', '-f', '-')
    await kubectl('expose', 'deployment', 'web', '--port=80', '--target-port=8080')
    await rolledOut(kubectl, 'web')
    const deploymentText = await kubectl('describe', 'deployment', 'web')
    expect(deploymentText).toMatch(/^StrategyType: +RollingUpdate$/m)
    expect(deploymentText).toMatch(/^ +Available +True +MinimumReplicasAvailable$/m)
    expect(deploymentText).toMatch(/^NewReplicaSet: +web-\S+ \(2\/2 replicas created\)$/m)
    expect(deploymentText).toMatch(/ScalingReplicaSet .* Scaled up replica set web-\S+ from 0 to 2/)
    const podText = await kubectl('describe', 'pods', '-l', 'app=web')
    expect(podText).toMatch(/^Controlled By: +ReplicaSet\/web-/m)
    expect(podText).toMatch(/^ +State: +Running\n +Started: /m)
    expect(podText).toMatch(/^QoS Class: +BestEffort$/m)
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) expect(podText).toMatch(new RegExp(`Normal +${reason} `))
    expect(await kubectl('describe', 'service', 'web')).toMatch(/^Endpoints: +127\.\S+:8080,127\.\S+:8080$/m)
    const nodeText = await kubectl('describe', 'node', 'node-1')
    expect(nodeText).toMatch(/^ +Ready +True .*KubeletReady/m)
    expect(nodeText).toMatch(/^Allocatable:$/m)
    expect(nodeText).toMatch(/^Non-terminated Pods: +\(\d+ in total\)$/m)
    expect(await kubectl('events', '--for', 'deployment/web')).toMatch(/ScalingReplicaSet/)
    expect(await kubectl('get', 'events', '--field-selector', 'reason=Scheduled', '--no-headers')).toMatch(
      /Normal +Scheduled +pod\/web-\S+ +Successfully assigned describe\/web-\S+ to node-/,
    )
    expect(await kubectl('describe', 'events')).toMatch(/^Reason: +Scheduled$/m)
  })

  test.concurrent('logs: all, the last, one container, followed', async () => {
    const kubectl = await admin.inNamespace('logs')
    const counts = (name: string) => ({
      name,
      image: 'busybox',
      command: [
        'sh',
        '-c',
        `for i in 1 2 3; do echo ${name} $i; done; read go < "$KINORA_ROOT/go/on" 2>/dev/null; while :; do sleep 1; echo ${name} on; done`,
      ],
    })
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'talker' },
      spec: { containers: [counts('one'), counts('two')], terminationGracePeriodSeconds: 0 },
    }
    await kubectl.with(JSON.stringify(pod))('create', '-f', '-')
    await kubectl('wait', 'pod/talker', '--for=condition=Ready', '--timeout=40s')
    await until('three lines', async () => (await kubectl('logs', 'talker', '-c', 'two')).startsWith('two 1\ntwo 2\ntwo 3\n'))
    expect(await kubectl('logs', 'talker', '-c', 'one', '--limit-bytes=6')).toBe('one 1\n')
    expect(lines(await kubectl('logs', 'talker', '-c', 'one', '--tail=1'))).toHaveLength(1)
    expect(await kubectl('logs', 'talker')).toMatch(/^one 1\n/) // The first container, said on standard error.
    expect(await kubectl('logs', 'talker', '-c', 'one', '--timestamps', '--limit-bytes=60')).toMatch(
      /^\d{4}-\d\d-\d\dT\S+Z one 1\n/,
    )
    expect(await kubectl('logs', 'talker', '--all-containers', '--prefix')).toMatch(/^\[pod\/talker\/two\] two 3$/m)
    expect(await kubectl.refused('logs', 'talker', '-c', 'three')).toMatch(/container three is not valid for pod talker/)
    expect(await kubectl.refused('logs', 'nobody')).toMatch(/pods "nobody" not found/)
    const follow = kubectl.start('logs', 'talker', '-c', 'one', '-f', '--tail=1')
    await follow.printed(/one on\n(one on\n)+/)
    await follow.stop()
  })

  test.concurrent('scale, set image, env and resources, rollout history, undo, pause, resume, restart', async () => {
    const kubectl = await admin.inNamespace('rollout')
    const get = (path: string) => kubectl('get', 'deployment', 'web', '-o', `jsonpath={${path}}`)
    const image = '.spec.template.spec.containers[0].image'
    await kubectl.with(deployment('web', { replicas: 2 }))('apply', '-f', '-')
    await kubectl('annotate', 'deployment/web', 'kubernetes.io/change-cause=first')
    await rolledOut(kubectl, 'web')
    expect(await kubectl('scale', 'deployment/web', '--replicas=3', '--current-replicas=2')).toBe('deployment.apps/web scaled\n')
    expect(await kubectl.refused('scale', 'deployment/web', '--replicas=1', '--current-replicas=2')).toMatch(
      /Expected replicas to be 2, was 3/,
    )
    await rolledOut(kubectl, 'web')
    expect(await get('.status.readyReplicas')).toBe('3')
    expect(await kubectl('get', 'deployment', 'web', '--subresource=scale')).toMatch(/^NAME +DESIRED +AVAILABLE +AGE\nweb +3 +3 /)

    expect(await kubectl('set', 'image', 'deployment/web', 'web=kinora.local/hello:v2')).toBe(
      'deployment.apps/web image updated\n',
    )
    expect(await kubectl('set', 'env', 'deployment/web', 'GREETING=hi')).toBe('deployment.apps/web env updated\n')
    expect(await kubectl('set', 'resources', 'deployment/web', '--requests=cpu=10m,memory=16Mi')).toBe(
      'deployment.apps/web resource requirements updated\n',
    )
    expect(await rolledOut(kubectl, 'web')).toMatch(/successfully rolled out/)
    expect(await get('.spec.template.spec.containers[0].resources')).toBe('{"requests":{"cpu":"10m","memory":"16Mi"}}')
    expect(await get('.spec.template.spec.containers[0].env')).toBe('[{"name":"GREETING","value":"hi"}]')
    // As created; its annotations count for a Deployment, as its spec does: annotated, scaled, and set three times.
    expect(await get('.metadata.generation')).toBe('6')
    expect(await get('.status.observedGeneration')).toBe('6')

    expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(
      /^deployment\.apps\/web *\nREVISION +CHANGE-CAUSE\n1 +first\n2 [\s\S]*4 /,
    )
    expect(await kubectl('rollout', 'history', 'deployment/web', '--revision=1')).toMatch(/Image:\s+kinora\.local\/hello:v1/)
    expect(await kubectl('rollout', 'undo', 'deployment/web', '--to-revision=1')).toBe('deployment.apps/web rolled back\n')
    await rolledOut(kubectl, 'web')
    expect(await get(image)).toBe('kinora.local/hello:v1')
    expect(lines(await kubectl('rollout', 'history', 'deployment/web')).at(-1)).toMatch(/^5 /)
    expect(await kubectl('rollout', 'history', 'deployment/web')).not.toMatch(/^1 /m)

    expect(await kubectl('rollout', 'pause', 'deployment/web')).toBe('deployment.apps/web paused\n')
    expect(await kubectl.refused('rollout', 'pause', 'deployment/web')).toMatch(/already paused/)
    await kubectl('set', 'image', 'deployment/web', 'web=kinora.local/hello:v2')
    await until(
      'the pause is observed',
      async () => (await get('.status.observedGeneration')) === (await get('.metadata.generation')),
    )
    expect(await get('.status.updatedReplicas')).toBe('')
    expect(await kubectl('rollout', 'resume', 'deployment/web')).toBe('deployment.apps/web resumed\n')
    await rolledOut(kubectl, 'web')
    expect(await get('.status.updatedReplicas')).toBe('3')

    expect(await kubectl('rollout', 'restart', 'deployment/web')).toBe('deployment.apps/web restarted\n')
    await rolledOut(kubectl, 'web')
    expect(await get('.spec.template.metadata.annotations')).toMatch(/"kubectl\.kubernetes\.io\/restartedAt":"/)
  })

  test.concurrent('label, annotate, patch in three ways, edit, replace', async () => {
    const kubectl = await admin.inNamespace('change')
    await kubectl.with(deployment('web', { replicas: 0 }))('create', '-f', '-')
    expect(await kubectl('label', 'deployment/web', 'tier=front')).toBe('deployment.apps/web labeled\n')
    expect(await kubectl.refused('label', 'deployment/web', 'tier=back')).toMatch(
      /already has a value \(front\), and --overwrite is false/,
    )
    await kubectl('label', 'deployment/web', 'tier=back', '--overwrite')
    await kubectl('label', 'deployment/web', 'app-')
    await kubectl('annotate', 'deployment/web', 'note=by hand')
    const { metadata } = await kubectl.json<Named>('get', 'deployment', 'web')
    expect(metadata.labels).toEqual({ tier: 'back' })
    expect(metadata.annotations).toMatchObject({ note: 'by hand' })

    const patch = (type: string, body: unknown) =>
      kubectl('patch', 'deployment/web', `--type=${type}`, '-p', JSON.stringify(body))
    const container = { name: 'side', image: 'registry.k8s.io/pause' }
    await patch('strategic', { spec: { template: { spec: { containers: [container] } } } })
    const names = ['get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[*].name}']
    expect(await kubectl(...names)).toBe('side web')
    await patch('strategic', { spec: { template: { spec: { containers: [{ $patch: 'delete', name: 'web' }] } } } })
    expect(await kubectl(...names)).toBe('side')
    await patch('merge', { spec: { template: { spec: { containers: [{ name: 'only', image: 'registry.k8s.io/pause' }] } } } })
    expect(await kubectl(...names)).toBe('only')
    await patch('json', [
      { op: 'test', path: '/spec/replicas', value: 0 },
      { op: 'replace', path: '/spec/template/spec/containers/0/name', value: 'last' },
    ])
    expect(await kubectl(...names)).toBe('last')
    expect(await patch('merge', { metadata: { labels: { tier: 'back' } } })).toBe('deployment.apps/web patched (no change)\n')
    expect(await patch('json', [{ op: 'test', path: '/spec/replicas', value: 7 }]).catch(String)).toMatch(/test/i)

    writeFileSync(join(cluster.folder, 'editor'), '#!/bin/sh\nsed -i "s/note: by hand/note: edited/" "$1"\n', { mode: 0o700 })
    expect(await kubectl('edit', 'deployment/web')).toBe('deployment.apps/web edited\n')
    const manifest = await kubectl.json<Named & { spec: { replicas: number } }>('get', 'deployment', 'web')
    expect(manifest.metadata.annotations).toMatchObject({ note: 'edited' })
    const replaced = { ...manifest, spec: { ...manifest.spec, minReadySeconds: 3 } }
    expect(await kubectl.with(JSON.stringify(replaced))('replace', '-f', '-')).toBe('deployment.apps/web replaced\n')
    // The same text a second time is of a version that is no more.
    expect(await kubectl.refusedWith(JSON.stringify(replaced))('replace', '-f', '-')).toMatch(
      /Operation cannot be fulfilled on deployments\.apps "web": the object has been modified; please apply your changes to the latest version and try again/,
    )
  })

  test.concurrent('create and run: bodies in protobuf', async () => {
    const kubectl = await admin.inNamespace('create')
    const made: [words: string[], answer: string, path: string, value: string][] = [
      [
        ['deployment', 'web', '--image=kinora.local/hello', '--replicas=2', '--port=8080'],
        'deployment.apps/web',
        '.spec.replicas',
        '2',
      ],
      [['service', 'clusterip', 'inner', '--tcp=80:8080'], 'service/inner', '.spec.ports[0].targetPort', '8080'],
      [['service', 'nodeport', 'outer', '--tcp=80'], 'service/outer', '.spec.type', 'NodePort'],
      [['service', 'externalname', 'far', '--external-name=example.com'], 'service/far', '.spec.externalName', 'example.com'],
      [['configmap', 'facts', '--from-literal=a=1'], 'configmap/facts', '.data.a', '1'],
      [['secret', 'generic', 'hidden', '--from-literal=p=word'], 'secret/hidden', '.data.p', 'd29yZA=='],
      [['serviceaccount', 'robot'], 'serviceaccount/robot', '.metadata.namespace', 'create'],
      [['job', 'once', '--image=busybox', '--', 'true'], 'job.batch/once', '.spec.template.spec.restartPolicy', 'Never'],
      [
        ['role', 'reader', '--verb=get', '--resource=pods'],
        'role.rbac.authorization.k8s.io/reader',
        '.rules[0].verbs',
        '["get"]',
      ],
      [['quota', 'few', '--hard=pods=20'], 'resourcequota/few', '.spec.hard.pods', '20'],
      [
        ['poddisruptionbudget', 'some', '--selector=a=b', '--min-available=1'],
        'poddisruptionbudget.policy/some',
        '.spec.minAvailable',
        '1',
      ],
      [
        ['ingress', 'door', '--rule=example.com/=inner:80'],
        'ingress.networking.k8s.io/door',
        '.spec.rules[0].host',
        'example.com',
      ],
    ]
    for (const [words, answer, path, value] of made) {
      expect(await kubectl('create', ...words)).toBe(`${answer} created\n`)
      expect(await kubectl('get', answer, '-o', `jsonpath={${path}}`)).toBe(value)
    }
    expect(await kubectl('create', 'namespace', 'create-more')).toBe('namespace/create-more created\n')
    expect(await kubectl('create', 'deployment', 'dry', '--image=x', '--dry-run=server', '-o', 'name')).toBe(
      'deployment.apps/dry\n',
    )
    expect(await kubectl.refused('get', 'deployment', 'dry')).toMatch(/NotFound/)

    expect(await kubectl('run', 'single', '--image=kinora.local/hello', '--port=8080', '--labels=run=single', '--rm=false')).toBe(
      'pod/single created\n',
    )
    expect(await kubectl('expose', 'pod', 'single', '--port=80', '--target-port=8080', '--name=one')).toBe(
      'service/one exposed\n',
    )
    await kubectl('wait', 'pod/single', '--for=condition=Ready', '--timeout=40s')
    await until('its endpoint', async () =>
      / 127\.\S+ /.test(await kubectl('get', 'endpointslices', '-l', 'kubernetes.io/service-name=one')),
    )
  })

  test.concurrent('delete: by file, by label, at once, a namespace with all that is in it; wait', async () => {
    const kubectl = await admin.inNamespace('delete')
    for (const name of ['a', 'b', 'c']) await kubectl.with(configMap(name, {}))('create', '-f', '-')
    expect(await kubectl.with(configMap('a', {}))('delete', '-f', '-')).toMatch(/^configmap "a" deleted/)
    expect(await kubectl('delete', 'configmap', '-l', 'part in (b,c)')).toMatch(/^configmap "b" deleted.*\nconfigmap "c" deleted/)
    expect(await kubectl.refused('delete', 'configmap', 'a')).toBe('Error from server (NotFound): configmaps "a" not found\n')
    expect(await kubectl('delete', 'configmap', 'a', '--ignore-not-found')).toBe('')

    const stubborn = { name: 'c', image: 'busybox', command: ['sh', '-c', "trap '' TERM; while :; do sleep 1; done"] }
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stubborn' }, spec: { containers: [stubborn] } }
    await kubectl.with(JSON.stringify(pod))('create', '-f', '-')
    await kubectl('wait', 'pod/stubborn', '--for=condition=Ready', '--timeout=40s')
    expect(await kubectl('wait', 'pod/stubborn', '--for=jsonpath={.status.phase}=Running', '--timeout=40s')).toBe(
      'pod/stubborn condition met\n',
    )
    await kubectl('delete', 'pod', 'stubborn', '--wait=false')
    await until('it is terminating', async () => / Terminating /.test(await kubectl('get', 'pods')))
    await kubectl('delete', 'pod', 'stubborn', '--force', '--grace-period=0')
    expect(await kubectl.refused('get', 'pod', 'stubborn')).toMatch(/NotFound/)
    expect(await kubectl.refused('wait', 'pod', '-l', 'nobody=here', '--for=condition=Ready')).toMatch(
      /no matching resources found/,
    )

    await kubectl.with(deployment('web', { replicas: 2 }))('apply', '-f', '-')
    await rolledOut(kubectl, 'web')
    await kubectl('expose', 'deployment/web', '--port=80')
    const orphaned = await kubectl('delete', 'deployment', 'web', '--cascade=orphan')
    expect(orphaned).toMatch(/"web" deleted/)
    await until(
      'the ReplicaSet has no owner',
      async () => (await kubectl('get', 'rs', '-o', 'jsonpath={.items[0].metadata.ownerReferences}')) === '',
    )
    const waiting = kubectl('wait', 'namespace/delete', '--for=delete', '--timeout=30s')
    expect(await kubectl('delete', 'namespace', 'delete')).toMatch(/namespace "delete" deleted/)
    await waiting
    expect(await kubectl('get', 'pods,rs,svc,endpointslices,cm,sa,events', '-A', '--no-headers')).not.toMatch(/^delete /m)
  })

  test.concurrent('what the cluster tells of itself', async () => {
    const kubectl = admin
    expect(await kubectl('cluster-info')).toMatch(/Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:\d+/)
    const resources = await kubectl('api-resources')
    expect(resources).toMatch(/^pods +po +v1 +true +Pod$/m)
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m)
    expect(await kubectl('api-resources', '--namespaced=false', '-o', 'name')).toMatch(/^nodes$/m)
    expect(lines(await kubectl('api-versions'))).toEqual(
      expect.arrayContaining(['v1', 'apps/v1', 'discovery.k8s.io/v1', 'policy/v1']),
    )
    expect(await kubectl('explain', 'deployment.spec.replicas')).toMatch(
      /GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n\nFIELD: replicas <integer>/,
    )
    expect(await kubectl('explain', 'pods', '--recursive')).toMatch(/^ +containers\t<\[\]Container> -required-$/m)
    expect(await kubectl('get', '--raw', '/readyz')).toBe('ok')
    expect(await kubectl('get', '--raw', '/metrics')).toMatch(/^# HELP /m)
    expect(await kubectl('auth', 'can-i', 'create', 'pods')).toBe('yes\n')
    expect(await kubectl('auth', 'whoami')).toMatch(/Username +\S*admin/)
    expect(await kubectl('get', 'namespaces', '--no-headers')).toMatch(
      /^default +Active [\s\S]*^kube-node-lease [\s\S]*^kube-public [\s\S]*^kube-system /m,
    )
    expect(await kubectl('get', 'service,endpointslice', 'kubernetes', '--no-headers')).toMatch(
      /service\/kubernetes [\s\S]*endpointslice\S*\/kubernetes /,
    )
    expect(await kubectl('get', 'configmap', 'kube-root-ca.crt', '-o', 'jsonpath={.data.ca\\.crt}')).toMatch(
      /^-----BEGIN CERTIFICATE-----/,
    )
  })

  test.concurrent("refusals in Kubernetes' words", async () => {
    const kubectl = await admin.inNamespace('refuse')
    const create = (text: string) => kubectl.refusedWith(text)('create', '-f', '-')
    await kubectl.with(deployment('web', { replicas: 0 }))('create', '-f', '-')
    expect(await create(deployment('web'))).toBe(
      'Error from server (AlreadyExists): error when creating "STDIN": deployments.apps "web" already exists\n',
    )
    expect(await create(deployment('odd').replace('replicas', 'replica'))).toMatch(
      /^Error from server \(BadRequest\): .*Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec\.replica"/,
    )
    expect(await create(deployment('odd').replace('replicas: 1', 'replicas: many'))).toMatch(
      /cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field .*replicas of type int32/,
    )
    expect(await create(deployment('odd').replace('{ app: odd } }\n    spec', '{ app: even } }\n    spec'))).toMatch(
      /The Deployment "odd" is invalid: spec\.template\.metadata\.labels: Invalid value: .*: `selector` does not match template `labels`/,
    )
    expect(await create(deployment('Odd'))).toMatch(
      /metadata\.name: Invalid value: "Odd": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric/,
    )
    const immutable = deployment('web').replaceAll('{ app: web }', '{ app: other }')
    expect(await kubectl.refusedWith(immutable)('replace', '-f', '-')).toMatch(
      /The Deployment "web" is invalid: .*spec\.selector: Invalid value: .*: field is immutable/,
    )
    expect(await admin.refused('create', 'configmap', 'x', '-n', 'nowhere')).toBe(
      'error: failed to create configmap: namespaces "nowhere" not found\n',
    )
    expect(await kubectl.refused('get', 'pod', 'ghost')).toBe('Error from server (NotFound): pods "ghost" not found\n')
    expect(await kubectl.refused('get', 'ghosts')).toBe('error: the server doesn\'t have a resource type "ghosts"\n')
    expect(await kubectl.refused('get', 'pods', '--field-selector', 'spec.colour=red')).toMatch(
      /field label not supported: spec\.colour/,
    )
    expect(await kubectl.refused('patch', 'deployment', 'web', '-p', '{"spec":{"replicas":-1}}')).toMatch(
      /The Deployment "web" is invalid: spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
    )
    expect(await create(configMap('big', { all: 'x'.repeat(1_048_577) }))).toMatch(
      /The ConfigMap "big" is invalid: \[\]: Too long: may not be more than 1048576 bytes/,
    )
    expect(await create('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{}}')).toMatch(
      /The Pod "p" is invalid: spec\.containers: Required value/,
    )
    expect(await kubectl.refused('delete', 'namespace', 'kube-system')).toMatch(
      /Error from server \(Forbidden\): namespaces "kube-system" is forbidden: this namespace may not be deleted/,
    )
  })
})
