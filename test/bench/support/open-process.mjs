/** What no start can be faster than: a process that does nothing but open a graph. Prints a line when it is open. */
process.env.ORT_DISABLE_TELEMETRY = '1';
const { readFile } = await import('node:fs/promises');
const { InferenceSession } = await import('onnxruntime-node');
const [graph, options] = process.argv.slice(2);
await InferenceSession.create(await readFile(graph), JSON.parse(options));
process.stdout.write('open\n', () => process.exit(0));
