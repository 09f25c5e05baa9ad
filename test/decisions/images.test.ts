// The image table: names as Docker reads them, files of users checked with the place of the mistake, own images that run.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get, request } from 'node:http'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { formatImageName, parseImageName } from '../../runtime/containers/image-name.ts'
import { createImageTable } from '../../runtime/containers/images.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'kinora-images-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const DIGEST = `sha256:${'0a'.repeat(32)}`

describe('names', () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.29', 'docker.io/library/nginx:1.29'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['jocatalin/kubernetes-bootcamp:v2', 'docker.io/jocatalin/kubernetes-bootcamp:v2'],
    ['localhost/web', 'localhost/web:latest'],
    ['localhost:5000/web:v1', 'localhost:5000/web:v1'],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
    [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`],
    [`nginx:1.29@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`],
    ['', undefined],
    ['Nginx', undefined],
    ['nginx:', undefined],
    ['nginx@sha256:12', undefined],
    ['a//b', undefined],
    ['../etc/passwd', undefined],
    ['nginx 1', undefined],
  ]
  for (const [written, full] of table)
    it(`${written || '(nothing)'} is ${full ?? 'no image'}`, () => {
      const name = parseImageName(written)
      expect(name && formatImageName(name)).toBe(full)
    })
})

describe('the table', () => {
  const resolve = createImageTable([join(root, 'examples/images.yaml')])

  it.each([
    ['kinora.local/hello:v1', true],
    ['kinora.local/hello', true],
    ['kinora.local/hello:v3', false],
    ['gcr.io/google-samples/kubernetes-bootcamp:v1', true],
    ['jocatalin/kubernetes-bootcamp:v2', true],
    ['gcr.io/google-samples/kubernetes-bootcamp:v10', false],
    ['busybox:1.28', true],
    ['docker.io/library/busybox', true],
    [`busybox@${DIGEST}`, true],
    ['registry.k8s.io/pause:3.10.1', true],
    ['example.local/clock', true],
    ['nginx', false],
    ['constructor', false],
  ])('%s: %s', (name, known) => expect(resolve(name) !== undefined).toBe(known))

  it('names programs that exist', () => {
    for (const name of ['kinora.local/hello', 'kinora.local/echo', 'kinora.local/guestbook', 'kinora.local/guestbook-store'])
      expect(resolve(name)?.command.filter((part) => part.startsWith('/') && !existsSync(part))).toEqual([])
  })

  it('has every image that an example names', () => {
    for (const example of ['guestbook', 'hello']) {
      for (const file of readdirSync(join(root, 'examples', example))) {
        const text = readFileSync(join(root, 'examples', example, file), 'utf8')
        for (const document of parseAllDocuments(text)) {
          const manifest = document.toJS() as { spec?: { template?: { spec: { containers: { image: string }[] } } } }
          for (const { image } of manifest.spec?.template?.spec.containers ?? []) expect(resolve(image), image).toBeDefined()
        }
      }
    }
  })

  it('resolves the directory against the file, and a later entry wins', () => {
    const file = write('own.json', '{"images":[{"name":"kinora.local/hello:v1","command":["./run"],"directory":"apps"}]}')
    expect(createImageTable([file])('kinora.local/hello:v1')).toMatchObject({
      directory: join(folder, 'apps'),
      command: ['./run'],
    })
  })

  it.each([
    ['images: [{name: a, command: []}]', 'images[0].command: must be a list of strings, the program first'],
    ['images: [{name: a, command: [x]}, {name: b}]', 'images[1].command: must be a list of strings, the program first'],
    ['images: [{name: "a b", command: [x]}]', 'images[0].name: "a b" is not the name of an image'],
    ['images: [{name: a, command: [x], comand: 1}]', 'images[0].comand: unknown field'],
    ['images: [{name: a, command: [x], env: {A: 1}}]', 'images[0].env: must be an object of strings (put numbers in quotes)'],
    ['images: [{name: a, command: [x]}, {name: a, command: [y]}]', 'images[1].name: "a" is that of images[0], too'],
    ['images: [7]', 'images[0]: must be an object with name and command'],
    ['images: {}', 'images: must be a list'],
    ['image: []', 'unknown field "image"'],
    ['[]', 'must be an object with the field images'],
    ['', 'must be an object with the field images'],
    ['images: [', 'Flow sequence'],
  ])('refuses %s', (text, problem) => {
    const file = write('bad.yaml', text)
    expect(() => createImageTable([file])).toThrow(`${file}: `)
    expect(() => createImageTable([file])).toThrow(problem)
  })

  it('names a file that is not there', () => {
    expect(() => createImageTable([join(folder, 'none.yaml')])).toThrow(/none\.yaml: cannot be read/)
  })

  function write(name: string, text: string): string {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
})

describe('own images', () => {
  const resolve = createImageTable([])
  const running: ChildProcess[] = []
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })

  async function start(image: string, env: Record<string, string> = {}) {
    const port = await freePort()
    const { command = [], args = [] } = resolve(image) ?? {}
    const [file = '', ...rest] = [...command, ...args]
    const child = spawn(file, rest, {
      env: { HOST: '127.0.0.1', HOSTNAME: 'web-1', PORT: String(port), KINORA_ROOT: folder, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    running.push(child)
    let log = ''
    child.stdout.on('data', (chunk) => {
      log += chunk
    })
    while (!log.includes('\n')) await once(child.stdout, 'data')
    return { child, port, log: () => log, exited: once(child, 'exit') }
  }

  it('hello answers with pod and version', async () => {
    const { port } = await start('kinora.local/hello:v2')
    expect(await fetchText(port, '/')).toBe('Hello from web-1, version v2\n')
  })

  it('bootcamp has the words of the tutorial', async () => {
    // Its port is fixed; an address of its own keeps it apart from whatever else has that port.
    const address = `127.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}.9`
    const { child, log } = await start('gcr.io/google-samples/kubernetes-bootcamp:v1', { HOST: address })
    expect(log()).toMatch(/^Kubernetes Bootcamp App Started At: \S+ \| Running On: {2}web-1\n/)
    expect(await fetchText(8080, '/', address)).toBe('Hello Kubernetes bootcamp! | Running on: web-1 | v=1\n')
    while (!log().includes('Total Requests')) await once(child.stdout, 'data')
    expect(log()).toMatch(/Running On: web-1 \| Total Requests: 1 \| App Uptime: [\d.]+ seconds \| Log Time: \S+\n$/)
  })

  it('the guestbook keeps what is signed, and shows it as text', async () => {
    const store = await start('kinora.local/guestbook-store')
    const front = await start('kinora.local/guestbook', {
      GUESTBOOK_STORE_SERVICE_HOST: '127.0.0.1',
      GUESTBOOK_STORE_SERVICE_PORT: String(store.port),
    })
    expect(await post(front.port, 'text=%3Cb%3Efirst')).toBe(303)
    const page = await fetchText(front.port, '/')
    expect(page).toContain('web-1')
    expect(page).toContain('&#60;b&#62;first')
    store.child.kill('SIGTERM')
    await store.exited
    expect(await fetchText(front.port, '/')).toContain('The store does not answer')
    const again = await start('kinora.local/guestbook-store')
    expect(await fetchText(again.port, '/')).toContain('<b>first')
  })

  it('after SIGTERM accepts, finishes and asks to close; then ends with 0', async () => {
    const { child, port, exited } = await start('kinora.local/hello')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect((await fetchHeaders(port, agent)).connection).toBe('keep-alive')
    // Half a request is on its way when the signal comes.
    const slow = createConnection(port, '127.0.0.1')
    slow.write('GET / HTTP/1.1\r\nHost: x\r\n')
    await once(slow, 'connect')
    child.kill('SIGTERM')
    let headers = await fetchHeaders(port, agent)
    // The signal may arrive after a request; the connection is told with its next one.
    while (headers.connection !== 'close') headers = await fetchHeaders(port, agent)
    expect(await fetchText(port, '/')).toContain('Hello')
    slow.write('\r\n')
    expect(String((await once(slow, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK.*Connection: close/s)
    expect((await exited)[0]).toBe(0)
    agent.destroy()
  })

  it('leaves an idle connection open for its last request when it accepts no more', async () => {
    const { child, port, exited } = await start('kinora.local/hello')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await fetchHeaders(port, agent)
    child.kill('SIGTERM')
    const accepts = () =>
      fetchText(port, '/').then(
        () => true,
        () => false,
      )
    while (await accepts());
    expect((await fetchHeaders(port, agent)).connection).toBe('close')
    expect((await exited)[0]).toBe(0)
    agent.destroy()
  })

  it('pause ends with 0 when told to', async () => {
    const { command = [] } = resolve('registry.k8s.io/pause:3.10') ?? {}
    const child = spawn(command[0] ?? '', command.slice(1), { stdio: 'ignore' })
    running.push(child)
    // A signal before the shell has set its trap would end it as it ends any program.
    while (!readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()) await new Promise(setImmediate)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => found(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function fetchText(port: number, path: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((done, failed) => {
    get({ host, port, path, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => done(text))
    }).on('error', failed)
  })
}

function fetchHeaders(port: number, agent: Agent): Promise<Record<string, unknown>> {
  return new Promise((done, failed) => {
    get({ host: '127.0.0.1', port, agent }, (response) => {
      response.resume().on('end', () => done(response.headers))
    }).on('error', failed)
  })
}

function post(port: number, form: string): Promise<number | undefined> {
  return new Promise((done, failed) => {
    request({ host: '127.0.0.1', port, method: 'POST', agent: false }, (response) => done(response.resume().statusCode))
      .on('error', failed)
      .end(form)
  })
}
