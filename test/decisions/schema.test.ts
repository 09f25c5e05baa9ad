import { describe, expect, test } from 'vitest'
import { decodeTyped } from '../../model/codec/decode.ts'
import type { KubeObject } from '../../model/object.ts'
import { convert } from '../../model/schema/conversion.ts'
import {
  allResources,
  compareVersions,
  findResource,
  groupVersions,
  preferredVersion,
  resourceForKind,
  storedResource,
} from '../../model/schema/resources.ts'
import { typeForKind, typeOf } from '../../model/schema/types.ts'

describe('resources', () => {
  test('are found by path and by kind', () => {
    const deployments = findResource('apps', 'v1', 'deployments')
    expect(deployments).toMatchObject({
      kind: 'Deployment',
      listKind: 'DeploymentList',
      namespaced: true,
      storageName: 'deployments.apps',
    })
    expect(resourceForKind('apps/v1', 'Deployment')).toBe(deployments)
    expect(deployments?.subresources.scale).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' })
    expect(findResource('apps', 'v2', 'deployments')).toBeUndefined()
    expect(findResource('', 'v1', '__proto__')).toBeUndefined()
  })

  test('have one stored form, which is served', () => {
    for (const resource of allResources()) {
      const stored = storedResource(resource.storageName)
      expect(stored?.kind, resource.storageName).toBe(resource.kind)
      expect({ group: stored?.group, version: stored?.version }).toEqual(resource.storage)
    }
    expect(findResource('events.k8s.io', 'v1', 'events')?.storageName).toBe('events')
    expect(findResource('autoscaling', 'v1', 'horizontalpodautoscalers')?.storage.version).toBe('v2')
  })

  test('and their kinds have types', () => {
    for (const { group, version, kind, listKind, verbs } of allResources()) {
      expect(typeForKind(group, version, kind), kind).toBeDefined()
      if (verbs.has('list')) expect(typeForKind(group, version, listKind), listKind).toBeDefined()
    }
  })

  test('versions are ordered as Kubernetes prefers them', () => {
    const versions = ['v11alpha2', 'foo1', 'v3beta1', 'v10beta3', 'v2', 'v12alpha1', 'v1', 'foo10', 'v11beta2', 'v10']
    expect(versions.sort(compareVersions)).toEqual([
      'v10',
      'v2',
      'v1',
      'v11beta2',
      'v10beta3',
      'v3beta1',
      'v12alpha1',
      'v11alpha2',
      'foo1',
      'foo10',
    ])
    expect(preferredVersion('resource.k8s.io')).toBe('v1')
    expect(groupVersions()[0]).toEqual({ group: '', version: 'v1' })
  })
})

describe('types', () => {
  test('flatten what they embed, and say how protobuf sees it', () => {
    const volume = typeOf('io.k8s.api.core.v1.Volume')
    expect(volume.fields.get('emptyDir')).toMatchObject({ number: 2, pointer: true })
    expect(volume.embedded).toEqual([{ number: 2, type: 'io.k8s.api.core.v1.VolumeSource' }])
    expect(volume.ownFields.map(({ name }) => name)).toEqual(['name'])
  })

  test('tell the keys of strategic merge from those of apply', () => {
    const ports = typeOf('io.k8s.api.core.v1.ServiceSpec').fields.get('ports')
    expect(ports).toMatchObject({ list: 'map', keys: ['port', 'protocol'], mergeKey: 'port', strategies: ['merge'] })
  })

  test('all can be decoded from nothing', () => {
    for (const { group, version, kind } of allResources()) {
      const type = typeForKind(group, version, kind)
      if (type) expect(decodeTyped({}, type).unknown).toEqual([])
    }
  })
})

describe('conversion', () => {
  test('events keep everything in both directions', () => {
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'p' },
      reason: 'Started',
      message: 'Started container',
      source: { component: 'kubelet', host: 'node-1' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 2,
      type: 'Normal',
      reportingComponent: 'kubelet',
      reportingInstance: 'node-1',
    }
    const converted = convert(event, 'events.k8s.io/v1')
    expect(converted).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: { name: 'p' },
      note: 'Started container',
      deprecatedCount: 2,
      deprecatedSource: { host: 'node-1' },
      reportingController: 'kubelet',
    })
    expect(convert(converted, 'v1')).toEqual(event)
  })

  const spec = {
    maxReplicas: 3,
    minReplicas: 1,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'w' },
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '500Mi' } } },
      { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '1k' } } },
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Service', name: 's' },
          metric: { name: 'hits', selector: { matchLabels: { a: 'b' } } },
          target: { type: 'Value', value: '10' },
        },
      },
      { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } } },
    ],
    behavior: { scaleDown: { selectPolicy: 'Disabled', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] } },
  }
  const autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'a' },
    spec,
    status: { desiredReplicas: 0, currentMetrics: null },
  }

  test('an autoscaler keeps in annotations what v1 has no fields for', () => {
    const v1 = convert(autoscaler, 'autoscaling/v1')
    expect(v1).toMatchObject({ spec: { targetCPUUtilizationPercentage: 70 }, status: { currentReplicas: 0, desiredReplicas: 0 } })
    expect(v1.metadata.annotations?.['autoscaling.alpha.kubernetes.io/behavior']).toBe(
      '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Disabled","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}]}}',
    )
    expect(v1.metadata.annotations?.['autoscaling.alpha.kubernetes.io/metrics']).toContain(
      '{"type":"Resource","resource":{"name":"memory","targetAverageValue":"500Mi"}}',
    )
    expect(convert(v1, 'autoscaling/v2')).toEqual(autoscaler)
  })

  test('annotations that anybody wrote do no harm', () => {
    for (const text of ['', 'x', '5', '[5]', '[{"type":"Resource","resource":{"targetAverageValue":{}}}]', '{"__proto__":1}']) {
      const annotations = {
        'autoscaling.alpha.kubernetes.io/metrics': text,
        'autoscaling.alpha.kubernetes.io/behavior': text,
        'autoscaling.alpha.kubernetes.io/conditions': text,
      }
      const v1 = { ...autoscaler, apiVersion: 'autoscaling/v1', metadata: { name: 'a', annotations }, spec: { maxReplicas: 3 } }
      expect(convert(v1 as unknown as KubeObject, 'autoscaling/v2')).toMatchObject({ spec: { maxReplicas: 3 } })
    }
  })

  test('other versions differ by name alone', () => {
    const slice = { apiVersion: 'resource.k8s.io/v1beta1', kind: 'ResourceSlice', metadata: { name: 's' }, spec: {} }
    expect(convert(slice, 'resource.k8s.io/v1')).toEqual({ ...slice, apiVersion: 'resource.k8s.io/v1' })
  })
})
