// A cluster's supervisor for network-claims.test.ts: records itself in its run directory, claims a slot, tells it and stays.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { claimSlot } from '../../runtime/network/claims.ts'
import { identityOf } from '../../runtime/process-identity.ts'

const [run = '', claims = '', preferred] = process.argv.slice(2)
writeFileSync(join(run, 'supervisor.process.json'), JSON.stringify(identityOf(process.pid)))
process.send?.(claimSlot(preferred === undefined ? undefined : Number(preferred), { directory: run }, claims).slot)
process.on('disconnect', () => process.exit(0))
