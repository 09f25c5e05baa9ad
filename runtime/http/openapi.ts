// `/openapi/v3`, its documents, and `/openapi/v2` as JSON or protobuf. The model of it is large and rarely asked for: loaded then.
import { negotiate } from '../../model/negotiation.ts'
import { groupVersions } from '../../model/schema/resources.ts'
import { notAcceptable } from '../../model/status.ts'
import { pageNotFound, statusAnswer } from './answers.ts'
import { documentFor, hashOf, sendDocument } from './documents.ts'
import { type HttpRequest, NO_BODY, type Respond } from './exchange.ts'

const JSON_TYPE = 'application/json'

/** The name that clients use for it is no media type by the rules, for its `@`. */
const V2_PROTOBUF = {
  asked: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  answered: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
}

/** `segments` begin with `openapi`. The documents depend on nothing but the build, so its name is what their hash is made of. */
export async function serveOpenApi(
  build: string,
  request: HttpRequest,
  segments: readonly string[],
  respond: Respond,
): Promise<void> {
  const [, edition, root, first, second] = segments
  if (edition === 'v3' && !root) {
    const { openapiIndex } = await import('../../model/openapi/document.ts')
    const index = documentFor('openapi/v3', () => JSON.stringify(openapiIndex(groupVersions(), (at) => documentHash(build, at))))
    respond(index ? sendDocument(index, request, JSON_TYPE) : pageNotFound())
  } else if (edition === 'v3' && (root === 'api' || root === 'apis')) {
    const at = root === 'api' ? { group: '', version: first ?? '' } : { group: first ?? '', version: second ?? '' }
    const hash = documentHash(build, at)
    const asked = new URLSearchParams(request.query).get('hash')
    if (asked !== null && asked !== hash) {
      respond({ status: 301, headers: { Location: `${request.path}?hash=${hash}` }, body: NO_BODY })
      return
    }
    const { openapiDocument } = await import('../../model/openapi/document.ts')
    const document = documentFor(`openapi/v3/${at.group}/${at.version}`, () => openapiDocument(at))
    respond(document ? sendDocument(document, request, JSON_TYPE) : pageNotFound())
  } else if (edition === 'v2' && segments.length === 2) {
    if (request.headers.accept?.includes(V2_PROTOBUF.asked)) {
      const { openapiV2Protobuf } = await import('../../model/openapi/document-v2-protobuf.ts')
      // Old clients ask anew for each command, and it takes a while to make.
      const document = documentFor('openapi/v2', openapiV2Protobuf)
      respond(document ? sendDocument(document, request, V2_PROTOBUF.answered) : pageNotFound())
      return
    }
    const form = negotiate(request.headers.accept, 'other', [JSON_TYPE])
    if ('refused' in form) {
      respond(statusAnswer(notAcceptable([JSON_TYPE])))
      return
    }
    const { openapiV2 } = await import('../../model/openapi/document-v2.ts')
    respond({ status: 200, headers: { 'Content-Type': JSON_TYPE }, body: Buffer.from(openapiV2()) })
  } else respond(pageNotFound())
}

const documentHash = (build: string, { group, version }: { group: string; version: string }): string =>
  hashOf(`${build} ${group}/${version}`).slice(0, 32)
