// What a pod gets and how it fares, seen through stock kubectl on real processes: environment, volumes, init containers, probes,
// restarts, images that do not exist, pods that fit nowhere. Each test has a namespace of its own and runs beside the others.
import { describe, expect, test } from 'vitest'
import { type Kubectl, kubectlIsMissing, until, useCluster } from './cluster.ts'

interface Why {
  readonly object: string
  readonly reasons: { readonly decision: string; readonly message: string; readonly perNode?: Readonly<Record<string, string>> }[]
}

const files = {
  'greet.sh': 'echo "$GREETING, $1"; exec sleep 1000\n',
  'images.yaml': `images:
  - name: example.test/greeter:v1
    command: [/bin/sh, greet.sh]
    args: [world]
    env: { GREETING: hello }
    directory: .
    workingDir: .
`,
}

/** A pod whose only container runs a line of shell, unless its fields say something else. */
const shell = (name: string, line: string, container: object = {}, spec: object = {}) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { run: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', line], ...container }],
      ...spec,
    },
  })

const create = (kubectl: Kubectl, manifest: string) => kubectl.with(manifest)('create', '-f', '-')
const field = (kubectl: Kubectl, pod: string, path: string) => kubectl('get', 'pod', pod, '-o', `jsonpath={${path}}`)
const ended = (kubectl: Kubectl, pod: string, phase: string) =>
  kubectl('wait', `pod/${pod}`, `--for=jsonpath={.status.phase}=${phase}`, '--timeout=60s')
const ready = (kubectl: Kubectl, pod: string) => kubectl('wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=60s')
const forever = 'while :; do sleep 1; done'

