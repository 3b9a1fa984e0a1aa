import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'fixtures/', 'out/', 'annotations/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'max-params': ['error', 3],
      // Prettier leaves comments, strings and templates as they are. Base64 in tests stays on one line.
      'max-len': ['error', { code: 120, ignorePattern: "^\\s+\\w+: '[A-Za-z0-9+/=]+',$" }],
      // A name that begins with _ is there for what happens when it goes out of scope, or to be counted off.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      // Typed arrays in hot loops are indexed within bounds that the loop states.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-params': 'off', // rows of a table of cases
      '@typescript-eslint/no-unsafe-assignment': 'off', // vitest's matchers (expect.stringMatching) are any
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
