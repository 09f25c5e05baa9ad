// The text form of label selectors, read into requirements. Grammar and words of errors are those of apimachinery's labels.Parse.
import { invalidValue, Path } from './field.ts'
import { isLabelValue, isQualifiedName } from './names.ts'
import { SelectorError } from './selector-error.ts'

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!'

export interface Requirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

type Token = 'identifier' | 'in' | 'notin' | '=' | '==' | '!=' | '!' | '>' | '<' | '(' | ')' | ',' | 'end'

interface Lexeme {
  readonly token: Token
  readonly text: string
}

const SYMBOLS: ReadonlySet<string> = new Set(['=', '==', '!=', '!', '>', '<', '(', ')', ','])
const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt'

function tokenize(text: string): Lexeme[] {
  const lexemes: Lexeme[] = []
  for (const [word] of text.matchAll(/==|!=|[=!><(),]|[^=!><(),\s]+/g)) {
    const keyword = word === 'in' || word === 'notin' || SYMBOLS.has(word)
    lexemes.push({ token: keyword ? (word as Token) : 'identifier', text: word })
  }
  return lexemes
}

export function parseRequirements(text: string): Requirement[] {
  const lexemes = tokenize(text)
  let position = 0
  const at = (i: number): Lexeme => lexemes[i] ?? { token: 'end', text: '' }
  /** Where a key or value is expected, `in` and `notin` are names like others. */
  const asValue = ({ token, text }: Lexeme): Lexeme => ({
    token: token === 'in' || token === 'notin' ? 'identifier' : token,
    text,
  })
  const look = (): Lexeme => asValue(at(position))
  const take = (): Lexeme => asValue(at(position++))

  function requirement(): Requirement {
    let first = take()
    const negated = first.token === '!'
    if (negated) first = take()
    if (first.token !== 'identifier') throw expected(first, 'identifier')
    const key = first.text
    checkKey(key)
    const next = look().token
    if (negated || next === 'end' || next === ',') return { key, operator: negated ? '!' : 'exists', values: [] }
    const operator = parseOperator()
    const values = operator === 'in' || operator === 'notin' ? set() : [exactValue()]
    checkValues(key, operator, values)
    return { key, operator, values }
  }

  function parseOperator(): LabelOperator {
    const { token, text } = at(position++)
    if (token === '>') return 'gt'
    if (token === '<') return 'lt'
    if (token === 'in' || token === 'notin' || token === '=' || token === '==' || token === '!=') return token
    throw expected({ token, text }, BINARY_OPERATORS)
  }

  function exactValue(): string {
    const next = look()
    if (next.token === 'end' || next.token === ',') return ''
    const value = take()
    if (value.token !== 'identifier') throw expected(value, 'identifier')
    return value.text
  }

  function set(): string[] {
    const open = take()
    if (open.token !== '(') throw new SelectorError(`unable to parse requirement: found '${open.text}' expected: '('`)
    const first = look()
    if (first.token === ')') {
      take()
      return []
    }
    if (first.token !== 'identifier' && first.token !== ',') throw expected(first, "',', ')' or identifier")
    const values = new Set<string>()
    for (;;) {
      const element = look()
      if (element.token === 'identifier') values.add(take().text)
      else if (element.token === ',' || element.token === ')') values.add('')
      else throw expected(element, "',', or identifier")
      const separator = take()
      if (separator.token === ')') return [...values]
      if (separator.token !== ',') throw expected(separator, "',' or ')'")
    }
  }

  const requirements: Requirement[] = []
  for (;;) {
    const first = look()
    if (first.token === 'end') return requirements
    if (first.token !== 'identifier' && first.token !== '!') throw misplaced(first, "!, identifier, or 'end of string'")
    requirements.push(requirement())
    const next = take()
    if (next.token === 'end') return requirements
    if (next.token !== ',') throw misplaced(next, "',' or 'end of string'")
    const after = look()
    if (after.token !== 'identifier' && after.token !== '!') throw misplaced(after, "identifier after ','")
  }
}

const misplaced = ({ text }: Lexeme, what: string): SelectorError => new SelectorError(`found '${text}', expected: ${what}`)
const expected = ({ text }: Lexeme, what: string): SelectorError =>
  new SelectorError(`unable to parse requirement: found '${text}', expected: ${what}`)

function checkKey(key: string): void {
  const wrong = isQualifiedName(key)
  if (wrong.length > 0) throw unusable(Path.of('<nil>'), key, wrong.join('; '))
}

function checkValues(key: string, operator: LabelOperator, values: readonly string[]): void {
  const path = Path.of('values')
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    throw unusable(path, [], "for 'in', 'notin' operators, values set can't be empty")
  }
  for (const [i, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && !/^[+-]?\d+$/.test(value)) {
      throw unusable(path.at(i), value, "for 'Gt', 'Lt' operators, the value must be an integer")
    }
    const wrong = isLabelValue(value)
    if (wrong.length > 0) throw unusable(path.at(i).at(key), value, wrong.join('; '))
  }
}

function unusable(path: Path, value: unknown, words: string): SelectorError {
  const { field, detail } = invalidValue(path, value, words)
  return new SelectorError(`unable to parse requirement: ${field}: ${detail}`)
}
