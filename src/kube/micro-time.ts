/** metav1.MicroTime takes exactly six digits; a Date gives three, and the API server rejects those. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
