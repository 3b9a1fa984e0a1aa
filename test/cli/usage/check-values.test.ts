import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';
import { flagsOf } from '../../../src/config/flags.js';
import { AnyConfig, DoctorConfig, ExportConfig, RunConfig, ServeConfig } from '../../../src/config/schema.js';
import { PreannotateError } from '../../../src/core/errors.js';

const COMMANDS = { run: RunConfig, serve: ServeConfig, export: ExportConfig, doctor: DoctorConfig };

async function failureOf(...args: string[]): Promise<unknown> {
  return await createProgram()
    .parseAsync(args, { from: 'user' })
    .then(() => undefined)
    .catch((reason: unknown) => reason);
}

/** Options whose value cannot be left out. */
const valued = Object.entries(COMMANDS).flatMap(([command, schema]) => {
  const flags = flagsOf(schema).filter(({ placeholder, optionalValue }) => placeholder !== undefined && !optionalValue);
  return [...flags.map(({ name, short }) => ({ command, name, short })), { command, name: 'config', short: undefined }];
});

describe('an option that is followed by another instead of a value', () => {
  it('is refused, for every option of every command', async () => {
    expect(valued.length).toBeGreaterThan(60);
    for (const { command, name, short } of valued) {
      for (const flag of [`--${name}`, ...(short === undefined ? [] : [`-${short}`, `-q${short}`])]) {
        for (const next of ['--quiet', '-v', '--unknown', '--config=x']) {
          expect(await failureOf(command, flag, next, 'x'), `${command} ${flag} ${next}`).toMatchObject({
            code: 'USAGE',
            message: `--${name} needs a value.`,
            hint: `It is followed by ${next}. A value that begins with a hyphen is written as --${name}=${next}.`,
          });
        }
      }
    }
  });

  it('is refused before -- and at the end of the line, too', async () => {
    expect(await failureOf('run', '--class', '--', 'photos')).toMatchObject({ message: '--class needs a value.' });
    expect(await failureOf('run', 'photos', '-o')).toMatchObject({
      message: '--out needs a value.',
      hint: 'Write --out <dir>.',
    });
  });
});

describe('values that begin with a hyphen', () => {
  it.each([['--class=-x'], ['--exclude=-old*'], ['-o-drafts'], ['--class=--out']])('%s is taken', async (flag) => {
    // What follows is wrong, and is reported instead.
    expect(await failureOf('run', flag, '--zebra')).toMatchObject({ message: "Unknown option '--zebra'." });
  });

  it('negative numbers are values, which are out of range', async () => {
    for (const value of ['-0.1', '-.5', '-3']) {
      const error = await failureOf('run', '--class', 'cup', '--score-threshold', value);
      expect(error).toMatchObject({
        code: 'CONFIG_INVALID',
        message: `--score-threshold must be at least 0, not ${Number(value)}.`,
      });
    }
  });
});

describe('what commander would misread', () => {
  it('a long option behind one hyphen is not read as short ones', async () => {
    for (const { name } of flagsOf(AnyConfig).filter(({ key }) => key in RunConfig.shape)) {
      expect(await failureOf('run', `-${name}`, 'x')).toMatchObject({
        message: `Unknown option '-${name}'.`,
        hint: expect.stringContaining(`Did you mean --${name}?`) as unknown,
      });
    }
  });

  it.each(['–', '—', '−'])('an option that begins with %s is none', async (dash) => {
    for (const args of [
      [`${dash}class`, 'cup'],
      ['photos', `${dash}score-threshold`, '0.3'],
    ]) {
      const typed = args.find((arg) => arg.startsWith(dash))!;
      const error = await failureOf('run', ...args);
      expect(error).toBeInstanceOf(PreannotateError);
      expect(error).toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining(`Did you mean --${typed.slice(1)}?`) as unknown,
      });
    }
  });

  it('a switch takes no value', async () => {
    expect(await failureOf('run', '--json=yes')).toMatchObject({ message: '--json takes no value.' });
    expect(await failureOf('run', '--nms=false')).toMatchObject({ hint: 'Did you mean --no-nms?' });
  });
});
