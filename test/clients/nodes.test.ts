// What an operator does to nodes with stock kubectl: cordon, taint, drain. Step by step: each leaves the cluster to the next.
import { describe, expect, test } from 'vitest'
import { kubectlIsMissing, until, useCluster } from './cluster.ts'

describe.skipIf(kubectlIsMissing)('nodes', { timeout: 90_000 }, () => {
  const { kubectl } = useCluster()
  const nodesOf = async (selector: string) =>
    (
      await kubectl(
        'get',
        'pods',
        '-l',
        selector,
        '-o',
        'jsonpath={range .items[*]}{.spec.nodeName}{" "}{.status.phase}{"\\n"}{end}',
      )
    )
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '')
  const rolledOut = (name: string) => kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s')

  test('cordon keeps new pods away and leaves the others [N9]', async () => {
    await kubectl('create', 'deployment', 'web', '--image=kinora.local/hello', '--replicas=6')
    await rolledOut('web')
    expect(new Set(await nodesOf('app=web'))).toEqual(new Set(['node-1', 'node-2', 'node-3']))
    expect(await kubectl('cordon', 'node-1')).toBe('node/node-1 cordoned\n')
    expect(await kubectl('cordon', 'node-1')).toBe('node/node-1 already cordoned\n')
    expect(await kubectl('get', 'nodes', 'node-1', '--no-headers')).toMatch(/^node-1 +Ready,SchedulingDisabled /)
    expect(await kubectl('get', 'node', 'node-1', '-o', 'jsonpath={.spec.taints[*].key}')).toBe(
      'node.kubernetes.io/unschedulable',
    )
    await kubectl('create', 'deployment', 'later', '--image=kinora.local/hello', '--replicas=4')
    await rolledOut('later')
    expect(await nodesOf('app=later')).not.toContain('node-1')
    expect(await nodesOf('app=web')).toContain('node-1')
    expect(await kubectl('uncordon', 'node-1')).toBe('node/node-1 uncordoned\n')
    await until('the taint is gone', async () => (await kubectl('get', 'node', 'node-1', '-o', 'jsonpath={.spec.taints}')) === '')
    await kubectl('delete', 'deployment', 'later')
  })

  test('a NoSchedule taint wants a toleration; NoExecute moves the pods that have none', async () => {
    expect(await kubectl('taint', 'nodes', 'node-2', 'kept=for-some:NoExecute')).toBe('node/node-2 tainted\n')
    await until('no pod is left on node-2', async () => {
      const on = await nodesOf('app=web')
      return on.length === 6 && !on.includes('node-2')
    })
    await rolledOut('web')
    const tolerant = {
      nodeSelector: { 'kubernetes.io/hostname': 'node-2' },
      tolerations: [{ key: 'kept', operator: 'Exists' }],
    }
    const overrides = JSON.stringify({ apiVersion: 'v1', spec: tolerant })
    await kubectl('run', 'tolerant', '--image=registry.k8s.io/pause', `--overrides=${overrides}`)
    await kubectl('wait', 'pod/tolerant', '--for=condition=Ready', '--timeout=60s')
    expect(await kubectl('get', 'pod', 'tolerant', '-o', 'jsonpath={.spec.nodeName}')).toBe('node-2')
    expect(await kubectl('taint', 'nodes', 'node-2', 'kept-')).toBe('node/node-2 untainted\n')
    expect(await kubectl.refused('taint', 'nodes', 'node-2', 'kept-')).toMatch(/taint "kept" not found/)
  })

  test('drain evicts what can come back elsewhere', async () => {
    // Of a pod that belongs to nobody it asks first.
    expect(await kubectl.refused('drain', 'node-2')).toMatch(/cannot delete.*declare no controller.*default\/tolerant/s)
    const drained = await kubectl('drain', 'node-2', '--force', '--ignore-daemonsets', '--timeout=60s')
    expect(drained).toMatch(/^pod\/tolerant evicted$/m)
    expect(drained).toMatch(/^node\/node-2 drained$/m)
    await rolledOut('web')
    expect(await nodesOf('app=web')).not.toContain('node-2')
    expect(await kubectl.refused('get', 'pod', 'tolerant')).toMatch(/NotFound/)
    await kubectl('uncordon', 'node-2')
    await kubectl('label', 'node', 'node-3', 'zone=far')
    expect(await kubectl('get', 'nodes', '-l', 'zone=far', '-o', 'name')).toBe('node/node-3\n')
  })
})
