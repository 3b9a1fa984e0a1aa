/** The IoU of two boxes given by their corners, written out. */
export function overlap([a, b, c, d]: readonly number[], [e, f, g, h]: readonly number[]): number {
  const shared = Math.max(0, Math.min(c!, g!) - Math.max(a!, e!)) * Math.max(0, Math.min(d!, h!) - Math.max(b!, f!));
  return shared / ((c! - a!) * (d! - b!) + (g! - e!) * (h! - f!) - shared);
}
