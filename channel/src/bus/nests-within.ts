/** JSON.parse takes any depth, JSON.stringify fails at some thousands: an error that would end the process. */
const DEEPEST = 500;

/** Whether what came over the bus can be written again: objects and arrays in each other to a bounded depth. */
export function nestsWithin(value: unknown, levels = DEEPEST): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => nestsWithin(each, levels - 1));
}
