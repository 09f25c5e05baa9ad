// What a codec throws at input that it cannot take. Nothing else may leave a codec, whatever the bytes are.

export type CodecFault =
  /** The bytes are not of the format. */
  | 'syntax'
  /** A limit on nesting or on the number of values; the message names it. */
  | 'limit'
  /** The format is right, a value in it is not what its type asks for. */
  | 'type'

export class CodecError extends Error {
  readonly fault: CodecFault
  /** Where, from the outermost: field names, and indexes as `[2]`. */
  readonly path: readonly string[]

  constructor(fault: CodecFault, message: string, path: readonly string[] = []) {
    super(message)
    this.fault = fault
    this.path = path
  }

  /** `spec.ports[0].port` */
  get where(): string {
    return this.path.join('.').replaceAll('.[', '[')
  }
}
