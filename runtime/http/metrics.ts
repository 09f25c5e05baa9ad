// What the server counts about itself, in the text format of Prometheus, under the names that Kubernetes' API server uses
// where it counts the same.

/** Upper bounds in seconds; kube-apiserver's own, without those between. */
const DURATION_BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

interface Histogram {
  readonly counts: number[]
  sum: number
  count: number
}

/** A number that is read when somebody asks. */
export interface Gauge {
  readonly name: string
  readonly help: string
  readonly read: () => number
}

export class Metrics {
  private readonly requests = new Map<string, number>()
  private readonly durations = new Map<string, Histogram>()
  private readonly running = new Map<string, number>()
  private readonly gauges: readonly Gauge[]

  constructor(gauges: readonly Gauge[]) {
    this.gauges = gauges
  }

  requestEnded(verb: string, resource: string, code: number, seconds: number): void {
    const counted = `verb="${verb}",resource="${resource}",code="${code}"`
    this.requests.set(counted, (this.requests.get(counted) ?? 0) + 1)
    const timed = `verb="${verb}",resource="${resource}"`
    let histogram = this.durations.get(timed)
    if (histogram === undefined) {
      histogram = { counts: DURATION_BUCKETS.map(() => 0), sum: 0, count: 0 }
      this.durations.set(timed, histogram)
    }
    const bucket = DURATION_BUCKETS.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1
    histogram.sum += seconds
    histogram.count += 1
  }

  /** Watches, logs and the like, which last. Call the answer at the end. */
  longRunning(verb: string, resource: string): () => void {
    const labels = `verb="${verb}",resource="${resource}"`
    this.running.set(labels, (this.running.get(labels) ?? 0) + 1)
    return () => this.running.set(labels, (this.running.get(labels) ?? 1) - 1)
  }

  text(): string {
    const lines: string[] = []
    const family = (name: string, type: string, help: string) => lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    family('apiserver_request_total', 'counter', 'Requests answered, by verb, resource and code.')
    for (const [labels, count] of this.requests) lines.push(`apiserver_request_total{${labels}} ${count}`)
    family('apiserver_request_duration_seconds', 'histogram', 'Time to answer, by verb and resource.')
    for (const [labels, { counts, sum, count }] of this.durations) {
      let below = 0
      DURATION_BUCKETS.forEach((bound, i) => {
        below += counts[i] ?? 0
        lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="${bound}"} ${below}`)
      })
      lines.push(
        `apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${count}`,
        `apiserver_request_duration_seconds_sum{${labels}} ${sum}`,
        `apiserver_request_duration_seconds_count{${labels}} ${count}`,
      )
    }
    family('apiserver_longrunning_requests', 'gauge', 'Watches and streams that are open.')
    for (const [labels, count] of this.running) lines.push(`apiserver_longrunning_requests{${labels}} ${count}`)
    for (const { name, help, read } of [...this.gauges, ...PROCESS_GAUGES]) {
      family(name, name.endsWith('_total') ? 'counter' : 'gauge', help)
      lines.push(`${name} ${read()}`)
    }
    return `${lines.join('\n')}\n`
  }
}

const MICROSECONDS = 1e6

const PROCESS_GAUGES: readonly Gauge[] = [
  { name: 'process_resident_memory_bytes', help: 'Resident memory.', read: () => process.memoryUsage.rss() },
  { name: 'nodejs_heap_used_bytes', help: 'Heap in use.', read: () => process.memoryUsage().heapUsed },
  {
    name: 'process_cpu_seconds_total',
    help: 'User and system time.',
    read: () => (process.cpuUsage().user + process.cpuUsage().system) / MICROSECONDS,
  },
  {
    name: 'process_start_time_seconds',
    help: 'Start of the process, in seconds since the epoch.',
    read: () => Math.round(Date.now() / 1000 - process.uptime()),
  },
]
