// The table of commands: what each takes, and which module does it, loaded only then.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { describeFailure, EXIT, Failure } from './failure.ts'
import { type Format, print, printJson, progress } from './output.ts'
import { clusterPaths } from './paths.ts'
import { version } from './version.ts'

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`a whole number from ${least} to ${most}`)
    return value
  }
const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

const nameOption = () => new Option('--name <name>', 'of the cluster').default('default')
const dataOption = () => new Option('--data-dir <dir>', 'where its data lie, instead of the usual place')
const outputOption = () => new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text')
const kubeconfigOption = () => new Option('--kubeconfig <file>', 'instead of $KUBECONFIG or ~/.kube/config')
const detectionOption = () =>
  new Option('--failure-detection <speed>', 'how soon a silent node is given up').choices(['fast', 'stock']).default('fast')

interface Common {
  readonly name: string
  readonly dataDir?: string
  readonly output: Format
  readonly kubeconfig?: string
}

const pathsOf = ({ name, dataDir }: Common) => clusterPaths(name, process.env, dataDir)

export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('kinora')
    .description('A Kubernetes to look into: one command brings up a cluster that stock clients take for the real one.')
    .helpCommand(false)
    .showHelpAfterError('next: kinora --help')
    .exitOverride()
    .action(() => program.outputHelp())

  program
    .command('up')
    .description('bring up a cluster: a Master and nodes on this machine')
    .addOption(nameOption())
    .option('--nodes <n>', 'how many', wholeNumber(1, 100), 3)
    .option('--port <port>', 'of the API; 0 takes any free one (default: 6443, or the next free one)', wholeNumber(0, 65_535))
    .addOption(dataOption())
    .addOption(new Option('--store <kind>', 'where objects are kept').choices(['sqlite', 'memory']).default('sqlite'))
    .option('--detach', 'return when all is ready, and leave the cluster running')
    .option('--apply <path>', 'manifests to apply: a file or a folder; may be repeated', collect)
    .option('--images <file>', 'more images for the process runtime; may be repeated', collect)
    .addOption(detectionOption())
    .addOption(kubeconfigOption())
    .option('--no-switch-context', 'enter the context without making it the current one')
    .addOption(outputOption())
    .action(async (options) => (await import('./up-command.ts')).upCommand(options, pathsOf(options)))

  program
    .command('down')
    .description('end a cluster: every process, containers included')
    .addOption(nameOption())
    .addOption(dataOption())
    .addOption(kubeconfigOption())
    .option('--delete-data', 'delete its objects, certificates and logs too')
    .addOption(outputOption())
    .action(async (options: Common & { deleteData?: boolean }) => {
      const paths = pathsOf(options)
      const { down } = await import('./down.ts')
      const { restoredContext } = await down(options.name, paths, process.env, options.kubeconfig)
      if (options.deleteData) (await import('./up.ts')).deleteData(paths)
      if (options.output === 'json') printJson({ event: 'down', name: options.name, restoredContext: restoredContext ?? null })
      else print(`${options.name} is down${restoredContext ? `; the context is ${restoredContext} again` : ''}`)
    })

  program
    .command('status')
    .description('what runs and what is ready; answers while the Master is down, too')
    .addOption(nameOption())
    .addOption(dataOption())
    .addOption(outputOption())
    .action(async (options: Common) => {
      const { status } = await import('./status.ts')
      const found = await status(options.name, pathsOf(options))
      if (options.output === 'json') return printJson(found)
      print(`${found.name}  ${found.state}  ${found.server}  ${found.store}  ${found.dataDir}`)
      print(`master  ${found.master.pid === null ? 'down' : `pid ${found.master.pid}`}`)
      for (const node of found.nodes)
        print(`${node.name}  ${node.ready ? 'ready' : 'not ready'}  ${node.pid === null ? 'down' : `pid ${node.pid}`}`)
    })

  program
    .command('why')
    .description('why an object is as it is: pending, restarted, replaced, evicted')
    .argument('<kind/name>')
    .option('-n, --namespace <namespace>', 'of the object', 'default')
    .addOption(nameOption())
    .addOption(dataOption())
    .addOption(outputOption())
    .action(async (object: string, options: Common & { namespace: string }) => {
      const { why } = await import('./why.ts')
      const found = await why(pathsOf(options), object, options.namespace)
      if (options.output === 'json') return printJson(found)
      print(found.object)
      if (found.reasons.length === 0) print('  nothing was decided about it')
      for (const reason of found.reasons) {
        print(`  ${reason.time}  r${reason.revision}  ${reason.actor}  ${reason.decision}: ${reason.message}`)
        print(`      because ${reason.cause}`)
        for (const [node, verdict] of Object.entries(reason.perNode ?? {})) print(`      ${node}: ${verdict}`)
      }
    })

  const node = program.command('node').description('one node of a cluster').helpCommand(false)
  node
    .command('kill')
    .description('end its agent and its containers, and keep them down')
    .argument('<name>')
    .option('--kubelet-only', 'end the agent alone and leave the containers')
    .addOption(nameOption())
    .addOption(dataOption())
    .addOption(outputOption())
    .action(async (name: string, options: Common & { kubeletOnly?: boolean }) => {
      const { killNode } = await import('./node-commands.ts')
      const { pid } = await killNode(pathsOf(options), name, options.kubeletOnly === true)
      if (options.output === 'json') printJson({ event: 'killed', node: name, pid })
      else
        print(
          options.kubeletOnly
            ? `the agent of ${name} is ended; its containers live`
            : `${name} is down until: kinora node start ${name}`,
        )
    })
  node
    .command('start')
    .description('start a node that was killed')
    .argument('<name>')
    .addOption(nameOption())
    .addOption(dataOption())
    .addOption(outputOption())
    .action(async (name: string, options: Common) => {
      const { startNode } = await import('./node-commands.ts')
      startNode(pathsOf(options), name)
      if (options.output === 'json') printJson({ event: 'started', node: name })
      else print(`${name} is starting`)
    })
  node
    .command('run')
    .description('be a node, in the foreground: what `up` starts')
    .argument('<name>')
    .requiredOption('--cluster-id <id>')
    .requiredOption('--server <url>', 'wss://HOST:PORT/kinora/v1/link')
    .requiredOption('--pki <dir>', 'with ca.crt and the certificate of this node')
    .requiredOption('--state-dir <dir>')
    .option('--images <file>', 'an image table; may be repeated', collect)
    .addOption(detectionOption())
    .action(async (name, options) => (await import('./node-agent.ts')).runNode({ name, ...options }))

  program
    .command('master')
    .description('be the Master, in the foreground: what `up` starts')
    .requiredOption('--cluster-id <id>')
    .requiredOption('--port <port>', 'of the API', wholeNumber(1, 65_535))
    .requiredOption('--data-dir <dir>')
    .requiredOption('--pki <dir>')
    .requiredOption('--slot <n>', 'which address range of this machine', wholeNumber(1, 250))
    .addOption(new Option('--store <kind>').choices(['sqlite', 'memory']).default('sqlite'))
    .addOption(detectionOption())
    .action(async (options) => (await import('./master.ts')).startMaster(options))

  program
    .command('version')
    .description('of this program, and of the Kubernetes API that it serves')
    .addOption(outputOption())
    .action(({ output }: { output: Format }) => {
      const facts = { kinora: version(), kubernetes: 'v1.36', node: process.version }
      if (output === 'json') printJson(facts)
      else print(`kinora ${facts.kinora} (Kubernetes API ${facts.kubernetes}, Node ${facts.node})`)
    })

  await parse(program, argv)
}

async function parse(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
      return
    }
    const { id, message, next } = describeFailure(error)
    if (
      argv.some(
        (word, at) =>
          word === '--output=json' || word === '-ojson' || (word === 'json' && /^(-o|--output)$/.test(argv[at - 1] ?? '')),
      )
    ) {
      printJson({ event: 'error', id, message, ...(next ? { next } : {}) })
    }
    progress(`error ${id}: ${message}${next ? `\nnext: ${next}` : ''}`)
    process.exitCode = error instanceof Failure ? error.exitCode : EXIT.failure
  }
}
