/** The libraries of a queue are loaded when one is used: other runs start sooner without them. */
export async function loadBullmq() {
  return await import('bullmq');
}

export async function loadRedis() {
  return await import('ioredis');
}
