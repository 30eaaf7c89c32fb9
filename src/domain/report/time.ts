/** metav1.Time has no fractions: RFC 3339 in whole seconds, as the API server stores it. */
export function rfc3339Seconds(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** metav1.MicroTime takes exactly six digits; a Date gives three, and the API server rejects those. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
