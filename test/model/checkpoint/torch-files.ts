import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { PreannotateError } from '../../../src/core/errors.js';
import { readTorchIndex } from '../../../src/model/checkpoint/torch.js';
import { temporaryFolder } from '../../support/temporary.js';
import { torchFile, type WrittenTensor } from '../../support/model/torch-writer.js';

/**
 * Pickles of one state dict, with a transposed parameter, a shared storage, integers and `_metadata`, by CPython 3.11.
 */
export const BY_PYTHON = {
  2: 'gAJjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQApUnEBKFgIAAAAYS53ZWlnaHRxAmN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfdGVuc29yX3YyCnEDKChYBwAAAHN0b3JhZ2VxBGN0b3JjaApGbG9hdFN0b3JhZ2UKcQVYAQAAADBxBlgDAAAAY3B1cQdLBnRxCFFLAEsCSwOGcQlLA0sBhnEKiWgAKVJxC3RxDFJxDVgIAAAAYi53ZWlnaHRxDmN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfcGFyYW1ldGVyCnEPaAMoKGgEaAVoBmgHSwZ0cRBRSwJLAksChnERSwFLAoZxEoloAClScRN0cRRScRWIaAApUnEWh3EXUnEYWAMAAABpZHNxGWgDKChoBGN0b3JjaApMb25nU3RvcmFnZQpxGlgBAAAAMXEbaAdLAnRxHFFLAGgSSwJLAYZxHYloAClScR50cR9ScSBYBQAAAHNjYWxlcSFoAygoaARoBWgGaAdLBnRxIlFLBSkpiWgAKVJxI3RxJFJxJXV9cSZYCQAAAF9tZXRhZGF0YXEnaAApUnEoKFgAAAAAcSl9cSpYBwAAAHZlcnNpb25xK0sBc1gBAAAAYXEsfXEtaCtLAXN1c2Iu',
  4: 'gASVkAEAAAAAAACMC2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpQojAhhLndlaWdodJSMDHRvcmNoLl91dGlsc5SMEl9yZWJ1aWxkX3RlbnNvcl92MpSTlCgojAdzdG9yYWdllIwFdG9yY2iUjAxGbG9hdFN0b3JhZ2WUk5SMATCUjANjcHWUSwZ0lFFLAEsCSwOGlEsDSwGGlIloAilSlHSUUpSMCGIud2VpZ2h0lGgFjBJfcmVidWlsZF9wYXJhbWV0ZXKUk5RoBygoaAhoC2gMaA1LBnSUUUsCSwJLAoaUSwFLAoaUiWgCKVKUdJRSlIhoAilSlIeUUpSMA2lkc5RoBygoaAhoCYwLTG9uZ1N0b3JhZ2WUk5SMATGUaA1LAnSUUUsAaBlLAksBhpSJaAIpUpR0lFKUjAVzY2FsZZRoBygoaAhoC2gMaA1LBnSUUUsFKSmJaAIpUpR0lFKUdX2UjAlfbWV0YWRhdGGUaAIpUpQojACUfZSMB3ZlcnNpb26USwFzjAFhlH2UaDNLAXN1c2Iu',
};

export const floats = (count: number) => ({ type: 'Float', bytes: new Uint8Array(count * 4) }) as const;

export async function fileOf(bytes: Uint8Array, name = 'pytorch_model.bin'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  return path;
}

export const indexOf = async (tensors: Record<string, WrittenTensor>) =>
  readTorchIndex(await fileOf(torchFile(tensors)));

/** Expects a refusal that names the file, the reason and what to do. */
export async function expectRefused(bytes: Uint8Array, reason: RegExp, hint = /Fetch|Convert|model\.safetensors/) {
  const path = await fileOf(bytes);
  const error: unknown = await readTorchIndex(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PreannotateError);
  const { code, message, hint: actualHint } = error as PreannotateError;
  expect({ code, message }).toEqual({ code: 'MODEL_INVALID', message: expect.stringMatching(reason) as string });
  expect(message).toContain(path);
  expect(message.length).toBeLessThan(path.length + 400);
  expect(actualHint).toMatch(hint);
}
