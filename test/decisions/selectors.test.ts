// Label and field selectors: what they match and the words for those that cannot be read.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFieldSelector } from '../../model/field-selectors.ts'
import type { KubeObject } from '../../model/object.ts'
import { parseLabelSelector, type Selector, selectorOf, selectorOfMap } from '../../model/selectors.ts'

function selector(text: string): Selector {
  const parsed = parseLabelSelector(text)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.selector
}

const labelled = {
  a: { app: 'x', n: '1' },
  b: { app: 'x', n: '2', in: 'y' },
  c: { app: 'y', n: '3' },
  d: { n: '4', empty: '' },
  none: undefined,
}
const matched = (wanted: Selector): string =>
  Object.entries(labelled)
    .filter(([, labels]) => wanted.matches(labels))
    .map(([name]) => name)
    .join(' ')

describe('label selectors as text', () => {
  it.each([
    ['', 'a b c d none'],
    ['app=x', 'a b'],
    ['app==x', 'a b'],
    [' app = x ', 'a b'],
    ['app!=x', 'c d none'],
    ['app=x,n=2', 'b'],
    ['app=,n', ''],
    ['empty=', 'd'],
    ['empty', 'd'],
    ['app', 'a b c'],
    ['!app', 'd none'],
    ['! app', 'd none'],
    ['app in (x,y)', 'a b c'],
    ['app in(x)', 'a b'],
    ['app notin (x)', 'c d none'],
    ['app notin (x),n', 'c d'],
    ['empty in (,x)', 'd'],
    ['in=y', 'b'],
    ['in in (y)', 'b'],
    ['n>2', 'c d'],
    ['n<3', 'a b'],
    ['n>1,n<4', 'b c'],
    ['app>1', ''],
    ['constructor', ''],
    ['toString', ''],
    ['!hasOwnProperty', 'a b c d none'],
  ])('%s', (text, names) => {
    expect(matched(selector(text))).toBe(names)
  })

  it.each([
    [',', `found ',', expected: !, identifier, or 'end of string'`],
    ['a,', `found '', expected: identifier after ','`],
    ['a b', `unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt`],
    ['a in x', `unable to parse requirement: found 'x' expected: '('`],
    ['a in (x', `unable to parse requirement: found '', expected: ',' or ')'`],
    ['a in ()', `unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty`],
    ['a=x)', `found ')', expected: ',' or 'end of string'`],
    ['n>x', `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
  ])('refuses %s', (text, message) => {
    expect(parseLabelSelector(text)).toEqual({ ok: false, message })
  })

  it('refuses keys and values that no label can have', () => {
    expect(parseLabelSelector('-a=x')).toMatchObject({
      ok: false,
      message: expect.stringContaining('Invalid value: "-a": name part'),
    })
    expect(parseLabelSelector('a=-x')).toMatchObject({
      ok: false,
      message: expect.stringContaining(`values[0][a]: Invalid value: "-x": a valid label must be`),
    })
  })

  it('answers anything, and what it accepts it prints so that it means the same', () => {
    const word = fc.constantFrom('a', 'b', 'in', 'notin', '(', ')', ',', '=', '==', '!=', '!', '<', '>', '1', ' ', 'x/y', '')
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 12 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'in', 'x/y'), fc.constantFrom('', '1', 'a')),
        (words, labels) => {
          const parsed = parseLabelSelector(words.join(''))
          if (!parsed.ok) return parsed.message !== ''
          return selector(parsed.selector.toString()).matches(labels) === parsed.selector.matches(labels)
        },
      ),
    )
  })
})

describe('label selectors of objects', () => {
  it.each([
    [undefined, ''],
    [null, ''],
    [{}, 'a b c d none'],
    [{ matchLabels: { app: 'x' } }, 'a b'],
    [{ matchLabels: { app: 'x' }, matchExpressions: [{ key: 'n', operator: 'NotIn', values: ['1'] }] }, 'b'],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, 'a b c'],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, 'd none'],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['y', 'z'] }] }, 'c'],
    [{ matchExpressions: [{ key: 'app', operator: 'Near' }] }, ''],
    [{ matchExpressions: [{ key: 'app', operator: 'toString' }] }, ''],
  ])('%j', (given, names) => {
    expect(matched(selectorOf(given))).toBe(names)
  })

  it('a set of labels wants each of them, an empty one nothing', () => {
    expect(matched(selectorOfMap({ app: 'x', n: '2' }))).toBe('b')
    expect(matched(selectorOfMap({}))).toBe('')
    expect(matched(selectorOfMap(undefined))).toBe('')
  })

  it('prints as the scale subresource does', () => {
    const printed = selectorOf({
      matchLabels: { z: '1', app: 'x' },
      matchExpressions: [
        { key: 'old', operator: 'DoesNotExist' },
        { key: 'tier', operator: 'In', values: ['web', 'db'] },
      ],
    }).toString()
    expect(printed).toBe('app=x,!old,tier in (db,web),z=1')
  })
})

const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns' },
  spec: { nodeName: 'n1', restartPolicy: 'Always' },
  status: { phase: 'Running', podIP: '10.0.0.1' },
}

describe('field selectors', () => {
  it.each([
    ['', true],
    ['metadata.name=p', true],
    ['metadata.name==p,metadata.namespace=ns', true],
    ['metadata.name!=p', false],
    ['spec.nodeName=n1,status.phase!=Pending', true],
    ['spec.nodeName=', false],
    ['status.nominatedNodeName=', true],
    ['spec.hostNetwork=false', true],
    ['spec.host=n1', true],
    ['status.podIP=10.0.0.1', true],
    ['metadata.name=a\\,b', false],
  ])('%s', (text, fits) => {
    const parsed = parseFieldSelector(text, 'pods')
    expect(parsed.ok && parsed.selector.matches(pod)).toBe(fits)
  })

  it('unescapes values and tells what a field must be', () => {
    const parsed = parseFieldSelector('metadata.name=a\\,b\\=c\\\\d,spec.nodeName!=n1', 'pods')
    if (!parsed.ok) throw new Error(parsed.message)
    expect(parsed.selector.requirements).toEqual([
      { field: 'metadata.name', op: '=', value: 'a,b=c\\d' },
      { field: 'spec.nodeName', op: '!=', value: 'n1' },
    ])
    expect(parsed.selector.exact('metadata.name')).toBe('a,b=c\\d')
    expect(parsed.selector.exact('spec.nodeName')).toBeUndefined()
  })

  it.each([
    ['configmaps', 'data.a=x', '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    [
      'deployments.apps',
      'spec.replicas=1',
      '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
    ['services', 'spec.nope=1', '"spec.nope" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    ['pods', 'spec.whatever=1', 'field label not supported: spec.whatever'],
    ['nodes', 'status.phase=x', 'field label not supported: status.phase'],
    ['pods', 'constructor=x', 'field label not supported: constructor'],
    ['configmaps', '__proto__=x', '"__proto__" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    ['pods', 'metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['pods', 'metadata.name=a=b', 'invalid field selector: unescaped character in value: ='],
    ['pods', 'metadata.name=a\\b', 'invalid field selector: invalid escape sequence: \\b'],
  ])('of %s refuses %s', (resource, text, message) => {
    expect(parseFieldSelector(text, resource)).toEqual({ ok: false, message })
  })
})
