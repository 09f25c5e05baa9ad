// Discovery in both forms, against the documents that a real API server answered (../shared/differential).
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiGroupDiscoveryList } from '../../model/discovery/aggregated.ts'
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from '../../model/discovery/legacy.ts'
import { KUBERNETES, versionInfo } from '../../model/discovery/version.ts'
import { allResources, groupVersions } from '../../model/schema/resources.ts'

const CASES = join(import.meta.dirname, '../../../shared/differential/cases/discovery')

test.skipIf(missing(CASES))('recorded documents: all that they name is there and equal', () => {
  for (const file of readdirSync(CASES).filter((name) => name !== 'version.json')) {
    const { steps } = JSON.parse(readFileSync(join(CASES, file), 'utf8'))
    for (const { request, expect: expected } of steps) {
      const [, root, ...rest] = request.path.split('/')
      const [group, version] = root === 'api' ? ['', rest[0]] : rest
      const got = version === undefined ? apiGroup(group) : apiResourceList(group, version)
      const { resources, versions, ...head } = expected.body
      expect(got, file).toMatchObject(head)
      if (versions) expect(apiGroup(group)?.versions, file).toEqual(expect.arrayContaining(versions))
      const ours = apiResourceList(group, version)?.resources ?? []
      for (const resource of resources ?? []) expect(ours, `${file}: ${resource.name}`).toContainEqual(resource)
    }
  }
})

test('kubectl drain finds pods/eviction with a group and a version of its own', () => {
  const eviction = apiResourceList('', 'v1')?.resources.find(({ name }) => name === 'pods/eviction')
  expect(eviction).toMatchObject({ group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'], singularName: '' })
})

test('the aggregated form names the same resources and subresources as the old one', () => {
  const items = [...apiGroupDiscoveryList('core', 'v2').items, ...apiGroupDiscoveryList('named', 'v2').items]
  const names = items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.flatMap(({ resource, subresources = [] }) =>
        [resource, ...subresources.map((s) => `${resource}/${s.subresource}`)].map(
          (name) => `${metadata.name}/${version}/${name}`,
        ),
      ),
    ),
  )
  const old = groupVersions().flatMap(({ group, version }) =>
    (apiResourceList(group, version)?.resources ?? []).map(({ name }) => `${group}/${version}/${name}`),
  )
  expect(names.sort()).toEqual(old.sort())
})

test('groups come in the order of a real server, versions by priority', () => {
  const { groups } = apiGroupList()
  expect(groups.slice(0, 4).map(({ name }) => name)).toEqual([
    'apiregistration.k8s.io',
    'apps',
    'events.k8s.io',
    'authentication.k8s.io',
  ])
  const autoscaling = groups.find(({ name }) => name === 'autoscaling')
  expect(autoscaling?.versions.map(({ version }) => version)).toEqual(['v2', 'v1'])
  expect(autoscaling?.preferredVersion.version).toBe('v2')
  expect(groups.some(({ name }) => name === '')).toBe(false)
})

test('what is not served has no document', () => {
  expect(apiGroup('')).toBeUndefined()
  expect(apiGroup('example.com')).toBeUndefined()
  expect(apiResourceList('apps', 'v2')).toBeUndefined()
})

test('other resources than the built-in ones can be described', () => {
  const deployments = allResources().find(({ plural }) => plural === 'deployments')
  const things = { ...deployments, group: 'example.com', apiVersion: 'example.com/v1', plural: 'things' } as ReturnType<
    typeof allResources
  >[0]
  expect(apiGroupDiscoveryList('named', 'v2beta1', [things]).items.map(({ metadata }) => metadata.name)).toEqual(['example.com'])
  expect(apiGroupList([things]).groups[0]?.versions).toEqual([{ groupVersion: 'example.com/v1', version: 'v1' }])
})

test('versions are integers and a release that clients can parse', () => {
  const info = versionInfo('0.1.0', 'linux/amd64')
  expect(info.major).toMatch(/^\d+$/)
  expect(info.minor).toBe(KUBERNETES.minor)
  expect(info.gitVersion).toMatch(/^v\d+\.\d+\.\d+\+[0-9A-Za-z.-]+$/)
  expect(apiVersions('127.0.0.1:6443').versions).toEqual(['v1'])
})

function missing(path: string): boolean {
  if (existsSync(path)) return false
  console.log(`skipped: ${path} is missing`)
  return true
}
