// Node's HTTP client, got the one way that is cheap: an `import` of node:http reads every property of the module, and some
// of them load a second HTTP client, which takes longer than the whole rest of this folder.
import type * as http from 'node:http'

export const { request: httpRequest, STATUS_CODES } = process.getBuiltinModule('node:http') as typeof http
