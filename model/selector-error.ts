/** What is wrong with a selector, in Kubernetes' words: the message of a 400. */
export class SelectorError extends Error {}
