/** Microseconds of the system's monotonic clock, which all processes of a machine share. */
export function clock() {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + Math.round(nanoseconds / 1e3);
}
