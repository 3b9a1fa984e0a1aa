import { Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { addFlags, readGivenFlags } from '../../src/cli/flags.js';
import { throwUsageErrors } from '../../src/cli/usage/usage-errors.js';
import { ExportConfig, RunConfig } from '../../src/config/schema.js';

/** Parses as `preannotate run` would; text that commander would print is kept. */
function parse(...args: string[]) {
  const printed: string[] = [];
  const program = new Command('preannotate').configureOutput({ writeOut: (text) => void printed.push(text) });
  const run = addFlags(program.command('run').argument('[paths...]'), RunConfig).action(() => {});
  throwUsageErrors(program).parse(['run', ...args], { from: 'user' });
  return { given: readGivenFlags(run, RunConfig), paths: run.args, printed };
}

describe('the flags given', () => {
  it('are none when none was', () => {
    expect(parse('photos').given).toEqual({});
  });

  it('go under the keys of the schema, as text', () => {
    expect(parse('--score-threshold', '0.3', '--device', 'cuda:0', '-o', 'drafts', '--config', 'a.yaml').given).toEqual(
      {
        score_threshold: '0.3',
        devices: ['cuda:0'],
        out: 'drafts',
        config: 'a.yaml',
      },
    );
  });

  it('add up where they may be repeated, and where not the last one counts', () => {
    const { given } = parse(
      '--class',
      'a',
      '--format=coco',
      '--class',
      'b=c,d',
      '--format',
      'yolo,voc',
      '--nms-iou',
      '1',
      '--nms-iou',
      '0',
    );
    expect(given).toEqual({ class: ['a', 'b=c,d'], format: ['coco', 'yolo,voc'], nms_iou: '0' });
  });

  it('a switch is on, and off by its negation', () => {
    expect(parse('--dry-run', '-q', '--no-nms', '--no-recursive').given).toEqual({
      dry_run: true,
      quiet: true,
      nms: false,
      recursive: false,
    });
    expect(parse('--nms', '--recursive').given).toEqual({ nms: true, recursive: true });
  });

  it('a value that may be left out is left out or given', () => {
    expect(parse('photos', '--preview').given).toEqual({ preview: true });
    expect(parse('--preview=20', 'photos').given).toEqual({ preview: '20' });
  });

  it('leave the paths alone', () => {
    expect(parse('a', '--restart', 'b').paths).toEqual(['a', 'b']);
    expect(parse('--', '--restart').paths).toEqual(['--restart']);
  });
});

describe('usage errors', () => {
  it.each([
    [
      'an unknown flag',
      ['--score-treshold', '0.3'],
      "Unknown option '--score-treshold'.",
      'Did you mean --score-threshold?',
    ],
    ['a flag like none', ['--zebra-crossing'], "Unknown option '--zebra-crossing'.", 'See preannotate run --help.'],
    ['a value left out', ['--out'], '--out needs a value.', 'Write --out <dir>.'],
  ])('%s is a USAGE error with a hint', (...[, args, message, hint]) => {
    expect(() => parse(...args)).toThrow(expect.objectContaining({ code: 'USAGE', message, hint }));
  });

  it('an unknown command is one, too', () => {
    const program = new Command('preannotate');
    program.command('run');
    expect(() => throwUsageErrors(program).parse(['rum'], { from: 'user' })).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: "Unknown command 'rum'.",
        hint: 'Did you mean preannotate run?',
      }),
    );
  });

  it('a missing argument is one, too', () => {
    const command = addFlags(new Command('export').argument('<out-dir>'), ExportConfig).action(() => {});
    expect(() => command.parse([], { from: 'user' })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: "Missing required argument 'out-dir'." }),
    );
  });

  it('--help is not', () => {
    expect(() => parse('--help')).toThrow(CommanderError);
  });
});

it('the help shows every flag with its placeholder', () => {
  const command = addFlags(new Command('run'), RunConfig);
  const help = command.helpInformation();
  for (const text of [
    '-o, --out <dir>',
    '--image-size <h,w|n>',
    '--device <list>',
    '--preview [n]',
    '--no-nms',
    '--max-errors <n|p%>',
    '--config <file>',
  ]) {
    expect(help).toContain(text);
  }
});
