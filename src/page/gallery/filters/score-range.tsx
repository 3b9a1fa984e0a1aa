import { filter } from '../app/state.js';

/** Shows images with a box whose score is in a range. */
export function ScoreRange() {
  const { minScore, maxScore } = filter.value;
  return (
    <fieldset class="range">
      <legend>Score of a box</legend>
      <Bound
        label="from"
        value={minScore}
        onChange={(value) => (filter.value = { ...filter.value, minScore: value })}
      />
      <Bound label="to" value={maxScore} onChange={(value) => (filter.value = { ...filter.value, maxScore: value })} />
    </fieldset>
  );
}

interface BoundProps {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

function Bound({ label, value, onChange }: BoundProps) {
  return (
    <label>
      <span>{label}</span>
      <input
        type="number"
        min="0"
        max="1"
        step="0.05"
        value={value}
        onChange={({ currentTarget }) => {
          const next = currentTarget.valueAsNumber;
          if (next >= 0 && next <= 1) onChange(next);
          else currentTarget.value = String(value);
        }}
      />
    </label>
  );
}
