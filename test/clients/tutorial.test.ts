// The tutorial "Kubernetes Basics", step by step as its pages write it, with stock kubectl. Only `kubectl exec` waits.
import { describe, expect, test } from 'vitest'
import { kubectlIsMissing, page, until, useCluster } from './cluster.ts'

describe.skipIf(kubectlIsMissing)('Kubernetes Basics', { timeout: 90_000 }, () => {
  const { kubectl } = useCluster()
  const deployment = 'deployments/kubernetes-bootcamp'
  const podNames = async () =>
    (await kubectl('get', 'pods', '-o', 'go-template', '--template', '{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}'))
      .trim()
      .split('\n')
  let nodePort = ''

  test('create a cluster: its nodes are there and ready', async () => {
    expect(await kubectl('version')).toMatch(/Server Version: v1\.36\./)
    const lines = (await kubectl('get', 'nodes', '--no-headers')).trim().split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) expect(line).toMatch(/^node-\d +Ready /)
  })

  test('deploy an app, and see it through kubectl proxy', async () => {
    const created = await kubectl(
      'create',
      'deployment',
      'kubernetes-bootcamp',
      '--image=gcr.io/google-samples/kubernetes-bootcamp:v1',
    )
    expect(created).toBe('deployment.apps/kubernetes-bootcamp created\n')
    expect(await kubectl('get', 'deployments')).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nkubernetes-bootcamp +[01]\/1 /)
    await kubectl('rollout', 'status', deployment, '--timeout=40s')

    const proxy = kubectl.start('proxy', '--port=0')
    try {
      const [, address] = await proxy.printed(/Starting to serve on (\S+)/)
      expect(JSON.parse(await page(`http://${address}/version`))).toMatchObject({ major: '1', minor: '36' })
      const [pod] = await podNames()
      expect(await page(`http://${address}/api/v1/namespaces/default/pods/${pod}:8080/proxy/`)).toBe(
        `Hello Kubernetes bootcamp! | Running on: ${pod} | v=1\n`,
      )
    } finally {
      await proxy.stop()
    }
  })

  test('explore it: get, describe, logs', async () => {
    const [pod = ''] = await podNames()
    expect(await kubectl('get', 'pods')).toMatch(
      /^NAME +READY +STATUS +RESTARTS +AGE\nkubernetes-bootcamp-\S+ +1\/1 +Running +0 /,
    )
    const described = await kubectl('describe', 'pods')
    expect(described).toMatch(new RegExp(`^Name: +${pod}$`, 'm'))
    expect(described).toMatch(/^IP: +127\./m)
    expect(described).toMatch(/Image: +gcr\.io\/google-samples\/kubernetes-bootcamp:v1/)
    expect(described).toMatch(/Normal +Scheduled .*Successfully assigned/)
    expect(described).toMatch(/Normal +Started /)
    expect(await kubectl('logs', pod)).toMatch(/Kubernetes Bootcamp App Started At: .* \| Running On: +kubernetes-bootcamp-/)
    expect(await kubectl('logs', pod)).toMatch(/Running On: +\S+ \| Total Requests: 1 \|/)
  })

  test('expose it', async () => {
    expect(await kubectl('get', 'services')).toMatch(/^kubernetes +ClusterIP +127\.\S+ +<none> +443\/TCP /m)
    expect(await kubectl('expose', 'deployment/kubernetes-bootcamp', '--type=NodePort', '--port', '8080')).toBe(
      'service/kubernetes-bootcamp exposed\n',
    )
    expect(await kubectl('get', 'services')).toMatch(/^kubernetes-bootcamp +NodePort +127\.\S+ +<none> +8080:3\d{4}\/TCP /m)
    const described = await kubectl('describe', 'services/kubernetes-bootcamp')
    expect(described).toMatch(/^Type: +NodePort$/m)
    expect(described).toMatch(/^Endpoints: +127\.\S+:8080$/m)
    nodePort = await kubectl('get', 'services/kubernetes-bootcamp', '-o', 'go-template={{(index .spec.ports 0).nodePort}}')
    expect(described).toMatch(new RegExp(`^NodePort: +<unset> +${nodePort}/TCP$`, 'm'))
    expect(await until('the node port answers', () => page(`http://127.0.0.1:${nodePort}`))).toMatch(
      /^Hello Kubernetes bootcamp!/,
    )
  })

  test('label it, ask by label, delete the Service', async () => {
    const [pod = ''] = await podNames()
    expect(await kubectl('describe', 'deployment')).toMatch(/Labels: +app=kubernetes-bootcamp/)
    expect(await kubectl('get', 'pods', '-l', 'app=kubernetes-bootcamp', '--no-headers')).toMatch(/^kubernetes-bootcamp-/)
    expect(await kubectl('get', 'services', '-l', 'app=kubernetes-bootcamp', '--no-headers')).toMatch(/^kubernetes-bootcamp /)
    expect(await kubectl('label', 'pods', pod, 'version=v1')).toBe(`pod/${pod} labeled\n`)
    expect(await kubectl('describe', 'pods', pod)).toMatch(/^ +version=v1$/m)
    expect(await kubectl('get', 'pods', '-l', 'version=v1', '-o', 'name')).toBe(`pod/${pod}\n`)

    expect(await kubectl('delete', 'service', '-l', 'app=kubernetes-bootcamp')).toMatch(/^service "kubernetes-bootcamp" deleted/)
    expect(await kubectl('get', 'services', '-o', 'name')).toBe('service/kubernetes\n')
    await until('the node port is closed', () =>
      page(`http://127.0.0.1:${nodePort}`).then(
        () => false,
        () => true,
      ),
    )
    expect(await kubectl('get', 'pods', '--no-headers')).toMatch(/ Running /)
  })

  test('scale it, and see the load balanced', async () => {
    await kubectl('expose', 'deployment/kubernetes-bootcamp', '--type=NodePort', '--port', '8080')
    expect(await kubectl('get', 'rs', '--no-headers')).toMatch(/^kubernetes-bootcamp-\S+ +1 +1 +1 /)
    expect(await kubectl('scale', deployment, '--replicas=4')).toBe('deployment.apps/kubernetes-bootcamp scaled\n')
    await kubectl('wait', deployment, '--for=jsonpath={.status.readyReplicas}=4', '--timeout=40s')
    expect(await kubectl('get', 'deployments', '--no-headers')).toMatch(/^kubernetes-bootcamp +4\/4 +4 +4 /)
    const wide = (await kubectl('get', 'pods', '-o', 'wide', '--no-headers')).trim().split('\n')
    expect(new Set(wide.map((line) => line.match(/ (127\.\S+) +node-/)?.[1])).size).toBe(4)
    expect(new Set(wide.map((line) => line.match(/ (node-\d) /)?.[1])).size).toBeGreaterThan(1)
    expect(await kubectl('describe', deployment)).toMatch(/Scaled up replica set kubernetes-bootcamp-\S+ from 1 to 4/)

    nodePort = await kubectl('get', 'services/kubernetes-bootcamp', '-o', 'go-template={{(index .spec.ports 0).nodePort}}')
    const answered = new Set<string>()
    await until('each of the four pods answers', async () => answered.add(await page(`http://127.0.0.1:${nodePort}`)).size === 4)

    await kubectl('scale', deployment, '--replicas=2')
    await until('two pods are left', async () => (await podNames()).length === 2)
    expect(await kubectl('get', 'deployments', '--no-headers')).toMatch(/^kubernetes-bootcamp +2\/2 /)
  })

  test('update it, and roll an update back that cannot work', async () => {
    expect(await kubectl('set', 'image', deployment, 'kubernetes-bootcamp=docker.io/jocatalin/kubernetes-bootcamp:v2')).toBe(
      'deployment.apps/kubernetes-bootcamp image updated\n',
    )
    expect(await kubectl('rollout', 'status', deployment, '--timeout=40s')).toMatch(/successfully rolled out\n$/)
    // Pods that are about to end go on answering until every node has stopped choosing them; no request may fail meanwhile.
    const failed: unknown[] = []
    const newPage = () =>
      page(`http://127.0.0.1:${nodePort}`).then(
        (text) => text.endsWith(' | v=2\n'),
        (error) => failed.push(error) === 0,
      )
    await until('only the new version answers', newPage)
    expect(failed).toEqual([])
    expect(await kubectl('describe', 'pods')).toMatch(/Image: +docker\.io\/jocatalin\/kubernetes-bootcamp:v2/)

    await kubectl('set', 'image', deployment, 'kubernetes-bootcamp=gcr.io/google-samples/kubernetes-bootcamp:v10')
    await until('ImagePullBackOff', async () => / ImagePullBackOff /.test(await kubectl('get', 'pods')))
    expect(await kubectl('get', 'deployments', '--no-headers')).toMatch(/^kubernetes-bootcamp +2\/2 +1 +2 /)
    expect(await kubectl('describe', 'pods')).toMatch(/Warning +Failed .*kubernetes-bootcamp:v10/)
    expect(await page(`http://127.0.0.1:${nodePort}`)).toMatch(/ \| v=2\n$/)

    expect(await kubectl('rollout', 'undo', deployment)).toBe('deployment.apps/kubernetes-bootcamp rolled back\n')
    await kubectl('rollout', 'status', deployment, '--timeout=40s')
    await until('the broken pod is gone', async () => (await podNames()).length === 2)
    expect(await kubectl('get', 'pods', '--no-headers')).toMatch(/^(kubernetes-bootcamp-\S+ +1\/1 +Running .*\n){2}$/)
    expect(await kubectl('describe', 'pods')).not.toMatch(/:v10/)
  })

  test('clean up', async () => {
    expect(await kubectl('delete', 'deployments/kubernetes-bootcamp', 'services/kubernetes-bootcamp')).toMatch(
      /deployment.*\n.*service/,
    )
    await until('nothing of it is left', async () => (await kubectl('get', 'pods,rs', '-o', 'name')) === '')
  })
})
