// Where in an object something is wrong and in which words Kubernetes says so (apimachinery's field.Path and field.Error).
import type { FieldError } from './status.ts'

/** A place within an object, as a chain of links: the text is made only when an error names it. */
export class Path {
  readonly #parent: Path | undefined
  readonly #step: string
  readonly #bracketed: boolean

  private constructor(parent: Path | undefined, step: string, bracketed: boolean) {
    this.#parent = parent
    this.#step = step
    this.#bracketed = bracketed
  }

  /** `Path.of('spec')`, where a path begins. */
  static of(name: string): Path {
    return new Path(undefined, name, false)
  }

  /** `spec` → `spec.replicas` */
  child(name: string): Path {
    return new Path(this, name, false)
  }

  /** `containers` → `containers[0]`, `data` → `data[key]` */
  at(key: number | string): Path {
    return new Path(this, String(key), true)
  }

  toString(): string {
    const parent = this.#parent?.toString() ?? ''
    if (this.#bracketed) return `${parent}[${this.#step}]`
    return parent === '' ? this.#step : `${parent}.${this.#step}`
  }
}

/** What a validation adds to. */
export type Errors = FieldError[]

const error = (type: string, path: Path, detail: string): FieldError => ({ type, field: path.toString(), detail })
const withDetail = (text: string, detail: string | undefined): string => (detail ? `${text}: ${detail}` : text)

export const required = (path: Path, detail?: string): FieldError =>
  error('FieldValueRequired', path, withDetail('Required value', detail))

export const invalidValue = (path: Path, value: unknown, detail: string): FieldError =>
  error('FieldValueInvalid', path, withDetail(`Invalid value: ${printed(value)}`, detail))

export const notSupported = (path: Path, value: unknown, supported: readonly string[]): FieldError =>
  error(
    'FieldValueNotSupported',
    path,
    withDetail(
      `Unsupported value: ${printed(value)}`,
      supported.length === 0 ? undefined : `supported values: ${supported.map((s) => printed(s)).join(', ')}`,
    ),
  )

export const forbiddenField = (path: Path, detail: string): FieldError =>
  error('FieldValueForbidden', path, withDetail('Forbidden', detail))

export const duplicate = (path: Path, value: unknown): FieldError =>
  error('FieldValueDuplicate', path, `Duplicate value: ${printed(value)}`)

export const tooLong = (path: Path, maxBytes: number): FieldError =>
  error('FieldValueTooLong', path, `Too long: may not be more than ${maxBytes} bytes`)

export const tooMany = (path: Path, actual: number, max: number): FieldError =>
  error('FieldValueTooMany', path, `Too many: ${actual}: must have at most ${max} item${max === 1 ? '' : 's'}`)

export const notFoundField = (path: Path, value: unknown): FieldError =>
  error('FieldValueNotFound', path, `Not found: ${printed(value)}`)

/** Texts quoted as Go's %q does, numbers bare, anything larger as JSON. */
function printed(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  return JSON.stringify(value ?? null)
}

/** Go's %q: as JSON, with `\a`, `\v` and hexadecimal forms for what is not printable. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][0-9a-f])|\u007f/g, (sequence, code: string | undefined) => {
    if (code === '07') return '\\a'
    if (code === '0b') return '\\v'
    return sequence === '\u007f' ? '\\x7f' : `\\x${code}`
  })
}
