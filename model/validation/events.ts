// Events, in the form of the core group, in which both kinds are stored. Those that have an eventTime came in the newer form.
import { semanticallyEqual } from '../equality.ts'
import { type Errors, invalidValue, Path, required } from '../field.ts'
import { isQualifiedName } from '../names.ts'
import type { Event } from '../schema/kinds/core-v1.ts'
import { addWords, IMMUTABLE } from './checks.ts'

/** Longer words belong into `note`. */
const MAX_EVENT_WORDS = 128

/** Events about something that has no namespace live in `default`, new ones also in `kube-system`. */
export function checkEvent(errors: Errors, event: Event): void {
  const namespace = event.metadata.namespace ?? ''
  const about = event.involvedObject?.namespace ?? ''
  const isNew = Boolean(event.eventTime)
  const atHome = namespace === '' || namespace === 'default' || (isNew && namespace === 'kube-system')
  if (about === '' ? !atHome : !isNew && about !== namespace) {
    errors.push(invalidValue(Path.of('involvedObject').child('namespace'), about, 'does not match event.namespace'))
  }
  if (isNew) checkNewEvent(errors, event)
}

const FIXED_IN_EVENTS = [
  'involvedObject',
  'reason',
  'message',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const

/** Of an event in the new form only its series goes on. */
export function checkEventUpdate(errors: Errors, event: Event, old: Event): void {
  checkEvent(errors, event)
  if (!old.eventTime) return
  for (const field of FIXED_IN_EVENTS) {
    if (!semanticallyEqual(event[field], old[field])) errors.push(invalidValue(Path.of(field), event[field] ?? '', IMMUTABLE))
  }
}

function checkNewEvent(errors: Errors, event: Event): void {
  const controller = Path.of('reportingController')
  if (!event.reportingComponent) errors.push(required(controller))
  addWords(errors, isQualifiedName(event.reportingComponent ?? ''), controller, event.reportingComponent ?? '')
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const words = event[field] ?? ''
    if (words === '') errors.push(required(Path.of(field)))
    else if (words.length > MAX_EVENT_WORDS) {
      errors.push(invalidValue(Path.of(field), '', `can have at most ${MAX_EVENT_WORDS} characters`))
    }
  }
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(invalidValue(Path.of('type'), '', `has invalid value: ${event.type ?? ''}`))
  }
}
