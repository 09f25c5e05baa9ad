// Node's HTTP clients, got the one way that is cheap: an `import` of node:http reads every property of the module, and some
// of them load a second HTTP client, which takes longer than the whole rest of this folder.
import type * as http from 'node:http'
import type * as https from 'node:https'

export const { request: httpRequest, STATUS_CODES } = process.getBuiltinModule('node:http') as typeof http

export const { request: httpsRequest, Agent: HttpsAgent } = process.getBuiltinModule('node:https') as typeof https
