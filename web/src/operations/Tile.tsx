interface Props {
  readonly name: string;
  readonly value: string;
  readonly detail?: string;
  readonly alarming?: boolean;
}

/** One number of the overview. */
export const Tile = ({ name, value, detail = '', alarming = false }: Props) => (
  <li class={`card tile ${alarming ? 'alarming' : ''}`}>
    <p class="soft small">{name}</p>
    <p class="figure">
      {value} {detail !== '' && <span class="soft small">{detail}</span>}
    </p>
  </li>
);
