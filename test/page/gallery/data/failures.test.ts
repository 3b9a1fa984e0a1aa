import { expect, it } from 'vitest';
import { filterFailures, reasonOf } from '../../../../src/page/gallery/data/failures.js';

const failureOf = (name: string, message: string) => ({ name, code: 'IMAGE_UNDECODABLE', message });

it('a failure has its reason without the name that stands beside it', () => {
  expect(reasonOf(failureOf('a/b.jpg', 'a/b.jpg: the file ends early.'))).toBe('The file ends early.');
  expect(reasonOf(failureOf('a.jpg', 'The worker was killed at a.jpg: no memory.'))).toBe(
    'The worker was killed at a.jpg: no memory.',
  );
});

it('failures are filtered by the text in their names, in any case', () => {
  const failures = [failureOf('One.jpg', ''), failureOf('two.jpg', '')];
  expect(filterFailures(failures, { text: 'one' })).toEqual([failures[0]]);
  expect(filterFailures(failures, { text: '' })).toEqual(failures);
});