describe.skipIf(kubectlIsMissing)('workloads', { timeout: 90_000 }, () => {
  const { kubectl: admin, kinora } = useCluster({ files, images: 'images.yaml' })

  test.concurrent('environment: values, ConfigMap, Secret, fields of the pod, Services', async () => {
    const kubectl = await admin.inNamespace('environment')
    await kubectl('create', 'configmap', 'facts', '--from-literal=COLOUR=red', '--from-literal=SIZE=9')
    await kubectl('create', 'secret', 'generic', 'hidden', '--from-literal=word=swordfish')
    await kubectl('create', 'service', 'clusterip', 'data-base', '--tcp=5432')
    const env = [
      { name: 'PLAIN', value: 'a' },
      { name: 'COMPOSED', value: '$(PLAIN)-$(COLOUR_TOO)-$$(PLAIN)-$(NOWHERE)' },
      { name: 'COLOUR_TOO', valueFrom: { configMapKeyRef: { name: 'facts', key: 'COLOUR' } } },
      { name: 'WORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'word' } } },
      { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'facts', key: 'none', optional: true } } },
      { name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'MY_NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'MY_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'MY_RUN', valueFrom: { fieldRef: { fieldPath: "metadata.labels['run']" } } },
    ]
    const envFrom = [{ configMapRef: { name: 'facts' } }, { prefix: 'S_', secretRef: { name: 'hidden' } }]
    await create(kubectl, shell('printer', 'env | sort', { env, envFrom }, { restartPolicy: 'Never' }))
    await ended(kubectl, 'printer', 'Succeeded')
    const printed = Object.fromEntries(
      (await kubectl('logs', 'printer'))
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s)),
    )
    expect(printed).toMatchObject({
      PLAIN: 'a',
      // Only what stands before it is known to a variable.
      COMPOSED: 'a-$(COLOUR_TOO)-$(PLAIN)-$(NOWHERE)',
      COLOUR_TOO: 'red',
      COLOUR: 'red',
      SIZE: '9',
      WORD: 'swordfish',
      S_word: 'swordfish',
      ME: 'printer',
      MY_RUN: 'printer',
      HOSTNAME: 'printer',
      MY_NODE: await field(kubectl, 'printer', '.spec.nodeName'),
      MY_IP: await field(kubectl, 'printer', '.status.podIP'),
      DATA_BASE_SERVICE_HOST: await kubectl('get', 'service', 'data-base', '-o', 'jsonpath={.spec.clusterIP}'),
      DATA_BASE_SERVICE_PORT: '5432',
      KUBERNETES_SERVICE_PORT: '443',
    })
    expect(printed).not.toHaveProperty('ABSENT')
    // Nothing of the one who brought the cluster up.
    expect(Object.keys(printed).filter((name) => /^(XDG|KUBECONFIG|NODE_|VITEST)/.test(name))).toEqual([])

    await create(
      kubectl,
      shell('lacking', 'true', { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'nothing', key: 'x' } } }] }),
    )
    const reason = '.status.containerStatuses[0].state.waiting.reason'
    await until('the ConfigMap is missed', async () => (await field(kubectl, 'lacking', reason)) === 'CreateContainerConfigError')
    expect(await field(kubectl, 'lacking', '.status.containerStatuses[0].state.waiting.message')).toMatch(
      /configmap "nothing" not found/,
    )
  })

  test.concurrent('volumes: emptyDir shared, ConfigMap and Secret as files', async () => {
    const kubectl = await admin.inNamespace('volumes')
    await kubectl('create', 'configmap', 'facts', '--from-literal=colour=red', '--from-literal=size=9')
    await kubectl('create', 'secret', 'generic', 'hidden', '--from-literal=word=swordfish')
    const volumes = [
      { name: 'shared', emptyDir: {} },
      { name: 'facts', configMap: { name: 'facts', items: [{ key: 'colour', path: 'deep/colour.txt' }] } },
      { name: 'hidden', secret: { secretName: 'hidden' } },
    ]
    const writer = {
      name: 'writer',
      image: 'busybox',
      command: ['sh', '-c', `echo written > "$KINORA_ROOT/scratch/note"; ${forever}`],
      volumeMounts: [{ name: 'shared', mountPath: '/scratch' }],
    }
    const reader = {
      name: 'reader',
      image: 'busybox',
      command: [
        'sh',
        '-c',
        `cd "$KINORA_ROOT"; until cat in/note; do sleep 0.1; done 2>/dev/null; cat etc/facts/deep/colour.txt; echo; cat etc/hidden/word; echo; ls etc/facts; ${forever}`,
      ],
      volumeMounts: [
        { name: 'shared', mountPath: '/in' },
        { name: 'facts', mountPath: '/etc/facts', readOnly: true },
        { name: 'hidden', mountPath: '/etc/hidden' },
      ],
    }
    await create(kubectl, shell('files', '', {}, { volumes, containers: [writer, reader] }))
    await until(
      'all was read',
      async () => (await kubectl('logs', 'files', '-c', 'reader')) === 'written\nred\nswordfish\ndeep\n',
    )
    await create(kubectl, shell('lost', forever, {}, { volumes: [{ name: 'v', configMap: { name: 'nothing' } }] }))
    await until('the volume is missed', async () =>
      /FailedMount.*configmap "nothing" not found/.test(await kubectl('events', '--for', 'pod/lost')),
    )
    expect(await kubectl('get', 'pod', 'lost', '--no-headers')).toMatch(/^lost +0\/1 +ContainerCreating +0 /)
  })

  test.concurrent('init containers run one after the other, before the others', async () => {
    const kubectl = await admin.inNamespace('init')
    const init = (name: string, line: string) => ({
      name,
      image: 'busybox',
      command: ['sh', '-c', `cd "$KINORA_ROOT/w"; ${line}`],
      volumeMounts: [{ name: 'w', mountPath: '/w' }],
    })
    const spec = {
      volumes: [{ name: 'w', emptyDir: {} }],
      initContainers: [init('one', 'echo 1 > f'), init('two', 'echo 2 >> f')],
    }
    await create(
      kubectl,
      shell('ordered', `cat "$KINORA_ROOT/w/f"; ${forever}`, { volumeMounts: [{ name: 'w', mountPath: '/w' }] }, spec),
    )
    await ready(kubectl, 'ordered')
    expect(await kubectl('logs', 'ordered')).toBe('1\n2\n')
    expect(await field(kubectl, 'ordered', '.status.initContainerStatuses[*].state.terminated.reason')).toBe(
      'Completed Completed',
    )
    const failing = { ...spec, initContainers: [init('one', 'echo no; exit 3')], restartPolicy: 'Never' }
    await create(kubectl, shell('failing', forever, {}, failing))
    await ended(kubectl, 'failing', 'Failed')
    expect(await kubectl('get', 'pod', 'failing', '--no-headers')).toMatch(/^failing +0\/1 +Init:Error +0 /)
    expect(await kubectl('logs', 'failing', '-c', 'one')).toBe('no\n')
  })

  test.concurrent('readiness by exec, http and tcp decides about endpoints', async () => {
    const kubectl = await admin.inNamespace('readiness')
    const quick = { periodSeconds: 1, failureThreshold: 1 }
    const served = { image: 'kinora.local/hello', command: null }
    await create(kubectl, shell('http', '', { ...served, readinessProbe: { ...quick, httpGet: { path: '/', port: 8080 } } }))
    await create(kubectl, shell('tcp', '', { ...served, readinessProbe: { ...quick, tcpSocket: { port: 8080 } } }))
    await create(kubectl, shell('shut', forever, { readinessProbe: { ...quick, tcpSocket: { port: 8080 } } }))
    const command = ['sh', '-c', 'test -e "$KINORA_ROOT/on"']
    await create(
      kubectl,
      shell('exec', `sleep 1; touch "$KINORA_ROOT/on"; ${forever}`, { readinessProbe: { ...quick, exec: { command } } }),
    )
    await kubectl('wait', 'pod/http', 'pod/tcp', 'pod/exec', '--for=condition=Ready', '--timeout=60s')
    await until('the probe that fails is told', async () =>
      /Unhealthy.*Readiness probe failed:.*refused/i.test(await kubectl('events', '--for', 'pod/shut')),
    )
    expect(await kubectl('get', 'pod', 'shut', '--no-headers')).toMatch(/^shut +0\/1 +Running +0 /)
    await kubectl('expose', 'pod', 'shut', '--port=8080')
    const condition = 'jsonpath={.items[0].endpoints[0].conditions.ready}'
    const slices = ['get', 'endpointslices', '-l', 'kubernetes.io/service-name=shut', '-o', condition]
    await until('an endpoint that is not ready', async () => (await kubectl(...slices)) === 'false')
  })

  test.concurrent('liveness and startup probes restart a container', async () => {
    const kubectl = await admin.inNamespace('liveness')
    const failing = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 }
    await create(kubectl, shell('sick', forever, { livenessProbe: failing }))
    await create(kubectl, shell('slow', forever, { startupProbe: failing, livenessProbe: failing }))
    for (const pod of ['sick', 'slow']) {
      await until(
        `${pod} is started again`,
        async () => Number(await field(kubectl, pod, '.status.containerStatuses[0].restartCount')) > 0,
      )
      expect(await field(kubectl, pod, '.status.containerStatuses[0].lastState.terminated.exitCode')).toMatch(/^(137|143)$/)
    }
    expect(await kubectl('events', '--for', 'pod/sick')).toMatch(
      /Killing +Pod\/sick +Container main failed liveness probe, will be restarted/,
    )
    expect(await kubectl('events', '--for', 'pod/slow')).toMatch(/Unhealthy +Pod\/slow +Startup probe failed/)
    const why = JSON.parse(await kinora('why', 'pod/sick', '-n', 'liveness', '-o', 'json')) as Why
    expect(why.reasons.map(({ message }) => message).join('\n')).toMatch(/liveness/)
  })

  test.concurrent('restart policies, CrashLoopBackOff, logs of what has ended', async () => {
    const kubectl = await admin.inNamespace('restarts')
    await create(kubectl, shell('never', 'echo last words; exit 7', {}, { restartPolicy: 'Never' }))
    await create(kubectl, shell('done', 'echo fine', {}, { restartPolicy: 'OnFailure' }))
    const once = 'test -e "$KINORA_ROOT/w/x" && exit 0; touch "$KINORA_ROOT/w/x"; exit 1'
    const kept = { volumeMounts: [{ name: 'w', mountPath: '/w' }] }
    await create(kubectl, shell('retried', once, kept, { restartPolicy: 'OnFailure', volumes: [{ name: 'w', emptyDir: {} }] }))
    await create(kubectl, shell('crashing', 'echo again; exit 2'))
    await ended(kubectl, 'never', 'Failed')
    await ended(kubectl, 'done', 'Succeeded')
    expect(await kubectl('logs', 'never')).toBe('last words\n')
    expect(await field(kubectl, 'never', '.status.containerStatuses[0].state.terminated.exitCode')).toBe('7')
    expect(await kubectl('get', 'pod', 'never', '--no-headers')).toMatch(/^never +0\/1 +Error +0 /)
    expect(await kubectl('get', 'pod', 'done', '--no-headers')).toMatch(/^done +0\/1 +Completed +0 /)
    await ended(kubectl, 'retried', 'Succeeded')
    expect(await field(kubectl, 'retried', '.status.containerStatuses[0].restartCount')).toBe('1')
    await until('CrashLoopBackOff', async () =>
      /^crashing +0\/1 +CrashLoopBackOff +[1-9]/.test(await kubectl('get', 'pod', 'crashing', '--no-headers')),
    )
    expect(await kubectl('logs', 'crashing', '--previous')).toBe('again\n')
    expect(await kubectl('describe', 'pod', 'crashing')).toMatch(
      /Warning +BackOff .*Back-off restarting failed container main in pod crashing/,
    )
    expect(await field(kubectl, 'crashing', '.status.containerStatuses[0].lastState.terminated.exitCode')).toBe('2')
  })

  test.concurrent('images: from a file, with args; one that does not exist says what to do', async () => {
    const kubectl = await admin.inNamespace('images')
    await kubectl('run', 'greeter', '--image=example.test/greeter:v1')
    await kubectl('run', 'greeter-too', '--image=example.test/greeter:v1', '--env=GREETING=goodbye', '--', 'moon')
    await kubectl('wait', 'pod/greeter', 'pod/greeter-too', '--for=condition=Ready', '--timeout=60s')
    await until('its words', async () => (await kubectl('logs', 'greeter')) === 'hello, world\n')
    await until('its words', async () => (await kubectl('logs', 'greeter-too')) === 'goodbye, moon\n')

    await kubectl('run', 'unknown', '--image=example.test/nothing:v9')
    const seen = new Set<string>()
    await until('ErrImagePull, then ImagePullBackOff', async () => {
      seen.add(await field(kubectl, 'unknown', '.status.containerStatuses[0].state.waiting.reason'))
      return seen.has('ImagePullBackOff')
    })
    const described = await kubectl('describe', 'pod', 'unknown')
    expect(described).toMatch(/Warning +Failed .*Failed to pull image "example\.test\/nothing:v9": .*--images/)
    expect(described).toMatch(/Warning +Failed .*Error: ErrImagePull/)
    expect(described).toMatch(/Normal +BackOff .*Back-off pulling image "example\.test\/nothing:v9"/)
    expect(await kubectl.refused('logs', 'unknown')).toMatch(
      /container "unknown" in pod "unknown" is waiting to start: trying and failing to pull image/,
    )
  })

  test.concurrent('a pod that fits nowhere stays pending, and kinora why says of each node why', async () => {
    const kubectl = await admin.inNamespace('nowhere')
    await create(kubectl, shell('huge', forever, { resources: { requests: { cpu: '4000' } } }))
    await create(kubectl, shell('picky', forever, {}, { nodeSelector: { disk: 'golden' } }))
    const message = '.status.conditions[?(@.type=="PodScheduled")].message'
    await until('huge is judged', () => field(kubectl, 'huge', message))
    expect(await field(kubectl, 'huge', message)).toMatch(/^0\/3 nodes are available: 3 Insufficient cpu\./)
    await until('picky is judged', () => field(kubectl, 'picky', message))
    expect(await field(kubectl, 'picky', message)).toMatch(
      /^0\/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector\./,
    )
    expect(await kubectl('get', 'pods', '--no-headers')).toMatch(/^huge +0\/1 +Pending +0 .*\npicky +0\/1 +Pending +0 /)
    expect(await kubectl('describe', 'pod', 'huge')).toMatch(/Warning +FailedScheduling .*0\/3 nodes are available/)

    const why = JSON.parse(await kinora('why', 'pod/huge', '-n', 'nowhere', '-o', 'json')) as Why
    expect(why.object).toMatch(/huge/)
    const perNode = why.reasons.findLast((reason) => reason.perNode)?.perNode ?? {}
    expect(Object.keys(perNode).sort()).toEqual(['node-1', 'node-2', 'node-3'])
    for (const verdict of Object.values(perNode)) expect(verdict).toMatch(/Insufficient cpu/)

    await kubectl('label', 'node', 'node-3', 'disk=golden')
    await ready(kubectl, 'picky')
    expect(await field(kubectl, 'picky', '.spec.nodeName')).toBe('node-3')
  })
})
