// IntOrString: a field that is a number or, as text, a percentage of some total (or the name of a port).

export type IntOrString = number | string

const percentage = /^\d+%$/

/**
 * The number that a number or percentage stands for, of a total; undefined for text that is not a percentage.
 * `25%` of 10 is 3 rounded up, 2 rounded down.
 */
export function scaledValue(value: IntOrString, total: number, rounding: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value
  if (!percentage.test(value)) return undefined
  const exact = (Number(value.slice(0, -1)) * total) / 100
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
