import { describe, expect, it } from 'vitest';
import { formatAnnotations, type FailedImage } from '../../../src/cli/ci/annotations.js';
import { formatJunit } from '../../../src/cli/ci/junit.js';
import { sectionMarks } from '../../../src/cli/ci/sections.js';
import { childOf, readXmlTree } from '../../../src/formats/xml/tree.js';

const failed = (image: string, message = 'It is empty.'): FailedImage => ({
  image,
  code: 'IMAGE_UNDECODABLE',
  message,
});
const PLACE = { root: '/repo/photos', workspace: '/repo' };

describe('annotations of GitHub', () => {
  it('name the file below the workspace, one command a line, whatever the name holds', () => {
    const odd = 'a,b:c%\n::set-output name=x::y\u001b[31m.jpg';
    expect(formatAnnotations([failed(odd, '50% of it\nis missing')], PLACE)).toBe(
      '::error file=photos/a%2Cb%3Ac%25%0A%3A%3Aset-output name=x%3A%3Ay\\u001b[31m.jpg,' +
        'title=preannotate%3A IMAGE_UNDECODABLE::50%25 of it\\u000ais missing\n',
    );
  });

  it('name no file where images are remote, and lead out of the workspace where images lie outside', () => {
    expect(formatAnnotations([failed('a.jpg')], { ...PLACE, root: undefined })).toBe(
      '::error title=preannotate%3A IMAGE_UNDECODABLE::It is empty.\n',
    );
    expect(formatAnnotations([failed('a.jpg')], { ...PLACE, root: '/data' })).toContain('file=../data/a.jpg,');
  });

  it('are ten at most, the last of which counts the rest', () => {
    const all = Array.from({ length: 25 }, (_, i) => failed(`${i}.jpg`));
    expect(formatAnnotations(all.slice(0, 10), PLACE).match(/^::error file=/gm)).toHaveLength(10);
    const lines = formatAnnotations(all, PLACE).trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[9]).toBe('::error title=preannotate::16 more images failed: see errors.jsonl');
  });
});

describe('JUnit XML', () => {
  it('has a failed test for each failed image, with texts that XML can hold', () => {
    const xml = formatJunit([failed('a<b>"&\u0001.jpg', 'Not an image: <svg>\n.')], 12.3456);
    const root = readXmlTree(Buffer.from(xml));
    expect(xml).toContain('<testsuites name="preannotate" tests="1" failures="1" errors="0" time="12.346">');
    const one = childOf(childOf(root, 'testsuite'), 'testcase');
    expect(one?.attributes).toEqual({ classname: 'preannotate', name: 'a<b>"&%01.jpg' });
    const message = 'Not an image: <svg>\n.';
    expect(childOf(one, 'failure')).toMatchObject({
      attributes: { type: 'IMAGE_UNDECODABLE', message },
      text: message,
    });
  });

  it('has one test that passed where no image failed', () => {
    const suite = childOf(readXmlTree(Buffer.from(formatJunit([], 1))), 'testsuite');
    expect(suite?.attributes).toMatchObject({ tests: '1', failures: '0', errors: '0' });
    expect(suite?.children).toMatchObject([{ name: 'testcase', children: [] }]);
  });
});

describe('sections of a log', () => {
  it('are those of the CI system that it runs in', () => {
    const section = { id: 'preannotate_run', title: 'preannotate run' };
    const github = sectionMarks(section, { GITHUB_ACTIONS: 'true' });
    expect([github.begin, github.end()]).toEqual(['::group::preannotate run\n', '::endgroup::\n']);
    const gitlab = sectionMarks(section, { GITLAB_CI: 'true' });
    expect(gitlab.begin).toMatch(/^\u001b\[0Ksection_start:\d+:preannotate_run\r\u001b\[0Kpreannotate run\n$/);
    expect(gitlab.end()).toMatch(/^\u001b\[0Ksection_end:\d+:preannotate_run\r\u001b\[0K\n$/);
    expect(sectionMarks(section, {}).begin).toBe('');
  });
});
