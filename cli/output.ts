// What commands print: results on stdout, progress on stderr, colour only where somebody looks.

export type Format = 'text' | 'json'

const colourful = (stream: NodeJS.WriteStream): boolean => stream.isTTY && !process.env.NO_COLOR
const paint = (code: number) => (text: string) => (colourful(process.stdout) ? `\u001b[${code}m${text}\u001b[0m` : text)

export const bold = paint(1)
export const dim = paint(2)
export const green = paint(32)

// A reader that has seen enough, such as `head`, ends the pipe: nobody is left to be told.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
export const printJson = (value: unknown): void => print(JSON.stringify(value))
export const progress = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
