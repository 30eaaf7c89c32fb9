/** metav1.Time has no fractions: RFC 3339 in whole seconds, as the API server stores it. */
export function rfc3339Seconds(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
